/** Files that bots hold: handed over to be sent, and received with messages. */
export const botMedia = {
  version: 21,
  name: 'bot-media',
  sql: `
    -- Sealed files in the folder beside this database, under these ids.
    CREATE TABLE bot_files (
      id TEXT PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      size INTEGER NOT NULL,
      -- The key of the file, and what it is called.
      sealed BLOB NOT NULL,
      created_at INTEGER NOT NULL,
      -- NULL for what came with a message: it stays as long as that.
      expires_at INTEGER
    ) STRICT;
    CREATE INDEX bot_files_by_bot ON bot_files (user_id);

    -- The file that a message waits with.
    ALTER TABLE bot_outbox ADD COLUMN file TEXT;
    CREATE INDEX bot_outbox_by_file ON bot_outbox (file) WHERE file IS NOT NULL;

    -- What came with messages, and where it can be had.
    CREATE TABLE bot_media (
      number INTEGER PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      chat TEXT NOT NULL,
      message_id TEXT NOT NULL,
      at INTEGER NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('waiting', 'kept', 'gone', 'refused')),
      problem TEXT,
      -- Bytes that are kept; before that as many as the sender says.
      size INTEGER,
      file TEXT,
      tries INTEGER NOT NULL DEFAULT 0,
      -- When it is fetched by itself; NULL when only on demand.
      next_at INTEGER,
      -- Whoever has this can read the file at WhatsApp.
      sealed BLOB NOT NULL,
      UNIQUE (user_id, chat, message_id)
    ) STRICT;
    CREATE INDEX bot_media_by_next ON bot_media (next_at) WHERE next_at IS NOT NULL;
    CREATE INDEX bot_media_by_file ON bot_media (file) WHERE file IS NOT NULL;

    -- What belongs to a message goes with it.
    CREATE TRIGGER bot_media_go_with_log AFTER DELETE ON bot_log BEGIN
      DELETE FROM bot_media WHERE user_id = OLD.user_id AND chat = OLD.chat AND message_id = OLD.message_id;
    END;
  `,
}

/** What the bots room keeps: the bots, their sealed link to WhatsApp, backups of it, and how each bot fared. */
export const bots = {
  version: 6,
  name: 'bots',
  sql: `
    CREATE TABLE bots (
      user_id TEXT PRIMARY KEY,
      phone_number TEXT NOT NULL,
      name TEXT,
      label TEXT NOT NULL,
      notes TEXT NOT NULL,
      -- An address that may carry a password.
      proxy BLOB,
      settings TEXT NOT NULL CHECK (json_valid(settings)),
      -- 1 while it is to run: such a bot runs again after a restart.
      wanted INTEGER NOT NULL,
      state TEXT NOT NULL,
      reason TEXT,
      since INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      linked_at INTEGER
    ) STRICT;

    -- Whoever holds these rows is the linked device, so each is sealed, bound to its place.
    CREATE TABLE bot_auth (
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      kind TEXT NOT NULL,
      id TEXT NOT NULL,
      sealed BLOB NOT NULL,
      PRIMARY KEY (user_id, kind, id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE bot_backups (
      id TEXT PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      created_at INTEGER NOT NULL,
      checksum TEXT NOT NULL,
      rows INTEGER NOT NULL,
      sealed BLOB NOT NULL
    ) STRICT;
    CREATE INDEX bot_backups_by_bot ON bot_backups (user_id, created_at);

    CREATE TABLE bot_history (
      id INTEGER PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      at INTEGER NOT NULL,
      state TEXT NOT NULL,
      reason TEXT
    ) STRICT;
    CREATE INDEX bot_history_by_bot ON bot_history (user_id, at);
  `,
}

/** Messages that bots have heard of, by their ids: what comes once more is the same one, and what becomes of one later finds it. */
export const botKnown = {
  version: 20,
  name: 'bot-known',
  sql: `
    CREATE TABLE bot_known (
      number INTEGER PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      message_id TEXT NOT NULL,
      chat TEXT NOT NULL,
      -- 'awaited': it was changed before it came.
      stage TEXT NOT NULL CHECK (stage IN ('awaited', 'unreadable', 'seen', 'deleted')),
      -- Who wrote it, and what is to become of it once it can be read.
      sealed BLOB NOT NULL,
      UNIQUE (user_id, message_id, chat)
    ) STRICT;
    CREATE INDEX bot_known_by_bot ON bot_known (user_id);

    -- Kept messages that were sent to vanish.
    CREATE TABLE bot_vanishing (
      number INTEGER PRIMARY KEY REFERENCES bot_log (number) ON DELETE CASCADE,
      expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX bot_vanishing_by_time ON bot_vanishing (expires_at);
  `,
}

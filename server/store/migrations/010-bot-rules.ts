/** What a bot does by itself, how busy it was, and what its chats are called. */
export const botRules = {
  version: 10,
  name: 'bot-rules',
  sql: `
    CREATE TABLE bot_rules (
      id TEXT PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      place INTEGER NOT NULL,
      definition TEXT NOT NULL CHECK (json_valid(definition)),
      created_at INTEGER NOT NULL,
      matched INTEGER NOT NULL DEFAULT 0,
      held INTEGER NOT NULL DEFAULT 0,
      failed INTEGER NOT NULL DEFAULT 0,
      last_matched_at INTEGER,
      problem TEXT,
      problem_at INTEGER
    ) STRICT;
    CREATE INDEX bot_rules_by_bot ON bot_rules (user_id, place);

    -- Messages in each five minutes since the epoch.
    CREATE TABLE bot_activity (
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      slot INTEGER NOT NULL,
      received INTEGER NOT NULL,
      sent INTEGER NOT NULL,
      failed INTEGER NOT NULL,
      PRIMARY KEY (user_id, slot)
    ) STRICT, WITHOUT ROWID;

    -- A name is what a person calls themselves: sealed.
    ALTER TABLE bot_chats ADD COLUMN name BLOB;
    -- The log's newest entry of the chat that was read or answered.
    ALTER TABLE bot_chats ADD COLUMN read_number INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX bot_log_by_chat ON bot_log (user_id, chat, number, from_me);
  `,
}

/** Statuses, which are kept for a day, and how fast bots have changed groups. */
export const botStatus = {
  version: 23,
  name: 'bot-status',
  sql: `
    CREATE TABLE bot_statuses (
      number INTEGER PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      message_id TEXT NOT NULL,
      author TEXT NOT NULL,
      at INTEGER NOT NULL,
      -- What it says; of an own one also who was to see it.
      sealed BLOB NOT NULL,
      UNIQUE (user_id, message_id)
    ) STRICT;
    CREATE INDEX bot_statuses_by_time ON bot_statuses (at);

    CREATE TABLE bot_group_steps (
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      at INTEGER NOT NULL,
      step TEXT NOT NULL,
      amount INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX bot_group_steps_by_bot ON bot_group_steps (user_id, at);
  `,
}

/** What bots have read and not told yet, and webhooks that keep the order of what they are told. */
export const botInbox = {
  version: 15,
  name: 'bot-inbox',
  sql: `
    CREATE TABLE bot_inbox (
      number INTEGER PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      -- Of the ciphertext and its sender.
      digest TEXT NOT NULL,
      -- 'came' until log, webhooks and listeners have it, 'told' until the rules are through.
      stage TEXT NOT NULL CHECK (stage IN ('came', 'told', 'done')),
      sealed BLOB,
      UNIQUE (user_id, digest)
    ) STRICT;
    CREATE INDEX bot_inbox_by_stage ON bot_inbox (user_id, number) WHERE stage <> 'done';

    -- 1 where each delivery waits for the one before it; elsewhere one that fails steps aside.
    ALTER TABLE webhooks ADD COLUMN ordered INTEGER NOT NULL DEFAULT 0;
  `,
}

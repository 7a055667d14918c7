/** Addresses that are told about what happens, and what they have not taken yet. */
export const webhooks = {
  version: 9,
  name: 'webhooks',
  sql: `
    CREATE TABLE webhooks (
      id TEXT PRIMARY KEY,
      room TEXT NOT NULL,
      -- The thing of the room it is about, e.g. a bot.
      subject TEXT NOT NULL,
      url TEXT NOT NULL,
      secret BLOB NOT NULL,
      types TEXT NOT NULL CHECK (json_valid(types)),
      created_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX webhooks_by_subject ON webhooks (room, subject);

    CREATE TABLE webhook_deliveries (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
      type TEXT NOT NULL,
      body BLOB NOT NULL,
      attempts INTEGER NOT NULL,
      next_at INTEGER NOT NULL,
      -- 1 once it is given up, until it is replayed or discarded.
      dead INTEGER NOT NULL,
      problem TEXT,
      created_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (webhook_id, dead, number);
  `,
}

/** Webhooks deliver in order per chat, keep what became of each event, and can be paused. */
export const webhookDeliveries = {
  version: 25,
  name: 'webhook-deliveries',
  sql: `
    -- What a person chose beside the address and the types.
    ALTER TABLE webhooks ADD COLUMN choices TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(choices));
    -- 'gone' where the receiver said that nothing is there any more.
    ALTER TABLE webhooks ADD COLUMN standing TEXT NOT NULL DEFAULT 'on' CHECK (standing IN ('on', 'paused', 'gone'));
    ALTER TABLE webhooks ADD COLUMN standing_since INTEGER;
    -- Dead letters that made room for newer ones, until a person has seen it.
    ALTER TABLE webhooks ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE webhooks ADD COLUMN dropped_at INTEGER;
    -- Of events before it some are no longer kept.
    ALTER TABLE webhooks ADD COLUMN kept_since INTEGER;

    -- What it is about, e.g. a chat: those of one key go in order.
    ALTER TABLE webhook_deliveries ADD COLUMN key TEXT;
    -- 1 where it goes out once more because somebody asked for it.
    ALTER TABLE webhook_deliveries ADD COLUMN replay INTEGER NOT NULL DEFAULT 0;
    -- One that is neither delivered nor dead waits.
    ALTER TABLE webhook_deliveries ADD COLUMN delivered_at INTEGER;
    ALTER TABLE webhook_deliveries ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
    UPDATE webhook_deliveries SET bytes = length(body);

    DROP INDEX webhook_deliveries_by_time;
    CREATE INDEX webhook_deliveries_by_number ON webhook_deliveries (webhook_id, number);
    CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (webhook_id, created_at);
    CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, number, bytes) WHERE dead = 0 AND delivered_at IS NULL;
    CREATE INDEX webhook_deliveries_lanes ON webhook_deliveries (webhook_id, key, replay, number) WHERE dead = 0 AND delivered_at IS NULL;
    CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (webhook_id, created_at, bytes) WHERE dead = 1;
    CREATE INDEX webhook_deliveries_delivered ON webhook_deliveries (webhook_id, number, delivered_at, bytes)
      WHERE delivered_at IS NOT NULL;

    CREATE TABLE webhook_attempts (
      number INTEGER PRIMARY KEY,
      delivery_id TEXT NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
      at INTEGER NOT NULL,
      ms INTEGER NOT NULL,
      -- NULL where there was no answer.
      status INTEGER,
      problem TEXT,
      -- What was sent along, and the first bytes of the answer.
      sealed BLOB NOT NULL
    ) STRICT;
    CREATE INDEX webhook_attempts_by_delivery ON webhook_attempts (delivery_id, number);
  `,
}

/** Bridges of broker sessions to other MQTT brokers. */
export const brokerBridges = {
  version: 33,
  name: 'broker-bridges',
  sql: `
    CREATE TABLE broker_bridges (
      id TEXT PRIMARY KEY,
      session_id INTEGER NOT NULL REFERENCES broker_sessions (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      -- JSON, without what is secret.
      settings TEXT NOT NULL,
      -- Password and private key.
      secrets BLOB,
      has_password INTEGER NOT NULL,
      has_key INTEGER NOT NULL,
      -- Its address was written down by somebody who may open addresses.
      is_opened INTEGER NOT NULL,
      -- JSON: what the other broker is subscribed to for us, with the quality.
      held TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      UNIQUE (session_id, name)
    ) STRICT;
  `,
}

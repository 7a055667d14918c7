/** Clients of a broker session with a password or key of their own, and what each may do. */
export const brokerNamedClients = {
  version: 34,
  name: 'broker-named-clients',
  sql: `
    CREATE TABLE broker_named_clients (
      id INTEGER PRIMARY KEY,
      session_id INTEGER NOT NULL REFERENCES broker_sessions (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      -- 'password' or 'key': how the hash was made.
      credential TEXT NOT NULL,
      secret_hash TEXT NOT NULL,
      -- JSON, in their order.
      rules TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      last_seen_at INTEGER,
      UNIQUE (session_id, name)
    ) STRICT;
  `,
}

/** What the brokers room keeps in SQLite: sessions and device tokens. Messages are in its journal. */
export const brokers = {
  version: 4,
  name: 'brokers',
  sql: `
    -- AUTOINCREMENT: the journal names sessions by id, so the id of a dropped one must never come again.
    CREATE TABLE broker_sessions (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      password_hash TEXT NOT NULL,
      secret_hash BLOB NOT NULL,
      policy TEXT NOT NULL CHECK (json_valid(policy)),
      suspended INTEGER NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1)),
      created_at INTEGER NOT NULL,
      expires_at INTEGER
    ) STRICT;

    -- The token is stored as the client encrypted it.
    CREATE TABLE broker_devices (
      session_id INTEGER NOT NULL REFERENCES broker_sessions (id) ON DELETE CASCADE,
      user_id TEXT NOT NULL,
      device_id TEXT NOT NULL,
      platform TEXT NOT NULL,
      token TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      PRIMARY KEY (session_id, user_id, device_id)
    ) STRICT;
  `,
}

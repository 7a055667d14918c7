/** MCP clients of the session era that are known again after a restart. */
export const relayClients = {
  version: 32,
  name: 'relay-clients',
  sql: `
    CREATE TABLE relay_clients (
      -- SHA-256 of its Mcp-Session-Id.
      hash BLOB PRIMARY KEY,
      session_id TEXT NOT NULL REFERENCES relay_sessions (id) ON DELETE CASCADE,
      -- What it said of itself and has asked for since.
      sealed BLOB NOT NULL,
      used_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX relay_clients_by_session ON relay_clients (session_id, used_at);
  `,
}

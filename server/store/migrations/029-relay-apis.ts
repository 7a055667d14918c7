/** HTTP APIs as servers behind the relay: what each description says, read once, and which operations are tools. */
export const relayApis = {
  version: 29,
  name: 'relay-apis',
  sql: `
    CREATE TABLE relay_apis (
      upstream_id TEXT PRIMARY KEY REFERENCES relay_upstreams (id) ON DELETE CASCADE,
      plan TEXT NOT NULL CHECK (json_valid(plan)),
      -- NULL for all operations.
      chosen TEXT CHECK (json_valid(chosen)),
      -- Sealed: an address may carry a key. NULL for a description that was given as a file.
      source BLOB,
      read_at INTEGER NOT NULL
    ) STRICT;
  `,
}

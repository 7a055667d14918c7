/** What remote servers granted the relay, and what accounts may reach through it. */
export const relayAccess = {
  version: 11,
  name: 'relay-access',
  sql: `
    -- OAuth registrations and tokens, sealed.
    CREATE TABLE relay_grants (
      upstream_id TEXT PRIMARY KEY REFERENCES relay_upstreams (id) ON DELETE CASCADE,
      sealed BLOB NOT NULL,
      changed_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- Limits that hold for all sessions of an account; an account without a row has none.
    CREATE TABLE relay_account_rules (
      account_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
      rules TEXT NOT NULL CHECK (json_valid(rules))
    ) STRICT, WITHOUT ROWID;
  `,
}

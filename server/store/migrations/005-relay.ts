/** What the relay keeps: session addresses, the MCP servers behind them, their tools, and what calls cost. */
export const relay = {
  version: 5,
  name: 'relay',
  sql: `
    -- The id in a session's address is a secret: found by its hash. The sealed copy is there because the published list names it.
    CREATE TABLE relay_sessions (
      id TEXT PRIMARY KEY,
      account_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      hash BLOB NOT NULL UNIQUE,
      sealed BLOB NOT NULL,
      prefix TEXT NOT NULL,
      name TEXT,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      last_used_at INTEGER,
      address TEXT NOT NULL,
      user_agent TEXT,
      origin TEXT,
      policy TEXT NOT NULL CHECK (json_valid(policy)),
      spent INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX relay_sessions_by_account ON relay_sessions (account_id, created_at);
    CREATE INDEX relay_sessions_by_expiry ON relay_sessions (expires_at);

    -- Variables and headers carry keys of other services, so they are sealed.
    CREATE TABLE relay_upstreams (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL COLLATE NOCASE UNIQUE,
      transport TEXT NOT NULL,
      command TEXT,
      args TEXT NOT NULL CHECK (json_valid(args)),
      cwd TEXT,
      url TEXT,
      secrets BLOB NOT NULL,
      enabled INTEGER NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT;

    -- A tool as its server describes it now, and the hash of the description a person agreed to.
    CREATE TABLE relay_tools (
      upstream_id TEXT NOT NULL,
      name TEXT NOT NULL,
      definition TEXT NOT NULL CHECK (json_valid(definition)),
      hash TEXT NOT NULL,
      approved_hash TEXT NOT NULL,
      enabled INTEGER NOT NULL,
      price INTEGER NOT NULL CHECK (price >= 0),
      changed_at INTEGER NOT NULL,
      PRIMARY KEY (upstream_id, name)
    ) STRICT, WITHOUT ROWID;

    -- One row for each charge, never changed.
    CREATE TABLE relay_charges (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      account_id TEXT NOT NULL,
      session_id TEXT NOT NULL,
      upstream TEXT NOT NULL,
      tool TEXT NOT NULL,
      credits INTEGER NOT NULL CHECK (credits > 0)
    ) STRICT;
    CREATE INDEX relay_charges_by_account ON relay_charges (account_id, at);

    -- Calls without a price count too. No reference to the account: what was used stays known after it is gone.
    CREATE TABLE relay_usage (
      account_id TEXT NOT NULL,
      month TEXT NOT NULL,
      upstream TEXT NOT NULL,
      tool TEXT NOT NULL,
      calls INTEGER NOT NULL,
      failed INTEGER NOT NULL,
      credits INTEGER NOT NULL,
      PRIMARY KEY (account_id, month, upstream, tool)
    ) STRICT, WITHOUT ROWID;
  `,
}

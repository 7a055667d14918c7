/** What agents found by tool search, and which calls a person allowed or refused. */
export const relaySearch = {
  version: 31,
  name: 'relay-search',
  sql: `
    CREATE TABLE relay_search_uses (
      session_id TEXT PRIMARY KEY REFERENCES relay_sessions (id) ON DELETE CASCADE,
      searches INTEGER NOT NULL,
      -- Of those, followed by a call of something they had found.
      found INTEGER NOT NULL
    ) STRICT;

    -- What waited for a person and was answered, by one or by time. No reference to the session: an answer outlives it.
    CREATE TABLE relay_approvals (
      id TEXT PRIMARY KEY,
      at INTEGER NOT NULL,
      session_id TEXT NOT NULL,
      account_id TEXT NOT NULL,
      server TEXT NOT NULL,
      tool TEXT NOT NULL,
      tool_name TEXT NOT NULL,
      outcome TEXT NOT NULL CHECK (outcome IN ('once', 'always', 'refuse', 'late')),
      actor TEXT NOT NULL
    ) STRICT;
    CREATE INDEX relay_approvals_by_time ON relay_approvals (at);
  `,
}

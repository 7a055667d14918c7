/** Rules on the messages of broker sessions. */
export const brokerRules = {
  version: 35,
  name: 'broker-rules',
  sql: `
    CREATE TABLE broker_rules (
      id TEXT PRIMARY KEY,
      session_id INTEGER NOT NULL REFERENCES broker_sessions (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      -- JSON; a webhook stands in its own table, and here by its id.
      definition TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      made_by TEXT,
      matched INTEGER NOT NULL DEFAULT 0,
      done INTEGER NOT NULL DEFAULT 0,
      failed INTEGER NOT NULL DEFAULT 0,
      held INTEGER NOT NULL DEFAULT 0,
      looped INTEGER NOT NULL DEFAULT 0,
      last_fired_at INTEGER,
      problem TEXT,
      problem_at INTEGER,
      UNIQUE (session_id, name)
    ) STRICT;
  `,
}

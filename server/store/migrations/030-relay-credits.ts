/** Calls under way, so that none is lost with the process, and how the credits of an account came to be what they are. */
export const relayCredits = {
  version: 30,
  name: 'relay-credits',
  sql: `
    -- A call that its server is asked for, until its answer has been charged or was for nothing. One that a death of the process has cut
    -- off stays in doubt until somebody, or time, settles it. No reference to account or session: it outlives both.
    CREATE TABLE relay_calls_begun (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      account_id TEXT NOT NULL,
      session_id TEXT NOT NULL,
      upstream TEXT NOT NULL,
      tool TEXT NOT NULL,
      credits INTEGER NOT NULL CHECK (credits > 0),
      in_doubt_since INTEGER,
      outcome TEXT CHECK (outcome IN ('taken', 'given-back')),
      -- What was taken, which is less than the price where there was less.
      taken INTEGER,
      settled_at INTEGER,
      settled_by TEXT,
      reason TEXT
    ) STRICT;

    -- One row for each change that is no charge of a call, never changed: with the charges since it explains the balance to the credit.
    CREATE TABLE credit_changes (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      account_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
      kind TEXT NOT NULL CHECK (kind IN ('opening', 'add', 'take', 'set')),
      credits INTEGER NOT NULL,
      balance INTEGER NOT NULL CHECK (balance >= 0),
      reason TEXT,
      actor TEXT NOT NULL,
      idempotency_key TEXT,
      UNIQUE (account_id, idempotency_key)
    ) STRICT;
    CREATE INDEX credit_changes_by_account ON credit_changes (account_id, id);
    INSERT INTO credit_changes (at, account_id, kind, credits, balance, actor)
      SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER), id, 'opening', credits, credits, 'wheelhouse' FROM users ORDER BY created_at, id;
  `,
}

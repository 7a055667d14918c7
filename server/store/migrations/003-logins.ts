/** What the logins room keeps: sessions, the keys that sign their tokens, and the users of the legacy login. */
export const logins = {
  version: 3,
  name: 'logins',
  sql: `
    CREATE TABLE login_sessions (
      id TEXT PRIMARY KEY,
      user_id TEXT NOT NULL,
      username TEXT NOT NULL,
      role_name TEXT NOT NULL,
      permissions TEXT NOT NULL CHECK (json_valid(permissions)),
      remember_me INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      absolute_ends_at INTEGER NOT NULL,
      last_activity INTEGER NOT NULL,
      address TEXT NOT NULL,
      device TEXT NOT NULL,
      reported_address TEXT,
      reported_device TEXT,
      token_id TEXT NOT NULL,
      token_issued_at INTEGER NOT NULL,
      previous_token_id TEXT,
      previous_until INTEGER,
      renewals INTEGER NOT NULL,
      ended_at INTEGER,
      end_reason TEXT
    ) STRICT, WITHOUT ROWID;
    -- last_activity has no index on purpose: it changes with every validation, and an index would make each of those writes twice.
    CREATE INDEX login_sessions_by_user ON login_sessions (user_id, expires_at) WHERE ended_at IS NULL;
    CREATE INDEX login_sessions_by_creation ON login_sessions (created_at);
    CREATE INDEX login_sessions_by_expiry ON login_sessions (expires_at) WHERE ended_at IS NULL;
    CREATE INDEX login_sessions_by_end ON login_sessions (ended_at) WHERE ended_at IS NOT NULL;

    -- One key signs (the youngest); those before it verify until verify_until. Secrets are sealed.
    CREATE TABLE login_keys (
      id TEXT PRIMARY KEY,
      algorithm TEXT NOT NULL,
      secret BLOB NOT NULL,
      created_at INTEGER NOT NULL,
      verify_until INTEGER
    ) STRICT;

    CREATE TABLE login_users (
      id TEXT PRIMARY KEY,
      username TEXT NOT NULL COLLATE NOCASE UNIQUE,
      full_name TEXT NOT NULL,
      role_name TEXT NOT NULL,
      permissions TEXT NOT NULL CHECK (json_valid(permissions)),
      password_hash TEXT NOT NULL,
      active INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      last_login_at INTEGER
    ) STRICT;
  `,
}

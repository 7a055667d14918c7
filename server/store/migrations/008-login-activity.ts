/**
 * Times of last use get a narrow table of their own: they change with every validation, and each change would rewrite a page with eight whole
 * sessions. In the sessions' own column stays the time as of their last real change.
 */
export const loginActivity = {
  version: 8,
  name: 'login activity',
  sql: `
    CREATE TABLE login_activity (
      session_id TEXT PRIMARY KEY,
      at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE VIEW login_sessions_seen AS
      SELECT id, user_id, username, role_name, permissions, remember_me, created_at, expires_at, absolute_ends_at, max(last_activity, coalesce(at, 0)) AS last_activity,
        address, device, reported_address, reported_device, token_id, token_issued_at, previous_token_id, previous_until, renewals, ended_at, end_reason
      FROM login_sessions LEFT JOIN login_activity ON session_id = id;
  `,
}

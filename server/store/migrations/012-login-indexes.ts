/**
 * Counting live logins read a hundred thousand rows of the table: an index of those nobody ended does not answer `ended_at IS NULL` by itself
 * unless it holds that column, empty as it is.
 */
export const loginIndexes = {
  version: 12,
  name: 'login indexes',
  sql: `
    DROP INDEX login_sessions_by_user;
    DROP INDEX login_sessions_by_expiry;
    CREATE INDEX login_sessions_by_user ON login_sessions (user_id, ended_at, expires_at) WHERE ended_at IS NULL;
    CREATE INDEX login_sessions_by_expiry ON login_sessions (ended_at, expires_at) WHERE ended_at IS NULL;
  `,
}

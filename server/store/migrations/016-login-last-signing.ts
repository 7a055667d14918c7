/** Which key signed login tokens last, as this server knew it: keys that are lost elsewhere are noticed, and followed by one of the same algorithm. */
export const loginLastSigning = {
  version: 16,
  name: 'login-last-signing',
  sql: `
    CREATE TABLE login_last_signing (
      -- Where the keys are kept: in the house's own database, or in Redis.
      place TEXT PRIMARY KEY,
      key_id TEXT NOT NULL,
      algorithm TEXT NOT NULL
    ) STRICT;
  `,
}

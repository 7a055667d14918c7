/** Logins that outlive their browser: what is kept of them, and by what the credentials are known again. */
export const keptLogins = {
  version: 17,
  name: 'kept-logins',
  sql: `
    CREATE TABLE kept_logins (
      session_id TEXT PRIMARY KEY,
      -- A keyed hash of profile, user name, password and address; NULL where two calls never mean the same session.
      credential_key TEXT UNIQUE,
      -- Sealed: whose it is and how it stands.
      facts BLOB NOT NULL,
      -- Sealed: cookies, storage, open tabs. NULL where none could be read yet.
      state BLOB
    ) STRICT;

    -- Sealed: the secret of the keyed hash.
    CREATE TABLE kept_login_secret (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      sealed BLOB NOT NULL
    ) STRICT;

    -- How often in a row a site refused a kept login whose cookies had not run out.
    CREATE TABLE kept_login_sites (
      profile TEXT PRIMARY KEY,
      refused INTEGER NOT NULL
    ) STRICT;
  `,
}

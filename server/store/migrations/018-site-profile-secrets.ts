/** Secrets of site profiles: what their steps fill in and no read returns. */
export const siteProfileSecrets = {
  version: 18,
  name: 'site-profile-secrets',
  sql: `
    CREATE TABLE site_profile_secrets (
      profile TEXT NOT NULL,
      -- Of the field, or 'totp' for the secret behind one-time codes.
      name TEXT NOT NULL,
      sealed BLOB NOT NULL,
      PRIMARY KEY (profile, name)
    ) STRICT;
  `,
}

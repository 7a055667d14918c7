/** By what the sealing key is known again. A row without a text says that an earlier version sealed something under whatever key there is. */
export const sealingCheck = {
  version: 13,
  name: 'sealing check',
  sql: `
    CREATE TABLE sealing_check (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      sealed BLOB
    ) STRICT;
    INSERT INTO sealing_check (only, sealed)
    SELECT 1, NULL WHERE EXISTS (SELECT 1 FROM login_keys)
      OR EXISTS (SELECT 1 FROM relay_sessions)
      OR EXISTS (SELECT 1 FROM relay_upstreams)
      OR EXISTS (SELECT 1 FROM relay_grants)
      OR EXISTS (SELECT 1 FROM webhooks)
      OR EXISTS (SELECT 1 FROM bot_auth)
      OR EXISTS (SELECT 1 FROM bot_backups);
  `,
}

/** How each server behind the relay is treated, beside what it is run with, and the protocol era it was last found to speak. */
export const relayServerOptions = {
  version: 27,
  name: 'relay-server-options',
  sql: `
    -- What a person chose; the rest has its defaults. Keeps no secret.
    ALTER TABLE relay_upstreams ADD COLUMN options TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(options));
    -- NULL until it has answered once, and again when its settings change.
    ALTER TABLE relay_upstreams ADD COLUMN era TEXT CHECK (era IN ('modern', 'legacy'));
  `,
}

/**
 * Keys hold rights instead of scopes. A key made before keeps its scopes, which open the least they had: `rights` is null for it. `only_for` names the
 * things of a room that a key is limited to, `allowed_from` the address or network that may use it.
 *
 * What sessions are made of says by whom (`owner`, `local` or `key:ID`; null where nobody noted it, which belongs to the house). A relay session may reach
 * no more of Wheelhouse than whoever decided what it reaches (`policy_by`): for sessions made before, the audit trail knows where it was the owner.
 */
export const rights = {
  version: 14,
  name: 'rights',
  sql: `
    ALTER TABLE keys ADD COLUMN rights TEXT;
    ALTER TABLE keys ADD COLUMN only_for TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE keys ADD COLUMN allowed_from TEXT;

    ALTER TABLE broker_sessions ADD COLUMN made_by TEXT;
    ALTER TABLE bots ADD COLUMN made_by TEXT;
    ALTER TABLE relay_sessions ADD COLUMN made_by TEXT;
    ALTER TABLE relay_sessions ADD COLUMN policy_by TEXT;
    UPDATE relay_sessions SET made_by = 'owner', policy_by = 'owner'
      WHERE id IN (SELECT json_extract(data, '$.id') FROM events WHERE room = 'relay' AND type = 'session-created' AND actor = 'owner')
        AND NOT EXISTS (SELECT 1 FROM events WHERE room = 'relay' AND type = 'session-changed' AND actor <> 'owner' AND json_extract(data, '$.id') = relay_sessions.id);
  `,
}

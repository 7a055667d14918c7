/**
 * Names that sessions of the relay keep, and what a person decided of what its servers offer: definitions agreed to, switches of prompts and
 * resources, notes and pinned arguments of tools, groups of tools, profiles of sessions.
 */
export const relayNames = {
  version: 28,
  name: 'relay-names',
  sql: `
    -- NULL for a session of an older version until the first start: its policy names tools as it showed them, and is put by server and tool then.
    CREATE TABLE relay_session_names (
      session_id TEXT PRIMARY KEY REFERENCES relay_sessions (id) ON DELETE CASCADE,
      names TEXT CHECK (json_valid(names))
    ) STRICT, WITHOUT ROWID;
    INSERT INTO relay_session_names (session_id, names) SELECT id, NULL FROM relay_sessions;

    -- The definition a person agreed to, while another one waits for a look; NULL where an older version has not kept it.
    ALTER TABLE relay_tools ADD COLUMN agreed TEXT CHECK (json_valid(agreed));
    -- Calls that came while it was held back.
    ALTER TABLE relay_tools ADD COLUMN held_calls INTEGER NOT NULL DEFAULT 0;
    -- A note, another description, pinned arguments.
    ALTER TABLE relay_tools ADD COLUMN handling TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(handling));

    -- Prompts, resources and templates that a person has switched, as they were then; all others are on.
    CREATE TABLE relay_items (
      upstream_id TEXT NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('prompt', 'resource', 'template')),
      name TEXT NOT NULL,
      enabled INTEGER NOT NULL,
      agreed TEXT CHECK (json_valid(agreed)),
      PRIMARY KEY (upstream_id, kind, name)
    ) STRICT, WITHOUT ROWID;

    -- Tools of several servers under one name that sessions may take.
    CREATE TABLE relay_tool_groups (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL COLLATE NOCASE UNIQUE,
      tools TEXT NOT NULL CHECK (json_valid(tools)),
      created_at INTEGER NOT NULL
    ) STRICT;

    -- What a session may reach, kept to make more of its kind.
    CREATE TABLE relay_profiles (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL COLLATE NOCASE UNIQUE,
      policy TEXT NOT NULL CHECK (json_valid(policy)),
      created_at INTEGER NOT NULL,
      changed_at INTEGER NOT NULL
    ) STRICT;
  `,
}

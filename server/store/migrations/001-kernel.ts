/** The tables every room stands on: audit trail, keys, accounts, signed-in browsers. Times are ms since the epoch. */
export const kernel = {
  version: 1,
  name: 'kernel',
  sql: `
    CREATE TABLE events (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      room TEXT NOT NULL,
      type TEXT NOT NULL,
      title TEXT NOT NULL,
      subject TEXT,
      actor TEXT NOT NULL,
      tone TEXT NOT NULL,
      data TEXT NOT NULL
    ) STRICT;
    -- The id, by which they are read, ends every index entry anyway.
    CREATE INDEX events_by_room ON events (room);
    CREATE INDEX events_by_tone ON events (tone);

    -- Ids are handed out from blocks reserved here, because events that are not kept use ids too and no id may ever come twice.
    CREATE TABLE event_ids (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      reserved INTEGER NOT NULL
    ) STRICT;
    INSERT INTO event_ids (only, reserved) VALUES (1, 0);

    CREATE TABLE keys (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL COLLATE NOCASE UNIQUE,
      prefix TEXT NOT NULL,
      hash BLOB NOT NULL UNIQUE,
      scopes TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER,
      last_used_at INTEGER,
      last_used_from TEXT
    ) STRICT;

    CREATE TABLE users (
      id TEXT PRIMARY KEY,
      primary_email TEXT NOT NULL COLLATE NOCASE UNIQUE,
      credits INTEGER NOT NULL CHECK (credits >= 0),
      created_at INTEGER NOT NULL
    ) STRICT;

    -- A browser that signed in; key_id is null for the owner. Revoking a key ends what was signed in with it.
    CREATE TABLE sign_ins (
      hash BLOB PRIMARY KEY,
      key_id TEXT REFERENCES keys (id) ON DELETE CASCADE,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX sign_ins_by_key ON sign_ins (key_id);
  `,
}

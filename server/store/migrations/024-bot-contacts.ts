/** Whom bots know, how their chats are sorted on the phone, and calls that rang. What people call each other is sealed. */
export const botContacts = {
  version: 24,
  name: 'bot-contacts',
  sql: `
    CREATE TABLE bot_contacts (
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      -- A WhatsApp id: by number where that is known.
      person TEXT NOT NULL,
      -- The hidden id beside the number.
      lid TEXT,
      blocked INTEGER NOT NULL DEFAULT 0,
      sealed BLOB NOT NULL,
      PRIMARY KEY (user_id, person)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX bot_contacts_by_lid ON bot_contacts (user_id, lid) WHERE lid IS NOT NULL;

    CREATE TABLE bot_chat_flags (
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      chat TEXT NOT NULL,
      archived INTEGER NOT NULL DEFAULT 0,
      pinned_at INTEGER,
      -- Ms; a muted chat without an end has the largest time there is.
      muted_until INTEGER,
      marked_unread INTEGER NOT NULL DEFAULT 0,
      -- Seconds after which messages vanish; 0 for never.
      timer INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (user_id, chat)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE bot_labels (
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      label TEXT NOT NULL,
      color INTEGER NOT NULL,
      sealed BLOB NOT NULL,
      PRIMARY KEY (user_id, label)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE bot_label_uses (
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      label TEXT NOT NULL,
      chat TEXT NOT NULL,
      -- Empty where the whole chat has the label.
      message_id TEXT NOT NULL,
      PRIMARY KEY (user_id, chat, message_id, label)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE bot_stars (
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      chat TEXT NOT NULL,
      message_id TEXT NOT NULL,
      PRIMARY KEY (user_id, chat, message_id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE bot_calls (
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      call_id TEXT NOT NULL,
      chat TEXT NOT NULL,
      person TEXT NOT NULL,
      video INTEGER NOT NULL,
      state TEXT NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (user_id, call_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX bot_calls_by_time ON bot_calls (user_id, at);
  `,
}

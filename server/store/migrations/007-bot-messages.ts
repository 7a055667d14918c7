/** What bots send and, where their owner wants it, what they have received. */
export const botMessages = {
  version: 7,
  name: 'bot-messages',
  sql: `
    -- The queue of each bot, kept after sending: for acknowledgements, for devices that ask again, and for the idempotency keys.
    CREATE TABLE bot_outbox (
      number INTEGER PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      message_id TEXT NOT NULL,
      chat TEXT NOT NULL,
      kind TEXT NOT NULL,
      sealed BLOB NOT NULL,
      encoded BLOB,
      idempotency_key TEXT,
      fingerprint TEXT NOT NULL,
      status TEXT NOT NULL,
      problem TEXT,
      created_at INTEGER NOT NULL,
      sent_at INTEGER,
      updated_at INTEGER NOT NULL,
      UNIQUE (user_id, message_id)
    ) STRICT;
    CREATE UNIQUE INDEX bot_outbox_by_key ON bot_outbox (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
    CREATE INDEX bot_outbox_by_status ON bot_outbox (user_id, status, number);
    CREATE INDEX bot_outbox_by_sending ON bot_outbox (user_id, sent_at) WHERE sent_at IS NOT NULL;

    -- People and groups a bot has exchanged messages with: they are no strangers.
    CREATE TABLE bot_chats (
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      chat TEXT NOT NULL,
      PRIMARY KEY (user_id, chat)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE bot_log (
      number INTEGER PRIMARY KEY,
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      message_id TEXT NOT NULL,
      chat TEXT NOT NULL,
      from_me INTEGER NOT NULL,
      at INTEGER NOT NULL,
      sealed BLOB NOT NULL,
      UNIQUE (user_id, chat, message_id)
    ) STRICT;
    CREATE INDEX bot_log_by_time ON bot_log (at);
  `,
}

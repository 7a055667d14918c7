/** People who go by more than one WhatsApp id. */
export const botPeople = {
  version: 19,
  name: 'bot-people',
  sql: `
    CREATE TABLE bot_people (
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      -- A hidden id, or a number as somebody writes it whose account has another.
      other TEXT NOT NULL,
      -- The id by which the person is known here.
      id TEXT NOT NULL,
      -- 1 where WhatsApp speaks of the chat under the other id.
      speaks INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (user_id, other)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX bot_people_by_id ON bot_people (user_id, id);

    -- What waits moves with its chat.
    CREATE INDEX bot_outbox_by_chat ON bot_outbox (user_id, chat);

    -- Why a bot is in its state, for programs; the reason beside it is for people.
    ALTER TABLE bots ADD COLUMN cause TEXT;
  `,
}

/** Polls that bots have asked or were asked, and who chose what; and after how long a chat's messages vanish. */
export const botVotes = {
  version: 22,
  name: 'bot-votes',
  sql: `
    CREATE TABLE bot_polls (
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      message_id TEXT NOT NULL,
      chat TEXT NOT NULL,
      from_me INTEGER NOT NULL,
      at INTEGER NOT NULL,
      -- Sealed: what is asked, what can be chosen, and what opens the votes.
      sealed BLOB NOT NULL,
      PRIMARY KEY (user_id, message_id, chat)
    ) STRICT, WITHOUT ROWID;

    -- The newest vote of each person. One may come before its poll.
    CREATE TABLE bot_votes (
      user_id TEXT NOT NULL REFERENCES bots (user_id) ON DELETE CASCADE,
      poll_id TEXT NOT NULL,
      chat TEXT NOT NULL,
      voter TEXT NOT NULL,
      at INTEGER NOT NULL,
      -- Sealed: the vote as it came, sealed in itself.
      sealed BLOB NOT NULL,
      PRIMARY KEY (user_id, poll_id, chat, voter)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX bot_log_by_message ON bot_log (user_id, message_id);

    -- Seconds after which what is said in the chat vanishes; 0 where it stays.
    ALTER TABLE bot_chats ADD COLUMN timer INTEGER NOT NULL DEFAULT 0;
  `,
}

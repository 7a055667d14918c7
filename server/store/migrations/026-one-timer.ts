/** After how long a chat's messages vanish stands once, with the rest of how the chat is set. */
export const oneTimer = {
  version: 26,
  name: 'one-timer',
  sql: `
    INSERT INTO bot_chat_flags (user_id, chat, timer) SELECT user_id, chat, timer FROM bot_chats WHERE timer > 0
      ON CONFLICT DO UPDATE SET timer = excluded.timer;
    ALTER TABLE bot_chats DROP COLUMN timer;
  `,
}

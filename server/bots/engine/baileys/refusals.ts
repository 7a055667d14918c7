/** What WhatsApp says against a message, and what becomes of the message then. */
import { Fault } from '../../../fault.ts'

/** It is to be sent again, later; nothing of the bot is sent until then. */
const passing = new Map([
  [429, 'WhatsApp asks to send more slowly (429)'],
  [503, 'WhatsApp cannot take messages at the moment (503)'],
])

const final = new Map([
  [400, 'WhatsApp did not accept the message: it is malformed, or this chat does not take it (400)'],
  [401, 'WhatsApp did not accept the message: this account may not write here (401)'],
  [403, 'WhatsApp did not accept the message: this account may not write here, e.g. it is not in the group or was blocked (403)'],
  [404, 'WhatsApp did not accept the message: the chat does not exist (404)'],
  [
    463,
    'WhatsApp does not let this account begin new chats at the moment: it was restricted, and only people who wrote to it before can be answered (463)',
  ],
  [
    479,
    'WhatsApp did not accept the message: the keys of a device in this chat are out of date; have the other side write first, or send it again later (479)',
  ],
])

/** `message-held` for what passes, `message-refused` for what does not. */
export function refusalOf(code: number): Fault {
  const held = passing.get(code)
  if (held !== undefined) return new Fault('message-held', held, { code })
  return new Fault('message-refused', final.get(code) ?? `WhatsApp did not accept the message (${code})`, { code })
}

/** The connection, not the message, is what failed; how it ended says the rest. */
export function lost(): Fault {
  return new Fault('connection-lost', 'The connection ended before WhatsApp had the message')
}

/** Nobody said anything. */
export function unanswered(): Fault {
  return new Fault('message-unanswered', 'WhatsApp did not confirm that it has the message')
}

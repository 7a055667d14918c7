/** WhatsApp's numbers, and what they mean here. They are the network's: every engine translates them by this. */
import { iso } from '../../clock.ts'
import type { Fault } from '../../fault.ts'
import { BotFault } from '../fault.ts'
import type { Close } from './engine.ts'

/** Of a ban for a while, by WhatsApp's numbers. */
const banCauses = new Map([
  [101, 'it wrote to too many people who do not have its number'],
  [102, 'too many people have blocked it'],
  [103, 'it made too many groups with people who do not have its number'],
  [104, 'it sent the same message too often'],
  [106, 'it wrote to too many people by broadcast lists'],
])

/** What is said beside a code. */
export interface CloseFacts {
  /** The library's words. */
  words?: string
  /** Of a ban for a while: when it ends (ms), and WhatsApp's number for why. */
  banEnds?: number | null
  banCause?: number | null
}

/** What the code means with which a connection was closed. */
export function closeOf(code: number, { words = '', banEnds = null, banCause = null }: CloseFacts = {}): Close {
  switch (code) {
    case 515:
      return { kind: 'restart', cause: 'restarts', reason: 'WhatsApp asked to connect again (515)' }
    case 401:
      return { kind: 'logged-out', cause: 'unlinked', reason: 'Unlinked on the phone (401)' }
    case 402: {
      const cause = banCauses.get(banCause ?? 0)
      const why = cause === undefined ? '' : `: ${cause}`
      const end = banEnds === null ? 'WhatsApp does not say until when' : `until ${iso(banEnds).slice(0, 16).replace('T', ' ')} UTC`
      return { kind: 'blocked', cause: 'banned-for-a-while', reason: `WhatsApp has banned the account for a while (402)${why}; ${end}` }
    }
    case 403:
      return {
        kind: 'blocked',
        cause: 'account-refused',
        reason: 'WhatsApp refused the account (403): its phone may be locked, or the account is gone',
      }
    case 406:
      return { kind: 'blocked', cause: 'banned', reason: 'WhatsApp has banned the account (406)' }
    case 405:
    case 409:
      return {
        kind: 'refused',
        cause: 'version-refused',
        reason: `WhatsApp does not take the version of its program any more that is spoken here (${code}); the link is kept. Try the newest version, in Settings › Bots. Update Wheelhouse where that does not help`,
      }
    case 440:
      return { kind: 'replaced', cause: 'replaced', reason: 'Opened by another program (440)' }
    case 411:
      return { kind: 'refused', cause: 'no-linked-devices', reason: 'The account does not allow linked devices (411)' }
    default:
      return {
        ...(code === 408 ? ({ kind: 'timed-out', cause: 'timed-out' } as const) : ({ kind: 'lost', cause: 'lost' } as const)),
        reason: `Connection lost (${code})${words === '' ? '' : `: ${words}`}`,
      }
  }
}

/** Of a request for a pairing code. */
export function pairingRefusalOf(code: number): Fault {
  const words =
    code === 429
      ? 'WhatsApp refuses more pairing codes for this number for now (429); wait an hour or more'
      : `WhatsApp refused the request for a pairing code (${code})`
  return new BotFault('pairing-refused', words, { code })
}

/** It is to be sent again, later; nothing of the bot is sent until then. */
const passing = new Map([
  [429, 'WhatsApp asks to send more slowly (429)'],
  [503, 'WhatsApp cannot take messages at the moment (503)'],
])

/** Of a message to somebody with whom the account has no chat yet. */
export const noNewChats = 463

const final = new Map<number, string>([
  [400, 'WhatsApp did not accept the message: it is malformed, or this chat does not take it (400)'],
  [401, 'WhatsApp did not accept the message: this account may not write here (401)'],
  [403, 'WhatsApp did not accept the message: this account may not write here, e.g. it is not in the group or was blocked (403)'],
  [404, 'WhatsApp did not accept the message: the chat does not exist (404)'],
  [
    noNewChats,
    'WhatsApp does not let this account begin new chats at the moment: it was restricted, and only people who wrote to it before can be answered (463)',
  ],
  [
    479,
    'WhatsApp did not accept the message: the keys of a device in this chat are out of date; have the other side write first, or send it again later (479)',
  ],
])

/** The account may begin no new chats for a while: the message is to be sent when that is over. */
export function restricted(): Fault {
  return new BotFault(
    'account-restricted',
    'WhatsApp does not let this account begin new chats at the moment (463); it is sent when that is over',
  )
}

/** Of a message: `message-held` for what passes, `message-refused` for what does not. */
export function refusalOf(code: number): Fault {
  const held = passing.get(code)
  if (held !== undefined) return new BotFault('message-held', held, { code })
  return new BotFault('message-refused', final.get(code) ?? `WhatsApp did not accept the message (${code})`, { code })
}

/** Seconds after which a look-up may be tried again that came too soon; WhatsApp itself says nothing of it. */
const lookAgainAfter = 60

/** Of a question: about a number, a group, the account's own settings. */
export function lookupRefusalOf(code: number): Fault {
  if (code === 429)
    return new BotFault('lookup-held', 'WhatsApp does not answer more questions for now (429); ask again later', {
      code,
      retryAfter: lookAgainAfter,
    })
  return new BotFault('lookup-refused', `WhatsApp refused to answer (${code})`, { code })
}

/** Statuses of a host for files that say "not now". */
const busy = new Set([408, 429, 500, 502, 503, 504])

/** Of the file of a message, by the status of the host that was to take it. */
export function uploadRefusalOf(status: number): Fault {
  if (busy.has(status)) return new BotFault('message-held', `WhatsApp takes no uploads at the moment (${status})`, { code: status })
  return new BotFault('message-refused', `WhatsApp did not take the upload of the file (${status})`, { code: status })
}

/** The connection, not the message, is what failed; how it ended says the rest. */
export function lost(): Fault {
  return new BotFault('connection-lost', 'The connection ended before WhatsApp had the message')
}

/** Nobody said anything. */
export function unanswered(): Fault {
  return new BotFault('message-unanswered', 'WhatsApp did not confirm that it has the message')
}

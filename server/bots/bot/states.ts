/** The life of a bot as one table, and how the published API names it. */

export const botStates = [
  'stopped',
  'starting',
  'pairing',
  'online',
  'reconnecting',
  'logged_out',
  'blocked',
  'replaced',
  'failed',
] as const
export type BotState = (typeof botStates)[number]

/**
 * - `starting`: a connection is being made. `pairing`: it waits for a person to type the code or scan the QR.
 * - `reconnecting`: the connection was lost; another attempt has its time.
 * - `logged_out`: unlinked on the phone (401). `blocked`: the account was refused (403). `replaced`: another program uses the link (440).
 * - `failed`: it does not go on by itself; the reason says why.
 */
const transitions: Readonly<Record<BotState, readonly BotState[]>> = {
  stopped: ['starting'],
  starting: ['pairing', 'online', 'starting', 'reconnecting', 'logged_out', 'blocked', 'replaced', 'failed', 'stopped'],
  pairing: ['starting', 'reconnecting', 'failed', 'stopped'],
  online: ['starting', 'reconnecting', 'logged_out', 'blocked', 'replaced', 'failed', 'stopped'],
  reconnecting: ['starting', 'stopped'],
  logged_out: ['starting', 'stopped'],
  blocked: ['starting', 'stopped'],
  replaced: ['starting', 'stopped'],
  failed: ['starting', 'stopped'],
}

export function mayFollow(from: BotState, to: BotState): boolean {
  return transitions[from].includes(to)
}

/** States in which there is a connection, or one is on its way. */
export function isRunning(state: BotState): boolean {
  return state === 'starting' || state === 'pairing' || state === 'online' || state === 'reconnecting'
}

/** States in which it waits for a person. */
export function needsPerson(state: BotState): boolean {
  return state === 'logged_out' || state === 'blocked' || state === 'replaced' || state === 'failed'
}

/** The two words of the published API. */
export function publishedStatus(state: BotState): 'online' | 'offline' {
  return state === 'online' ? 'online' : 'offline'
}

/** Close code of our own: what was received could not be written. */
export const diskRefused = 507

/** What a close means: what to do next, and the words for a person. */
export interface Closing {
  then: 'restart' | 'retry' | 'logged_out' | 'blocked' | 'replaced' | 'failed'
  reason: string
}

/** What of a bot decides what a close of its connection means. */
export interface Closed {
  isLinked: boolean
  /** What the connection was waiting for when it ended. */
  pairing: 'none' | 'code' | 'passkey'
  /** Attempts before this one. */
  attempt: number
}

/** Attempts to get a pairing code before it is given up. */
const pairingAttempts = 4

/** Terminal closes are those where trying again would harm the account or cannot help; the credentials stay in every case. */
export function closingOf(
  code: number,
  words = '',
  { isLinked, pairing, attempt }: Closed = { isLinked: true, pairing: 'none', attempt: 0 },
): Closing {
  const closing = meaningOf(code, words)
  if (isLinked || closing.then === 'restart') return closing
  if (closing.then !== 'retry') return { then: 'failed', reason: closing.reason }
  if (pairing === 'passkey')
    return { then: 'failed', reason: `The connection ended before the passkey was taken; start again. ${closing.reason}` }
  if (pairing === 'code' && code === 408) return { then: 'failed', reason: 'The pairing code has expired; start again for a new one' }
  if (attempt >= pairingAttempts) return { then: 'failed', reason: `No pairing code could be had: ${closing.reason}` }
  return closing
}

function meaningOf(code: number, words: string): Closing {
  switch (code) {
    case 515:
      return { then: 'restart', reason: 'WhatsApp asked to connect again (515)' }
    case 401:
      return { then: 'logged_out', reason: 'Unlinked on the phone (401)' }
    case 403:
      return { then: 'blocked', reason: 'WhatsApp refused the account (403)' }
    case 440:
      return { then: 'replaced', reason: 'Opened by another program (440)' }
    case 411:
      return { then: 'failed', reason: 'The account does not allow linked devices (411)' }
    case diskRefused:
      return { then: 'retry', reason: `What came in cannot be written, so WhatsApp is to keep it: ${words}` }
    default:
      return { then: 'retry', reason: `Connection lost (${code})${words === '' ? '' : `: ${words}`}` }
  }
}

/** Ms before attempt `attempt` (from 1): 1 s doubling to 60 s, each somewhere in its upper half so that many bots do not come at once. */
export function reconnectDelay(attempt: number, random: () => number): number {
  const full = Math.min(60_000, 1_000 * 2 ** (attempt - 1))
  return Math.round(full / 2 + (random() * full) / 2)
}

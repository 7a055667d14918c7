/** What follows for a bot when its connection, its start or its library fails. Pure; the supervisor carries it out. */
import type { BotCause } from '../contract/native/causes.ts'
import type { Close } from '../engine/engine.ts'
import type { BotLifeEvent } from './lifecycle.ts'

/** Of a state: in words for a person, and for programs. */
export interface Why {
  reason: string
  cause: BotCause
}

export interface Next extends Why {
  event: Extract<BotLifeEvent, 'restart-asked' | 'lost' | 'logged-out' | 'blocked' | 'replaced' | 'gave-up'>
}

/** Attempts to get a pairing code before it is given up. */
const pairingAttempts = 4
/** Faults of the library in a row after which a bot is set aside, and before it is linked. */
const [mostFaults, mostFaultsUnlinked] = [5, 2]
/** Starts in a row that end by throwing. */
const mostStarts = 2

const meaning: Readonly<Record<Close['kind'], Next['event']>> = {
  restart: 'restart-asked',
  lost: 'lost',
  'timed-out': 'lost',
  'logged-out': 'logged-out',
  blocked: 'blocked',
  replaced: 'replaced',
  refused: 'gave-up',
}

/** Terminal closes are those where trying again would harm the account or cannot help; the credentials stay in every case. */
export function afterClose(
  { kind, reason, cause }: Close,
  {
    isLinked,
    pairing,
    attempt,
  }: {
    isLinked: boolean
    /** What the connection was waiting for when it ended. */
    pairing: 'none' | 'code' | 'passkey'
    /** Attempts before this one. */
    attempt: number
  },
): Next {
  const next = { event: meaning[kind], reason, cause }
  if (isLinked || next.event === 'restart-asked') return next
  if (next.event !== 'lost') return { event: 'gave-up', reason, cause }
  if (pairing === 'passkey')
    return { event: 'gave-up', cause: 'passkey', reason: `The connection ended before the passkey was taken; start again. ${reason}` }
  if (pairing === 'code' && kind === 'timed-out')
    return { event: 'gave-up', cause: 'code-expired', reason: 'The pairing code has expired; start again for a new one' }
  if (attempt >= pairingAttempts) return { event: 'gave-up', cause: 'no-code', reason: `No pairing code could be had: ${reason}` }
  return next
}

/** Something that WhatsApp sent made the library throw where nobody looks. The connection is over; its link is as good as before. */
export function afterFault(reason: string, { faults, isLinked }: { faults: number; isLinked: boolean }): Next {
  const words = `The connection failed over something it was sent: ${reason}`
  if (faults < (isLinked ? mostFaults : mostFaultsUnlinked)) return { event: 'lost', cause: 'fault', reason: words }
  return { event: 'gave-up', cause: 'fault', reason: `It was set aside after ${faults} faults in a row; start it to try again. ${words}` }
}

/** `alone`: nobody waits for the start, so one that fails is worth a second try. */
export function afterFailedStart(reason: string, { times, alone }: { times: number; alone: boolean }): Next {
  return { event: alone && times < mostStarts ? 'lost' : 'gave-up', cause: 'start-failed', reason: `It could not be started: ${reason}` }
}

/** The life of an upstream as one table. */
import { to, toOneOf, type LifecycleTable } from '../../lifecycle.ts'
import type { UpstreamState } from '../contract/upstream.ts'

export type UpstreamEvent =
  'start' | 'connected' | 'start-failed' | 'connection-lost' | 'session-lost' | 'retry-due' | 'woken' | 'start-anew' | 'stop'

/** What is true beside the state; decides what becomes of an upstream that failed. */
export interface UpstreamFacts {
  /** Its settings were sealed with a key that is not here. */
  locked: boolean
  /** It wants a person to sign in. */
  needsPerson: boolean
  /** It comes back by itself, or has not failed so often that only a person can help. */
  mayRetry: boolean
}

const failing = (why: string) =>
  toOneOf<UpstreamState, UpstreamFacts>(
    ['signed-out', 'retrying', 'failed'],
    ({ needsPerson, mayRetry }) => {
      // Trying again by itself would only be refused again.
      if (needsPerson) return 'signed-out'
      return mayRetry ? 'retrying' : 'failed'
    },
    why,
  )
const stopped = to<UpstreamState>(
  'disabled',
  'A person switches it off or starts it anew, its settings change, or the room ends. What was under way is nobody’s any more.',
)

export const upstreamLifecycle: LifecycleTable<UpstreamState, UpstreamEvent, UpstreamFacts> = {
  name: 'upstream',
  initial: 'disabled',
  states: {
    disabled: 'Switched off, or not started yet; callers hear that it is switched off.',
    starting: 'A connection is being opened, or what the server offers is being read. Callers wait for it.',
    ready: 'Connected, and what it offers has been read.',
    retrying:
      'It failed and is started again after a while: one that is away for ever, slower and slower, one that breaks a few times. A call to one that is away starts the next try at once and waits for it; of one that breaks callers hear why.',
    failed: 'It cannot be mended by another try: it broke too often in a row, or a person has to change what it is run or called with.',
    'signed-out': 'Its server wants a person to sign in.',
    locked: 'What it runs with was sealed with a key that is not here.',
  },
  transitions: {
    disabled: {
      start: toOneOf(
        ['starting', 'locked'],
        ({ locked }) => (locked ? 'locked' : 'starting'),
        'A person or the program switches it on; without its settings it would be run as something else.',
      ),
      stop: to('disabled', 'A room ends all of them, and a person’s restart stops before it starts; stopping twice is no mistake.'),
    },
    starting: {
      connected: to('ready', 'What it offers has been read, so clients that ask now are shown all of it.'),
      'start-failed': failing('Its process did not start, or nobody answers; one bad start must not switch it off for good.'),
      'connection-lost': failing('It ended, or caused an error here, while what it offers was being read; that is a failed start.'),
      'session-lost': failing('It forgot us before it had said what it offers: greeted again at once, it could do so for ever.'),
      stop: stopped,
    },
    ready: {
      'start-anew': to(
        'starting',
        'A client has come that can be asked. A server of the session era hears of that only when it is greeted; nothing runs there now.',
      ),
      'connection-lost': failing('Its process died, the connection was cut, or its token is good no more.'),
      'session-lost': to(
        'starting',
        'The far server restarted or let the session run out. The request reached no tool, so it is greeted again at once and counts as no failure.',
      ),
      stop: stopped,
    },
    retrying: {
      'retry-due': to(
        'starting',
        'The wait is over, or somebody uses the server; each wait is longer than the one before, so a server that keeps dying costs little.',
      ),
      woken: to(
        'starting',
        'The machine slept or came to another network: what was out of reach may be there now, and a wait counts for nothing.',
      ),
      stop: stopped,
    },
    failed: {
      woken: to('starting', 'A remote server alone: behind the sign-in page of a foreign network every address looks wrong.'),
      stop: stopped,
    },
    'signed-out': { stop: stopped },
    locked: { stop: stopped },
  },
}

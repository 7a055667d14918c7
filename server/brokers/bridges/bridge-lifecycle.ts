/** The life of a bridge as one table. */
import { to, toOneOf, type LifecycleTable } from '../../lifecycle.ts'
import type { BridgeState } from '../contract/bridges.ts'

export type BridgeEvent = 'start' | 'let-in' | 'failed' | 'lost' | 'retry-due' | 'stop'

export interface BridgeFacts {
  /** Password or key were sealed with a key that is not here. */
  locked: boolean
  /** Trying again soon would only be refused again: a person has to change something, here or there. */
  isFinal: boolean
}

const parted = (why: string) =>
  toOneOf<BridgeState, BridgeFacts>(['waiting', 'refused'], ({ isFinal }) => (isFinal ? 'refused' : 'waiting'), why)
const stopped = to<BridgeState>('off', 'A person switches it off, changes or removes it, or the room ends.')

export const bridgeLifecycle: LifecycleTable<BridgeState, BridgeEvent, BridgeFacts> = {
  name: 'broker bridge',
  initial: 'off',
  states: {
    off: 'Switched off, or not started yet. Its queue is kept as that of a client that is away.',
    connecting: 'A connection is being opened, and what it is to receive is being subscribed to.',
    connected: 'Messages pass.',
    waiting: 'There is no connection; it is tried again, slower and slower. What is to go out waits on disk.',
    refused: 'The other broker, or the rules of this house, said no. It is still tried again, though rarely: they may be changed there.',
    locked: 'Its password or key was sealed with a key that is not here.',
  },
  transitions: {
    off: {
      start: toOneOf(
        ['connecting', 'locked'],
        ({ locked }) => (locked ? 'locked' : 'connecting'),
        'A person or the program switches it on; without its password it would count as somebody who guesses.',
      ),
      stop: to('off', 'A room ends all of them; stopping twice is no mistake.'),
    },
    connecting: {
      'let-in': to('connected', 'The other broker let it in and knows what it wants to receive.'),
      failed: parted('Nobody answered, or the answer was no.'),
      stop: stopped,
    },
    connected: {
      lost: parted(
        'The line broke, fell silent, or one of both could not take a message; what was under way comes again on the next line.',
      ),
      stop: stopped,
    },
    waiting: {
      'retry-due': to('connecting', 'The wait is over, or a person does not want to wait.'),
      stop: stopped,
    },
    refused: {
      'retry-due': to('connecting', 'The wait is over, or a person has mended it: a bridge must not stay down for good because of one no.'),
      stop: stopped,
    },
    locked: { stop: stopped },
  },
}

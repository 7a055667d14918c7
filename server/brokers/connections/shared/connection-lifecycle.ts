/** The life of a client's connection, whatever it speaks. */
import { to, toOneOf, type LifecycleTable } from '../../../lifecycle.ts'

export type ConnectionState = 'open' | 'authenticating' | 'connected' | 'closing' | 'closed'
export type ConnectionEvent = 'login' | 'accepted' | 'refused' | 'ended' | 'line-lost'
export interface ConnectionFacts {
  /** It has a place in a session. */
  isAttached: boolean
}

const lost = to(
  'closed',
  'The peer is gone, or a line that nobody answers on was cut. What it did not acknowledge waits for the next connection.',
)
const ended = to(
  'closing',
  'The session was suspended or dropped, the owner or a taker-over ended it, it broke the protocol, was too slow, or met a fault of ours. It is told why, and nothing reaches its session any more.',
)

export const connectionLifecycle: LifecycleTable<ConnectionState, ConnectionEvent, ConnectionFacts> = {
  name: 'broker connection',
  initial: 'open',
  states: {
    open: 'The line is open; who is there has ten seconds to say so.',
    authenticating: 'Its password is checked and its place in the session made. What it sends meanwhile waits.',
    connected: 'It is in a session: publishes, receives, acknowledges.',
    closing: 'The reason was sent; the line is cut unless the peer closes it within two seconds.',
    closed: 'The line is gone.',
  },
  transitions: {
    open: {
      login: to('authenticating', 'Its first frame or packet says which session it wants: `init`, or CONNECT.'),
      ended,
      'line-lost': lost,
    },
    authenticating: {
      accepted: to('connected', 'Session and password are right, and there is room.'),
      refused: toOneOf(
        ['connected', 'open'],
        ({ isAttached }) => (isAttached ? 'connected' : 'open'),
        'A JSON client may try again on the same connection; one that was in a session stays in it.',
      ),
      ended,
      'line-lost': lost,
    },
    connected: {
      login: to('authenticating', 'A JSON client may say `init` again, under another name or for another session.'),
      ended,
      'line-lost': lost,
    },
    closing: {
      ended: to('closing', 'The first reason counts: a session that is dropped while its server stops, say, ends its clients once.'),
      'line-lost': lost,
    },
    closed: {
      ended: to('closed', 'What is found out a moment after the line was lost changes nothing.'),
    },
  },
}

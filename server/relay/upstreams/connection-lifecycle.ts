/** The life of a connection to an upstream. */
import { to, type LifecycleTable } from '../../lifecycle.ts'

export type ConnectionState = 'connecting' | 'open' | 'broken' | 'closed'
export type ConnectionEvent = 'negotiated' | 'broke' | 'close'

export const connectionLifecycle: LifecycleTable<ConnectionState, ConnectionEvent> = {
  name: 'upstream connection',
  initial: 'connecting',
  states: {
    connecting: 'The transport is being opened and the protocol agreed on.',
    open: 'Requests go over it.',
    broken: 'It ended at the other end; whoever holds it is told why, once.',
    closed: 'It was closed from here, which nobody has to be told.',
  },
  transitions: {
    connecting: {
      negotiated: to('open', 'Both ends agree on a revision of the protocol.'),
      broke: to('broken', 'Some servers end while they are greeted; whoever opened it has no hold of it yet and is told when he has.'),
      close: to('closed', 'Whoever opens it has given up, or opening it failed.'),
    },
    open: {
      broke: to('broken', 'A process died, a stream was cut, a far server went away.'),
      close: to('closed', 'It is no longer needed, or what it was opened for has failed.'),
    },
    broken: {
      negotiated: to('broken', 'The SDK may call a connection made that its transport has just lost.'),
      broke: to('broken', 'A cut stream and the end of its transport are told one after the other; the first reason is the true one.'),
      close: to('broken', 'What is left of it at this end is put away.'),
    },
    closed: {
      broke: to('closed', 'Closing ends the transport, which says so.'),
      close: to('closed', 'Two who hold it may both let go.'),
    },
  },
}

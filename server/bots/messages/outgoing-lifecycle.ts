/**
 * The life of a message that goes out, from the queue to the receiver's eyes. Its state is kept in its row; this says where an event leads.
 */
import { to, type LifecycleTable } from '../../lifecycle.ts'
import type { Progress } from '../engine/message.ts'

export type OutboxStatus = 'queued' | 'sending' | Progress | 'failed'

export type OutgoingEvent =
  /** It is its turn. */
  | 'taken'
  /** WhatsApp wants it later. */
  | 'held'
  /** Nobody said anything, or the connection ended first. */
  | 'unanswered'
  /** It cannot be sent, or WhatsApp refuses it for good. */
  | 'refused'
  | Progress

const arrivedAfterAll = 'What an earlier connection has sent has arrived after all.'
const overtaken = 'News of an earlier step comes late, and changes nothing.'
const delivered = to('delivered', 'A device of the receiver has it.')
const read = to('read', 'The receiver has seen it.')
const refused = to('failed', 'WhatsApp refuses it, or nobody has answered for it so many times; the reason says which.')

export const outgoingLifecycle: LifecycleTable<OutboxStatus, OutgoingEvent> = {
  name: 'outgoing message',
  initial: 'queued',
  states: {
    queued: 'It waits for its turn.',
    sending: 'It is on its way to WhatsApp, which has not confirmed it.',
    sent: 'WhatsApp has it.',
    delivered: 'A device of the receiver has it.',
    read: 'The receiver has seen it.',
    failed: 'It is not sent again; the problem says why.',
  },
  transitions: {
    queued: {
      taken: to('sending', 'It goes out under the id that it keeps: the receiver’s device takes two of one id for one.'),
      held: to('queued', 'WhatsApp asks for more time about one that came back already.'),
      unanswered: to('sending', 'Of what nobody answered for, nobody knows that it has not arrived.'),
      refused,
      sent: to('sent', arrivedAfterAll),
      delivered: to('delivered', arrivedAfterAll),
      read: to('read', arrivedAfterAll),
    },
    sending: {
      taken: to('sending', 'It was cut off, and goes out again under the same id.'),
      held: to('queued', 'It comes again in the place that it had.'),
      unanswered: to('sending', 'Of what nobody answered for, nobody knows that it has not arrived.'),
      refused,
      sent: to('sent', 'WhatsApp has confirmed it.'),
      delivered,
      read,
    },
    sent: {
      held: to('queued', 'WhatsApp may say so after a new connection has taken its silence for consent.'),
      unanswered: to('sending', 'Of what nobody answered for, nobody knows that it has not arrived.'),
      refused,
      sent: to('sent', overtaken),
      delivered,
      read,
    },
    delivered: { sent: to('delivered', overtaken), delivered: to('delivered', overtaken), read },
    read: { sent: to('read', overtaken), delivered: to('read', overtaken), read: to('read', overtaken) },
    failed: {
      sent: to('sent', arrivedAfterAll),
      delivered: to('delivered', arrivedAfterAll),
      read: to('read', arrivedAfterAll),
    },
  },
}

/** It has arrived, or was given up: nothing that is said against it counts any more. */
export function isOver(status: OutboxStatus): boolean {
  return status === 'delivered' || status === 'read' || status === 'failed'
}

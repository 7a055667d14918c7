/** What the house tells of any room: its API, its life, and what went wrong in it. */
import { z } from 'zod'
import type { BusEvent, EventSink } from './events/event.ts'
import { createAnnouncer, eventType } from './events/event-types.ts'

export const houseEvents = {
  'api-started': eventType('good', { port: z.number() }),
  'api-stopped': eventType('neutral'),
  'api-changed': eventType(({ openTo, insecure }) => (openTo === 'lan' && insecure ? 'bad' : 'neutral'), {
    port: z.union([z.number(), z.literal('off')]),
    openTo: z.string(),
    /** Asks for no key where it is open to the LAN. */
    insecure: z.boolean(),
  }),
  'port-in-use': eventType('attention', { port: z.number() }),
  failed: eventType('attention', { port: z.number() }),
  'room-down': eventType('bad', { reason: z.string() }),
  'room-restarted': eventType('attention', { reason: z.string() }),
  'error-contained': eventType('attention', { kind: z.string(), reason: z.string(), count: z.number() }),
  'locked-given-up': eventType('attention'),
}

export const houseEventsOf = (sink: EventSink, room: BusEvent['room']) => createAnnouncer(sink, room, houseEvents)

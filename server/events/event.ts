/** An event as the bus carries it, the audit trail keeps it and the window shows it. No Node import: the renderer reads it. */
import { z } from 'zod'
import { apiNames, isoTime } from '../http/contract.ts'

export const eventTone = z.enum(['neutral', 'good', 'busy', 'attention', 'bad'])
export type EventTone = z.output<typeof eventTone>

export const busEvent = z.object({
  /** Rises by one with every event; a reader resumes from the last one it saw. */
  id: z.number().int(),
  at: isoTime,
  room: z.enum(apiNames),
  /** `thing-happened`, e.g. `session-opened`. */
  type: z.string(),
  /** English words for a person, e.g. `Session opened`, from the catalogue in `words/`; a reader that knows the type can make its own. */
  title: z.string(),
  /** What it is about, e.g. a session's user name; never a secret. */
  subject: z.string().nullable(),
  /** Who did it: `owner`, `key:<name>`, `local`, `system`. */
  actor: z.string(),
  tone: eventTone,
  /** Short facts for the event's last column and for readers of the stream; never a secret. */
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
})
export type BusEvent = z.output<typeof busEvent>

/** What an announcer emits; the bus adds id, time and title. `audited: false` is sent to readers but not kept. */
export interface NewEvent {
  room: BusEvent['room']
  type: string
  subject?: string | null | undefined
  actor?: string | undefined
  tone?: EventTone
  data?: BusEvent['data']
  audited?: boolean
}

/** The narrow side of the bus; a room's services speak to it through an `Announcer` of their table. */
export interface EventSink {
  emit(event: NewEvent): void
}

/**
 * Messages of `WS /control/v1/events`. The server sends `event` for each new event, `gap` when the reader was too slow or asked for
 * events that are gone (it then re-reads what it shows), and `changed` when a resource changed in ways not worth an event.
 */
export const eventMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('event'), event: busEvent }),
  z.object({ type: z.literal('gap'), lastId: z.number().int() }),
  z.object({ type: z.literal('changed'), resource: z.string() }),
  /** Sent first and then every two seconds: what the status bar and the overview count. */
  z.object({
    type: z.literal('pulse'),
    lastId: z.number().int(),
    eventsPerSecond: z.number(),
    cpuPercent: z.number(),
    memoryBytes: z.number(),
    lanClients: z.number().int(),
    uptime: z.number(),
  }),
])
export type EventMessage = z.output<typeof eventMessage>

/**
 * What a room may tell: a table with, for each type of event, the facts it carries, its tone and whether the trail keeps it.
 *
 * A room emits facts and no sentence. The words of a type stand in `words/`, one catalogue a language, where an entry for a type that is
 * not in a table, a missing one or one that asks for other facts does not compile. No Node import: the window reads the tables.
 */
import { z } from 'zod'
import type { BusEvent, EventSink, EventTone } from './event.ts'

export interface EventType<Facts extends z.ZodObject = z.ZodObject> {
  /** An event whose facts do not fit was kept by another version; it has the title that was kept with it. */
  facts: Facts
  tone(facts: z.output<Facts>): EventTone
  /** False for what is shown as it comes and not kept. */
  audited: boolean
}

export type EventTypes = Readonly<Record<string, EventType>>
export type FactsOf<Type> = Type extends EventType<infer Facts> ? z.output<Facts> : never

type Tone<Shape extends z.ZodRawShape> = EventTone | ((facts: z.output<z.ZodObject<Shape>>) => EventTone)
type NoFacts = Record<never, never>

/** A fact that changes the words must be there in each event: one that was kept without it must not be told in other words. */
export function eventType(tone: EventTone): EventType<z.ZodObject<NoFacts>>
export function eventType<Shape extends z.ZodRawShape>(
  tone: Tone<Shape>,
  facts: Shape,
  options?: { audited?: boolean },
): EventType<z.ZodObject<Shape>>
export function eventType<Shape extends z.ZodRawShape>(tone: Tone<Shape>, facts?: Shape, { audited = true } = {}): EventType {
  return {
    facts: z.object(facts ?? {}),
    tone: typeof tone === 'function' ? (given) => tone(given as z.output<z.ZodObject<Shape>>) : () => tone,
    audited,
  }
}

export type Announcement<Types extends EventTypes, Type extends keyof Types> = {
  type: Type
  /** What it is about, e.g. a session's user name; never a secret. */
  subject?: string | null
  /** Who did it; `system` when not given. */
  actor?: string
} & (NoFacts extends FactsOf<Types[Type]> ? { data?: FactsOf<Types[Type]> } : { data: FactsOf<Types[Type]> })

/** Where a room's services tell what happened. */
export interface Announcer<Types extends EventTypes> {
  emit<Type extends keyof Types & string>(event: Announcement<Types, Type>): void
}

export function createAnnouncer<Types extends EventTypes>(sink: EventSink, room: BusEvent['room'], types: Types): Announcer<Types> {
  return {
    emit({ type, data = {}, ...event }) {
      const { tone, audited } = types[type] as EventType // its own type is one of the table's
      const facts = Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)) as BusEvent['data']
      sink.emit({ ...event, room, type, tone: tone(facts), data: facts, audited })
    },
  }
}

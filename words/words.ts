/**
 * What a language has to say. A file of this folder that holds such an object is a language; nothing else in the house makes sentences of facts.
 *
 * Every event is a type and its facts; the words of it are a text, or made of the facts. What is missing, too much or asks for facts that the event does not
 * carry does not compile.
 */
import type { eventTypes } from '../server/control/event-types.ts'
import type { FactsOf } from '../server/events/event-types.ts'

/** Words that stand as they are, or are made of facts. */
export type Entry<Facts> = string | ((facts: Facts) => string)

type EventTypes = typeof eventTypes

export interface Words {
  /** As `Intl` takes it. */
  locale: string
  /** The title of each event, e.g. `Session opened`; whom it is about stands beside it. */
  events: { readonly [Room in keyof EventTypes]: { readonly [Type in keyof EventTypes[Room]]: Entry<FactsOf<EventTypes[Room][Type]>> } }
}

export interface Event {
  room: Exclude<keyof EventTypes, 'house'>
  type: string
  data: Readonly<Record<string, unknown>>
}

/** Undefined for a type that is not known. The facts must be those of the type. */
export function eventTitle(words: Words, { room, type, data }: Event): string | undefined {
  // Which facts belong to which type is known where they are told, not here.
  const titles = words.events as Record<string, Record<string, Entry<never>>>
  const entry = titles[room]?.[type] ?? titles['house']?.[type]
  return typeof entry === 'function' ? entry(data as never) : entry
}

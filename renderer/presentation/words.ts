/** The language of the window. */
import { sessionEvents } from '../../server/browsers/events.ts'
import type { SessionEvent } from '../../server/browsers/contract/index.ts'
import { typeOf } from '../../server/control/event-types.ts'
import type { Overview } from '../../server/control/contract/index.ts'
import type { BusEvent } from '../../server/events/event.ts'
import type { EventTypes } from '../../server/events/event-types.ts'
import { en } from '../../words/en.ts'
import { concernWords, eventTitle, overviewWords, sessionEventText } from '../../words/words.ts'

export const words = en
export const { locale } = words

/** What another version kept, or tells, may have other facts than those our words are made of: it has the title that it came with. */
export function titleOf(event: BusEvent): string {
  const facts = typeOf(event)?.facts.safeParse(event.data).data
  return (facts === undefined ? undefined : eventTitle(words, { ...event, data: facts })) ?? event.title
}

/** What happened in a session; of a kind or with facts that are not known, in the words that it came with. */
export function textOf({ kind, facts, text }: SessionEvent): string {
  const types: EventTypes = sessionEvents
  const known = types[kind]?.facts.safeParse(facts).data
  return (known === undefined ? undefined : sessionEventText(words, { kind, facts: known })) ?? text
}

/** The same in the window's language; what the server says of a kind that is not known stays as it is. */
export function inOwnWords({ rooms, attention, times }: Overview): Overview {
  return {
    rooms: rooms.map((room) => ({ ...room, ...overviewWords(words, room) })),
    attention: attention.map((item) => ({ ...item, ...concernWords(words, item) })),
    times,
  }
}

/** The language of the window. */
import { typeOf } from '../../server/control/event-types.ts'
import type { Overview } from '../../server/control/contract/index.ts'
import type { BusEvent } from '../../server/events/event.ts'
import { en } from '../../words/en.ts'
import { concernWords, eventTitle, overviewWords } from '../../words/words.ts'

export const words = en
export const { locale } = words

/** What another version kept, or tells, may have other facts than those our words are made of: it has the title that it came with. */
export function titleOf(event: BusEvent): string {
  const facts = typeOf(event)?.facts.safeParse(event.data).data
  return (facts === undefined ? undefined : eventTitle(words, { ...event, data: facts })) ?? event.title
}

/** The same in the window's language; what the server says of a kind that is not known stays as it is. */
export function inOwnWords({ rooms, attention, times }: Overview): Overview {
  return {
    rooms: rooms.map((room) => ({ ...room, ...overviewWords(words, room) })),
    attention: attention.map((item) => ({ ...item, ...concernWords(words, item) })),
    times,
  }
}

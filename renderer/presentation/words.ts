/** The language of the window. */
import { typeOf } from '../../server/control/event-types.ts'
import type { BusEvent } from '../../server/events/event.ts'
import { en } from '../../words/en.ts'
import { eventTitle } from '../../words/words.ts'

export const words = en

/** What another version kept, or tells, may have other facts than those our words are made of: it has the title that it came with. */
export function titleOf(event: BusEvent): string {
  const facts = typeOf(event)?.facts.safeParse(event.data).data
  return (facts === undefined ? undefined : eventTitle(words, { ...event, data: facts })) ?? event.title
}

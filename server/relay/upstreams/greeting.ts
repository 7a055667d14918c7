/**
 * How a server is greeted whose era nobody knows. Servers of the older era answer the newer one's question with any error, with silence, or
 * by ending; a server that is only slow does the same for a while. So what failed is followed by what may do better, within one start.
 */
import type { Era } from './era.ts'

/**
 * `ask` asks in the newer era, and on the same connection greets in the older one after an error, over standard streams also after
 * `patience` ms of silence; `greet` speaks the older one alone; `adopt` goes on in the newer one with an answer that came too late.
 */
export type Greeting = { way: 'ask'; patience: number } | { way: 'greet' } | { way: 'adopt'; answer: unknown }

/** What became of one: it ended, nothing came, it answered and would not, it answered too late, or nothing else would help. */
export type Setback = { how: 'gone' | 'silent' | 'refused' | 'final' } | { how: 'late'; answer: unknown }

export interface Tried {
  greeting: Greeting
  setback: Setback
}

/** Ms of silence after which the older era is tried as well; a later answer still counts. */
export const askPatience = 3_000

export function firstGreeting(known: Era | undefined, startTimeout: number): Greeting {
  if (known === 'legacy') return { way: 'greet' }
  return { way: 'ask', patience: known === 'modern' ? startTimeout / 2 : askPatience }
}

/** The one after those that failed; null when none is left. */
export function nextGreeting(tried: readonly Tried[], startTimeout: number): Greeting | null {
  const last = tried.at(-1)
  if (last === undefined || last.setback.how === 'final') return null
  if (last.setback.how === 'late') return last.greeting.way === 'adopt' ? null : { way: 'adopt', answer: last.setback.answer }
  const asked = tried.find(({ greeting }) => greeting.way === 'ask')
  const greeted = tried.some(({ greeting }) => greeting.way === 'greet')
  // The question may be what ended it, or what it has no answer to.
  if (last.greeting.way === 'ask') return greeted ? null : { way: 'greet' }
  // It runs and takes no greeting: it was only slow when it was asked, or has been brought up to date since.
  const mayBeModern = asked === undefined || asked.setback.how === 'silent'
  return greeted && last.setback.how === 'refused' && mayBeModern ? { way: 'ask', patience: startTimeout } : null
}

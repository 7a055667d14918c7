/**
 * What a bot's connections have seen: shapes and how often, and nobody's words, numbers or names. It is what those who mend this program
 * need of a network that they cannot see, and what a person may send them without a second thought.
 */
import { iso, type Clock } from '../../clock.ts'

export interface Sighting {
  /** e.g. `in notification w:gp2 > participant` or `content pollCreationMessageV3`. */
  what: string
  times: number
  /** ISO 8601. */
  first: string
  last: string
}

/** A network that invents shapes does not fill the memory. */
const mostShapes = 500
const longest = 200

export class Trail {
  readonly #clock: Pick<Clock, 'now'>
  readonly #seen = new Map<string, { times: number; first: number; last: number }>()
  #more = 0

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  note(what: string): void {
    const shape = withoutFacts(what).slice(0, longest)
    const now = this.#clock.now()
    const known = this.#seen.get(shape)
    if (known !== undefined) Object.assign(known, { times: known.times + 1, last: now })
    else if (this.#seen.size < mostShapes) this.#seen.set(shape, { times: 1, first: now, last: now })
    else this.#more += 1
  }

  /** Sightings of shapes for which there was no room. */
  get more(): number {
    return this.#more
  }

  list(): Sighting[] {
    return [...this.#seen].map(([what, { times, first, last }]) => ({ what, times, first: iso(first), last: iso(last) }))
  }
}

/** Without what tells whom something is about: ids of people and groups, numbers, addresses, long codes. */
export function withoutFacts(text: string): string {
  return (
    text
      .replace(/[\w.+:-]+@[\w.-]+/g, '…@…')
      .replace(/https?:\/\/\S+/g, 'https://…')
      .replace(/\+?\d[\d ().-]{4,}\d/g, '…')
      // Names of the protocol are long as well, and have a digit at most.
      .replace(/[A-Za-z0-9+/_=-]{16,}/g, (word) => (/(\d.*){3}/.test(word) ? '…' : word))
  )
}

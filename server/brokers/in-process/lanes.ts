/** Work in lanes: what is in one lane is done one by one, lanes go side by side, and one whose work fails waits while the others go on. */
import type { StartTimer } from '../../async/deadline.ts'

export interface LanesOptions<Item> {
  /** Items under way. */
  atOnce: number
  startTimer: StartTimer
  /** From 0 to 1, for waits that do not all end at once. */
  random: () => number
  /** When it rejects it is asked again for the same item after a while. */
  work(item: Item, attempt: number): Promise<void>
}

interface Lane<Item> {
  items: Item[]
  /** Tries of its first item that failed. */
  failures: number
  stopTimer: (() => void) | null
}

/** Ms: it doubles with each failure. */
const firstWait = 1_000
const longestWait = 60_000

export class Lanes<Item> {
  readonly #options: LanesOptions<Item>
  #lanes = new Map<string, Lane<Item>>()
  /** Whose first item may be begun, in the order of their turns. */
  #due: [string, Lane<Item>][] = []
  #size = 0
  #running = 0

  constructor(options: LanesOptions<Item>) {
    this.#options = options
  }

  /** Items in all lanes, those under way among them. */
  get size(): number {
    return this.#size
  }

  /** Items under way, those of lanes that were cleared since among them. */
  get running(): number {
    return this.#running
  }

  add(key: string, item: Item): void {
    this.#size += 1
    const lane = this.#lanes.get(key)
    if (lane !== undefined) return void lane.items.push(item)
    const made: Lane<Item> = { items: [item], failures: 0, stopTimer: null }
    this.#lanes.set(key, made)
    this.#due.push([key, made])
    // Not within the call that brings it: more may come with it.
    queueMicrotask(() => this.#pump())
  }

  /** Forgets all items; those under way are let come to their end. */
  clear(): void {
    for (const { stopTimer } of this.#lanes.values()) stopTimer?.()
    this.#lanes = new Map()
    this.#due = []
    this.#size = 0
  }

  #pump(): void {
    while (this.#running < this.#options.atOnce) {
      const next = this.#due.shift()
      if (next === undefined) return
      this.#begin(...next)
    }
  }

  #begin(key: string, lane: Lane<Item>): void {
    const [item] = lane.items
    if (item === undefined) return
    this.#running += 1
    this.#options.work(item, lane.failures + 1).then(
      () => this.#done(key, lane, true),
      () => this.#done(key, lane, false),
    )
  }

  #done(key: string, lane: Lane<Item>, isOver: boolean): void {
    this.#running -= 1
    if (this.#lanes.get(key) === lane) {
      lane.failures = isOver ? 0 : lane.failures + 1
      if (isOver) {
        lane.items.shift()
        this.#size -= 1
      }
      if (lane.items.length === 0) this.#lanes.delete(key)
      else if (isOver) this.#due.push([key, lane])
      else this.#wait(key, lane)
    }
    this.#pump()
  }

  #wait(key: string, lane: Lane<Item>): void {
    const { startTimer, random } = this.#options
    const wait = Math.min(longestWait, firstWait * 2 ** (lane.failures - 1))
    lane.stopTimer = startTimer(Math.round(wait * (0.5 + random() / 2)), () => {
      lane.stopTimer = null
      this.#due.push([key, lane])
      this.#pump()
    })
  }
}

/** Counts contained errors by room, and by what exactly each was. */
import { apiNames, type ApiName } from './rooms.ts'

/** Reasons may carry what changes each time; forgetting the oldest costs a line more in the log. */
const mostKinds = 1_000

export class ErrorMeter {
  readonly #rooms = new Map<ApiName, number>(apiNames.map((name) => [name, 0]))
  readonly #same = new Map<string, number>()

  of(room: ApiName): number {
    return this.#rooms.get(room) ?? 0
  }

  /** How often exactly this was seen, this time included. */
  count(room: ApiName, what: string): number {
    this.#rooms.set(room, this.of(room) + 1)
    const key = `${room}:${what}`
    const count = (this.#same.get(key) ?? 0) + 1
    this.#same.set(key, count)
    if (this.#same.size > mostKinds) this.#same.delete(this.#same.keys().next().value ?? key)
    return count
  }
}

/** A thing that fails with every frame fails some thousand times a second: the first tells all, the tenth and hundredth that it goes on. */
export function isWorthLogging(count: number): boolean {
  return Number.isInteger(Math.log10(count))
}

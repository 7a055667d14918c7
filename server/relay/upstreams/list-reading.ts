/** One list of a server as far as it is known: read by itself, kept when reading fails, and read again until it succeeds. */
import { reasonOf } from './errors.ts'
import type { UpstreamConnection } from './connection.ts'
import { readList, type ListName, type Offered } from './read-list.ts'

/** `absent`: the server has none. `cut`: there is more than what was taken. */
export type ListState = 'absent' | 'reading' | 'read' | 'failed' | 'cut'

/** Ms until a list that failed is read again; each time twice as long. */
const firstWait = 5_000
const longestWait = 300_000

export interface ListReadingParts {
  list: ListName
  /** Milliseconds for a page. */
  timeout(): number
  isCurrent(connection: UpstreamConnection): boolean
  /** It was read, well or not. */
  onRead(list: ListName, well: boolean): void
  note(text: string): void
}

export class ListReading {
  readonly #parts: ListReadingParts
  #items: readonly Offered[] = []
  #state: ListState = 'absent'
  #error: string | null = null
  #failures = 0
  #again: NodeJS.Timeout | undefined
  /** The reading under way, and whether the server has said meanwhile that it changed. */
  #underway: { connection: UpstreamConnection; done: Promise<void>; stale: boolean } | undefined

  constructor(parts: ListReadingParts) {
    this.#parts = parts
  }

  get items(): readonly Offered[] {
    return this.#items
  }
  get state(): ListState {
    return this.#state
  }
  /** Why it is not known whole, in words for a person. */
  get error(): string | null {
    return this.#error
  }

  /** What a server listed before its settings changed stays known until it answers again. */
  inherit({ items }: ListReading): void {
    this.#items = items
  }

  /** Never fails: what could not be read stays as it was and is read again after a while. However often it is asked, one reads. */
  read(connection: UpstreamConnection): Promise<void> {
    const underway = this.#underway
    if (underway?.connection === connection) {
      underway.stale = true
      return underway.done
    }
    const own = { connection, done: Promise.resolve(), stale: false }
    this.#underway = own
    this.#wait(null)
    own.done = (async () => {
      do {
        own.stale = false
        await this.#readOnce(connection)
      } while (own.stale && this.#parts.isCurrent(connection))
      if (this.#underway === own) this.#underway = undefined
    })()
    return own.done
  }

  /** No more readings by itself. */
  stop(): void {
    this.#wait(null)
    this.#failures = 0
  }

  async #readOnce(connection: UpstreamConnection): Promise<void> {
    const { list, timeout, isCurrent, onRead, note } = this.#parts
    if (this.#state !== 'failed') this.#state = 'reading'
    try {
      const read = await readList(connection, list, { timeout: timeout() })
      if (!isCurrent(connection)) return
      this.#items = read?.items ?? []
      this.#state = read === null ? 'absent' : read.cut === null ? 'read' : 'cut'
      this.#error = read?.cut ?? null
      this.#failures = 0
      if (this.#error !== null) note(`${list}: ${this.#error}`)
      onRead(list, true)
    } catch (error) {
      if (!isCurrent(connection)) return
      this.#state = 'failed'
      this.#error = reasonOf(error)
      this.#failures += 1
      note(`reading its ${list} failed: ${this.#error}`)
      onRead(list, false)
      this.#wait(connection)
    }
  }

  #wait(connection: UpstreamConnection | null): void {
    clearTimeout(this.#again)
    if (connection === null) return
    const wait = Math.min(firstWait * 2 ** (this.#failures - 1), longestWait)
    this.#again = setTimeout(() => {
      if (this.#parts.isCurrent(connection)) void this.read(connection)
    }, wait).unref()
  }
}

/** One list of a server as far as it is known: read by itself, kept when reading fails, and read again until it succeeds. */
import { reasonOf } from './errors.ts'
import type { UpstreamConnection } from './connection.ts'
import { readList, type ListName, type Offered } from './read-list.ts'

/** `absent`: the server has none. `cut`: there is more than what was taken. */
export type ListState = 'absent' | 'reading' | 'read' | 'failed' | 'cut'

/** Ms until a list that failed is read again; each time twice as long. */
const firstWait = 5_000
const longestWait = 300_000
/** One that says it changed right after it was read, again and again, is read so often at once, and then at growing intervals. */
const readAtOnce = 3
const firstPause = 100
const longestPause = 10_000
/** Ms without a reading after which it is quiet. */
const quietAfter = 1_000

export interface ListReadingParts {
  list: ListName
  /** Milliseconds for a page. */
  timeout(): number
  isCurrent(connection: UpstreamConnection): boolean
  /** It was read, well or not; `changed` when other things are known of it than before. */
  onRead(list: ListName, well: boolean, changed: boolean): void
  note(text: string): void
}

export class ListReading {
  readonly #parts: ListReadingParts
  #items: readonly Offered[] = []
  #state: ListState = 'absent'
  #error: string | null = null
  #failures = 0
  /** Readings one right after the other. */
  #restless = 0
  #readAt = 0
  #last: UpstreamConnection | undefined
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

  /**
   * Never fails: what could not be read stays as it was and is read again after a while. However often it is asked, one reads, and a server
   * whose list changes with every reading is read at intervals. Resolves with the reading under way.
   */
  read(connection: UpstreamConnection): Promise<void> {
    const underway = this.#underway
    if (underway?.connection === connection) {
      underway.stale = true
      return underway.done
    }
    if (connection !== this.#last) this.#restless = 0
    this.#last = connection
    const pause = this.#pause()
    if (pause > 0) {
      this.#readIn(pause, connection)
      return Promise.resolve()
    }
    this.#cancelWait()
    const own = { connection, done: Promise.resolve(), stale: false }
    this.#underway = own
    own.done = this.#readOnce(connection).then(() => {
      this.#readAt = performance.now()
      if (this.#underway !== own) return
      this.#underway = undefined
      if (own.stale && this.#parts.isCurrent(connection)) void this.read(connection)
    })
    return own.done
  }

  /** No more readings by itself. */
  stop(): void {
    this.#cancelWait()
    this.#failures = 0
  }

  async #readOnce(connection: UpstreamConnection): Promise<void> {
    const { list, timeout, isCurrent, onRead, note } = this.#parts
    if (this.#state !== 'failed') this.#state = 'reading'
    try {
      const read = await readList(connection, list, { timeout: timeout() })
      if (!isCurrent(connection)) return
      const items = read?.items ?? []
      const changed = this.#state === 'failed' || JSON.stringify(items) !== JSON.stringify(this.#items)
      this.#items = items
      this.#state = read === null ? 'absent' : read.cut === null ? 'read' : 'cut'
      this.#error = read?.cut ?? null
      this.#failures = 0
      if (this.#error !== null) note(`${list}: ${this.#error}`)
      onRead(list, true, changed)
    } catch (error) {
      if (!isCurrent(connection)) return
      this.#state = 'failed'
      this.#error = reasonOf(error)
      this.#failures += 1
      note(`reading its ${list} failed: ${this.#error}`)
      onRead(list, false, false)
      this.#readIn(Math.min(firstWait * 2 ** (this.#failures - 1), longestWait), connection)
    }
  }

  /** Ms until it may be read again. */
  #pause(): number {
    const since = performance.now() - this.#readAt
    const before = Math.min(firstPause * 2 ** (this.#restless - readAtOnce), longestPause)
    if (since > before + quietAfter) this.#restless = 0
    const pause = this.#restless < readAtOnce ? 0 : Math.max(0, before - since)
    if (pause === 0) this.#restless += 1
    return pause
  }

  #readIn(ms: number, connection: UpstreamConnection): void {
    this.#cancelWait()
    this.#again = setTimeout(() => {
      if (this.#parts.isCurrent(connection)) void this.read(connection)
    }, Math.ceil(ms)).unref()
  }

  #cancelWait(): void {
    clearTimeout(this.#again)
    this.#again = undefined
  }
}

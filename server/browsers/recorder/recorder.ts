/**
 * The flight recorder of one session: what its pages did, in one row with what happened to the session itself, which `History` keeps. All
 * of it is in memory and bounded, so that a page that asks without end costs no more than one that rests.
 */
import type { Page } from 'puppeteer-core'
import { createSignal } from '../../async/signal.ts'
import type { Clock } from '../../clock.ts'
import { contained, type Scope } from '../../isolation.ts'
import type { RecorderEntry } from '../contract/recorder-entries.ts'
import type { RecorderFilter } from '../contract/recorder.ts'
import type { SessionEventText } from '../events.ts'
import type { History } from '../session/history.ts'
import {
  bytesOf,
  failed,
  type ConsoleEntry,
  type ErrorEntry,
  type PageLoad,
  type PageRecord,
  type RequestEntry,
  type RequestFacts,
} from './entry.ts'
import { PageWatch } from './page-watch.ts'
import { Pictures, type PictureSource } from './pictures.ts'
import { Ring } from './ring.ts'
import type { Blanker } from './secrets.ts'
import { count, isOf, matches, shownEntry, type CategoryCounts, type Recorded } from './shown.ts'

export interface RecorderOptions {
  clock: Clock
  history: History
  blanker: Blanker
  front: PictureSource['front']
  /** Where an error in the code that records ends: it ends the recording of that page and nothing else. */
  session: string
}

export interface WatchedPage {
  id: string
  page: Page
  /** Wheelhouse works on it at the back. */
  atBack: boolean
}

export interface RecorderPage {
  entries: RecorderEntry[]
  more: boolean
  counts: CategoryCounts
}

const requestLimits = { most: 1_500, mostBytes: 2_000_000, bytesOf }
const wordLimits = { most: 500, mostBytes: 500_000, bytesOf }
const loadLimits = { most: 200, mostBytes: 400_000, bytesOf: ({ url }: PageLoad) => 200 + 2 * url.length }

export class Recorder {
  readonly pictures: Pictures
  readonly #options: RecorderOptions
  readonly #requests = new Ring<RequestEntry>(requestLimits)
  readonly #words = new Ring<ConsoleEntry | ErrorEntry>(wordLimits)
  readonly #loads = new Ring<PageLoad>(loadLimits)
  readonly #watches = new Map<string, PageWatch>()
  /** Of pages that went with their browser. */
  #unanswered: RequestFacts[] = []
  readonly #added = createSignal<[entry: Recorded]>()
  #totals = { requests: 0, bytes: 0 }

  constructor(options: RecorderOptions) {
    this.#options = options
    this.pictures = new Pictures(options.clock, { front: options.front })
  }

  /** From all requests there ever were. */
  get totals(): { requests: number; bytes: number } {
    return { ...this.#totals }
  }

  get dropped(): number {
    return this.#requests.dropped + this.#words.dropped
  }

  /** In memory. */
  get bytes(): number {
    return this.#requests.bytes + this.#words.bytes + this.#loads.bytes + this.pictures.bytes
  }

  /** Before the page goes anywhere. */
  watch({ id, page, atBack }: WatchedPage): void {
    if (this.#watches.has(id)) return
    let broken = false
    const scope: Scope = { room: 'browsers', kind: 'recorder', id: this.#options.session, escaped: () => (broken = true) }
    const safely = <Args extends readonly unknown[]>(callback: (...args: Args) => void) =>
      contained<Args>(scope, (...args) => (broken ? undefined : callback(...args)))
    const common = () => ({ id: this.#options.history.next(), at: this.#options.clock.now(), page: id, atBack })
    const watch = new PageWatch(id, page, {
      blanker: this.#options.blanker,
      request: safely((facts: RequestFacts) => this.#asked({ ...common(), ...facts, type: 'request' })),
      said: safely((level: ConsoleEntry['level'], text: string, where: string) => {
        this.#add(this.#words, { ...common(), type: 'console', level, text, where })
        if (level === 'error' && !atBack) this.pictures.wanted('error')
      }),
      threw: safely((text: string, where: string) => {
        this.#add(this.#words, { ...common(), type: 'page-error', text, where })
        if (!atBack) this.pictures.wanted('error')
      }),
      loadBegun: safely((load: PageLoad) => this.#loads.push(load)),
      loaded: safely(() => {
        if (!atBack) this.pictures.wanted('loaded')
      }),
    })
    this.#watches.set(id, watch)
    page.once('close', () => this.#watches.delete(id))
  }

  /** What happened to the session itself has been added to its history. */
  recorded(event: Recorded): void {
    this.#added.emit(event)
  }

  /** Returns what ends the subscription. */
  onAdded(listener: (entry: Recorded) => void): () => void {
    return this.#added.subscribe(listener)
  }

  show(entry: Recorded, textOf: SessionEventText): RecorderEntry {
    return shownEntry(entry, { textOf, loads: this.#loads.list() })
  }

  /** The latest first. */
  list(
    {
      before = Infinity,
      after = 0,
      limit,
      ...filter
    }: RecorderFilter & { before?: number | undefined; after?: number | undefined; limit: number },
    textOf: SessionEventText,
  ): RecorderPage {
    const counts: CategoryCounts = {}
    const fitting: RecorderEntry[] = []
    for (const entry of this.all(textOf)) {
      if (!matches(entry, filter)) continue
      count(counts, entry)
      if (isOf(entry, filter.category) && entry.id > after && entry.id < before) fitting.push(entry)
    }
    // After a given one the next ones come first, so that a reader who follows misses none.
    const entries = after > 0 ? fitting.slice(0, limit) : fitting.slice(-limit)
    return { entries: entries.toReversed(), more: entries.length < fitting.length, counts }
  }

  /** The latest last. */
  all(textOf: SessionEventText): RecorderEntry[] {
    const loads = this.#loads.list()
    const entries: Recorded[] = [...this.#options.history.list(), ...this.#requests.list(), ...this.#words.list()]
    return entries.sort((a, b) => a.id - b.id).map((entry) => shownEntry(entry, { textOf, loads }))
  }

  requests(): RequestEntry[] {
    return this.#requests.list()
  }

  loads(): PageLoad[] {
    return this.#loads.list()
  }

  /** What has been asked and not been answered to its end. */
  pending(): RequestFacts[] {
    return [...this.#unanswered, ...[...this.#watches.values()].flatMap((watch) => watch.pending())]
  }

  /** The session ends: what is recorded stays, and nothing more comes. */
  stop(): void {
    this.pictures.stop()
    this.#added.clear()
  }

  /** Its pages have gone with it: what they had asked stays, they do not. */
  browserGone(): void {
    this.#unanswered = this.pending()
    this.#watches.clear()
  }

  /** Gives most of its memory back; what the session itself tells, and its last picture, stay. */
  shrink(): void {
    this.#requests.keep(0)
    this.#words.keep(0)
    this.#loads.keep(0)
    this.pictures.keep(1)
  }

  #asked(request: RequestEntry): void {
    this.#totals.requests += 1
    this.#totals.bytes += request.transferred
    this.#add(this.#requests, request)
    if (!request.atBack && request.resource === 'document' && failed(request)) this.pictures.wanted('error')
  }

  #add<Entry extends PageRecord>(ring: Ring<Entry>, entry: Entry): void {
    ring.push(entry)
    this.#added.emit(entry)
  }
}

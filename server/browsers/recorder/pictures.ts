/**
 * The last pictures of a session: one after what a person would look at, e.g. a page that has loaded or an error on it, and never two
 * within some seconds. Taken as a single frame of a small screencast, which costs the page nothing but one scaled copy of what it shows.
 */
import type { CDPSession, Page, Protocol } from 'puppeteer-core'
import type { Clock } from '../../clock.ts'
import { escape } from '../../isolation.ts'
import { Ring } from './ring.ts'

export type PictureReason = 'loaded' | 'error' | 'click'

export interface Picture {
  id: number
  /** Ms since the epoch. */
  at: number
  why: PictureReason
  url: string
  jpeg: Buffer
}

export interface PictureSource {
  /** The page in front; null while there is none. */
  front(): { page: Page; url: string } | null
}

const most = 10
const mostBytes = 1_000_000
/** Ms for what has loaded to be drawn, and for whatever else goes on to come first. */
const afterwards = 800
/** Ms between two. */
const apart = 4_000
/** Ms for Chromium to draw one. */
const drawnWithin = 3_000
const format = { format: 'jpeg', quality: 55, maxWidth: 800, maxHeight: 500 } as const

export class Pictures {
  readonly #clock: Clock
  readonly #source: PictureSource
  readonly #ring = new Ring<Picture>({ most, mostBytes, bytesOf: ({ jpeg }) => jpeg.length })
  #count = 0
  #due: NodeJS.Timeout | null = null
  #lastAt = Number.NEGATIVE_INFINITY
  #stopped = false

  constructor(clock: Clock, source: PictureSource) {
    this.#clock = clock
    this.#source = source
  }

  get bytes(): number {
    return this.#ring.bytes
  }

  /** The latest last. */
  list(): Picture[] {
    return this.#ring.list()
  }

  latest(): Picture | undefined {
    return this.#ring.latest()
  }

  /** Something has happened that is worth one; what comes meanwhile shares it. */
  wanted(why: PictureReason): void {
    if (this.#stopped || this.#due !== null) return
    const early = this.#lastAt + apart - this.#clock.monotonic()
    this.#due = setTimeout(() => this.#take(why).catch(escape), Math.max(afterwards, early))
    this.#due.unref()
  }

  stop(): void {
    this.#stopped = true
    if (this.#due !== null) clearTimeout(this.#due)
    this.#due = null
  }

  keep(count: number): void {
    this.#ring.keep(count)
  }

  async #take(why: PictureReason): Promise<void> {
    const front = this.#source.front()
    if (front !== null && !this.#stopped) {
      const jpeg = await oneFrame(front.page)
      if (jpeg !== null) {
        this.#count += 1
        this.#ring.push({ id: this.#count, at: this.#clock.now(), why, url: front.url, jpeg })
      }
    }
    this.#lastAt = this.#clock.monotonic()
    this.#due = null
  }
}

/** Null when the page does not draw, e.g. because it hangs or has gone. */
async function oneFrame(page: Page): Promise<Buffer | null> {
  let cdp: CDPSession | null = null
  try {
    cdp = await page.createCDPSession()
    const frame = nextFrame(cdp)
    // Not awaited: a page that hangs does not answer.
    cdp.send('Page.startScreencast', format).catch(() => undefined)
    return await frame
  } catch {
    return null
  } finally {
    // Ends the screencast, too.
    cdp?.detach().catch(() => undefined)
  }
}

function nextFrame(cdp: CDPSession): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(null), drawnWithin)
    late.unref()
    cdp.once('Page.screencastFrame', ({ data }: Protocol.Page.ScreencastFrameEvent) => {
      clearTimeout(late)
      resolve(Buffer.from(data, 'base64'))
    })
  })
}

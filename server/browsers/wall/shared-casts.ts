/**
 * One stream of small pictures per session, for all who watch it at a low rate: Chromium draws, scales and encodes once, as large and as
 * often as the most demanding of them asks. Whoever is slow gets the latest picture when there is room again, and slows nobody else.
 */
import { castFront, type FrontCast } from '../view/front-cast.ts'
import type { Frame } from '../view/screencast.ts'
import type { ViewableSession } from '../view/viewable-session.ts'

export interface TileWish {
  maxWidth: number
  maxHeight: number
  framesPerSecond: number
}

export interface TileSink {
  /** False while the client has enough to draw; `Watch.resume` is called when that changes. */
  hasRoom(): boolean
  draw(frame: Frame): void
}

export interface Watch {
  wish(wish: TileWish): void
  resume(): void
  end(): void
}

type Watched = Pick<ViewableSession, 'id' | 'pages' | 'onEnd'>

export class SharedCasts {
  readonly #casts = new Map<string, SharedCast>()

  /** How many sessions are drawn now. */
  get size(): number {
    return this.#casts.size
  }

  watch(session: Watched, wish: TileWish, sink: TileSink): Watch {
    let cast = this.#casts.get(session.id)
    if (cast === undefined) {
      cast = new SharedCast(session, () => this.#casts.delete(session.id))
      this.#casts.set(session.id, cast)
    }
    return cast.add(wish, sink)
  }
}

class SharedCast {
  readonly #cast: FrontCast
  readonly #viewers = new Set<Viewer>()
  readonly #onEmpty: () => void
  readonly #endSubscription: () => void
  #latest: Frame | null = null
  #closed = false

  constructor(session: Watched, onEmpty: () => void) {
    this.#onEmpty = onEmpty
    // Always room: what a viewer has no room for is replaced by the next picture, here and not in Chromium.
    this.#cast = castFront(session, { hasRoom: () => true, draw: (frame) => this.#draw(frame) })
    this.#endSubscription = session.onEnd(() => this.#close())
  }

  add(wish: TileWish, sink: TileSink): Watch {
    const viewer = new Viewer(wish, sink)
    this.#viewers.add(viewer)
    this.#adapt()
    // A page that stands still draws nothing new for who comes later.
    if (this.#latest !== null) viewer.offer(this.#latest)
    return {
      wish: (next) => {
        viewer.wish = next
        this.#adapt()
      },
      resume: () => viewer.flush(),
      end: () => {
        viewer.end()
        this.#viewers.delete(viewer)
        if (this.#viewers.size === 0) this.#close()
        else this.#adapt()
      },
    }
  }

  #draw(frame: Frame): void {
    this.#latest = frame
    for (const viewer of this.#viewers) viewer.offer(frame)
  }

  #adapt(): void {
    const wishes = [...this.#viewers].map(({ wish }) => wish)
    const most = (of: (wish: TileWish) => number): number => Math.max(...wishes.map(of))
    this.#cast.show({
      maxWidth: most(({ maxWidth }) => maxWidth),
      maxHeight: most(({ maxHeight }) => maxHeight),
      everyNth: Math.max(1, Math.round(60 / most(({ framesPerSecond }) => framesPerSecond))),
    })
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const viewer of this.#viewers) viewer.end()
    this.#viewers.clear()
    this.#cast.close()
    this.#endSubscription()
    this.#onEmpty()
  }
}

class Viewer {
  wish: TileWish
  readonly #sink: TileSink
  #waiting: Frame | null = null
  #nextAt = 0
  #timer: NodeJS.Timeout | undefined

  constructor(wish: TileWish, sink: TileSink) {
    this.wish = wish
    this.#sink = sink
  }

  offer(frame: Frame): void {
    this.#waiting = frame
    this.flush()
  }

  /** Hands on the latest picture when it is wanted and there is room; no more often than wished. */
  flush(): void {
    if (this.#waiting === null || !this.#sink.hasRoom()) return
    const early = this.#nextAt - performance.now()
    clearTimeout(this.#timer)
    // Half a frame early is no more often: the stream itself keeps the pace of whoever wants most.
    if (early > slack) {
      this.#timer = setTimeout(() => this.flush(), early)
      return
    }
    const frame = this.#waiting
    this.#waiting = null
    this.#nextAt = performance.now() + 1_000 / this.wish.framesPerSecond
    this.#sink.draw(frame)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#waiting = null
  }
}

/** Ms. */
const slack = 10

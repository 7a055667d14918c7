/** How much one client is sent and read from: nobody's messages pile up in our memory because he does not take them. */
import type { Wire } from './wire.ts'

/** Unsent bytes above which a client gets no more messages until it has taken them. */
const pauseAbove = 262_144
/** Unsent bytes above which nothing more is read from a client: the answers to what it says would pile up. */
const deafAbove = 1_048_576
/** Frames of one client that are read in a row. The system would hand over two megabytes of them before it looks at anybody else. */
const framesInARow = 256

export class Backpressure {
  readonly #wire: Wire
  readonly #now: () => number
  #stalledSince: number | null = null
  #isOver = false
  #waiting: (() => void)[] = []
  /** Reasons not to read from the wire at the moment. */
  #holds = 0
  #inARow = 0

  constructor(wire: Wire, now: () => number) {
    this.#wire = wire
    this.#now = now
  }

  get isStalled(): boolean {
    return this.#stalledSince !== null
  }

  /** Ms since it took something. */
  get stalledFor(): number {
    return this.#stalledSince === null ? 0 : this.#now() - this.#stalledSince
  }

  /** Room for one more message; what is over the limit waits in its queue, not in our memory. */
  hasRoom(): boolean {
    if (this.#wire.unsent < pauseAbove) return true
    this.#stalledSince ??= this.#now()
    return false
  }

  /** Called for whatever comes, before it is handled. */
  beforeRead(): void {
    this.#inARow += 1
    if (this.#inARow !== framesInARow) return
    const goOn = this.hold()
    setImmediate(() => {
      this.#inARow = 0
      goOn()
    })
  }

  /** Called after it was: a client that talks but does not listen has to listen first, or is disconnected like any frozen reader. */
  afterRead(): void {
    if (this.#holds > 0 || this.#isOver || this.#wire.unsent <= deafAbove) return
    this.#stalledSince ??= this.#now()
    this.whenDrained(this.hold())
  }

  /** Stops reading from the wire until the function it returns is called. */
  hold(): () => void {
    let held = true
    this.#holds += 1
    if (this.#holds === 1) this.#wire.pause()
    return () => {
      if (!held) return
      held = false
      this.#holds -= 1
      if (this.#holds === 0) this.#wire.resume()
    }
  }

  drained(): void {
    this.#stalledSince = null
    for (const callback of this.#waiting.splice(0)) callback()
  }

  whenDrained(callback: () => void): void {
    if (this.#wire.unsent === 0 || this.#isOver) callback()
    else this.#waiting.push(callback)
  }

  /** The connection is being closed: the peer's answer to that has to be heard. */
  end(): void {
    this.#isOver = true
    this.#wire.resume()
  }
}

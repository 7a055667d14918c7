/**
 * Takes messages for whoever works through them one by one: each is handed out under a handle, and is either done, given back, or given
 * back by itself when its time is over. Until it is done it waits in the subscriber's queue, through a crash as well.
 */
import { randomBytes } from 'node:crypto'
import { waitFor } from '../../async/deadline.ts'
import { iso } from '../../clock.ts'
import { escape } from '../../isolation.ts'
import { randomToken } from '../../secrets/random.ts'
import { contentOf } from '../connections/json/json-frames.ts'
import type { AttachedClient, Attachment } from '../engine/broker-engine.ts'
import type { Delivery, EndReason, Message } from '../engine/types.ts'

export interface TakenMessage {
  /** Names it until it is done or given back. */
  handle: string
  messageId: string
  topic: string
  publisher: string
  at: string
  /** How often it was handed out, this time included. */
  tries: number
  data: unknown
  encoding?: 'base64'
  headers?: Record<string, string | string[]>
}

export interface TakerGiven {
  id: number
  name: string
  connectedAt: number
  /** It holds nothing any more, or its connection was ended. */
  onIdle(): void
}

export class Taker implements AttachedClient {
  readonly id: number
  readonly protocol = 'json'
  readonly name: string
  readonly address = 'this machine'
  readonly connectedAt: number
  readonly isStalled = false
  attachment: Attachment | null = null
  endedBy: EndReason | null = null
  isTaking = false
  readonly #onIdle: () => void
  /** Given to us and not handed out. */
  #waiting: Delivery[] = []
  readonly #held = new Map<string, Delivery>()
  /** How often each was handed out on this connection; the engine counts connections. */
  readonly #handed = new WeakMap<Delivery, number>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #room = 0
  #arrived: () => void = () => undefined

  constructor({ id, name, connectedAt, onIdle }: TakerGiven) {
    this.id = id
    this.name = name
    this.connectedAt = connectedAt
    this.#onIdle = onIdle
  }

  get handles(): readonly string[] {
    return [...this.#held.keys()]
  }

  /** Up to `limit` messages: as soon as so many are there, or what has come within `wait` ms. They are held for `hold` ms. */
  async take({ limit, wait, hold, signal }: { limit: number; wait: number; hold: number; signal: AbortSignal }): Promise<TakenMessage[]> {
    this.isTaking = true
    this.#room = limit
    try {
      await waitFor(
        wait,
        (done) => {
          this.#arrived = () => {
            if (this.#waiting.length >= limit || this.endedBy !== null) done()
          }
          this.attachment?.resume()
          this.#arrived()
          return () => (this.#arrived = () => undefined)
        },
        { signal },
      )
    } finally {
      this.isTaking = false
      this.#room = 0
    }
    // Nobody is there to get them.
    const taken = signal.aborted || this.endedBy !== null ? [] : this.#waiting.splice(0, limit).map((delivery) => this.#hand(delivery))
    if (taken.length > 0) this.#giveBackAfter(hold, taken)
    this.#release()
    return taken
  }

  /** How many of the handles were held. `done`: their messages are over; else they wait again. */
  async settle(handles: readonly string[], done: boolean): Promise<number> {
    let count = 0
    const { attachment } = this
    for (const handle of handles) {
      const delivery = this.#held.get(handle)
      if (delivery === undefined) continue
      this.#held.delete(handle)
      count += 1
      if (done) attachment?.acknowledgeDelivery(delivery)
      else this.#waiting.push(delivery)
    }
    this.#waiting.sort((a, b) => a.message.seq - b.message.seq)
    this.#arrived()
    const isStored = !done || (await attachment?.stored()) !== false
    this.#release()
    return isStored ? count : 0
  }

  ready(): boolean {
    return this.#waiting.length < this.#room
  }

  listens(): boolean {
    return this.ready()
  }

  send(delivery: Delivery): boolean {
    this.#waiting.push(delivery)
    this.#arrived()
    return true
  }

  sendOnce(): void {
    // Without acknowledgement there is nothing to take: it subscribes with quality 1.
  }

  end(reason: EndReason): void {
    this.endedBy = reason
    for (const timer of this.#timers) clearTimeout(timer)
    this.#held.clear()
    this.#waiting = []
    this.#arrived()
    this.attachment = null
    this.#onIdle()
  }

  accepted(): void {
    // It publishes nothing.
  }

  log(): void {
    // Nobody reads the session's log here.
  }

  relay(): boolean {
    return true
  }

  whenDrained(callback: () => void): void {
    callback()
  }

  readonly failed = (error: unknown): void => escape(error)

  #hand(delivery: Delivery): TakenMessage {
    const handle = randomToken(12, randomBytes)
    this.#held.set(handle, delivery)
    const before = this.#handed.get(delivery) ?? 0
    this.#handed.set(delivery, before + 1)
    return { handle, ...shownMessage(delivery.message), tries: delivery.tries + before }
  }

  #giveBackAfter(hold: number, taken: readonly TakenMessage[]): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      const { handles } = this
      const left = taken.map(({ handle }) => handle).filter((handle) => handles.includes(handle))
      void this.settle(left, false).catch(escape)
    }, hold)
    timer.unref()
    this.#timers.add(timer)
  }

  /** What was not done goes back to the queue in which it is kept, for whoever comes next. */
  #release(): void {
    if (this.isTaking || this.#held.size > 0 || this.endedBy !== null) return
    const { attachment } = this
    this.endedBy = 'kicked'
    for (const timer of this.#timers) clearTimeout(timer)
    attachment?.detach()
    this.#onIdle()
  }
}

function shownMessage(message: Message) {
  const { id, topic, publisher, acceptedAt, properties } = message
  const headers = properties?.userProperties
  return { messageId: id, topic, publisher, at: iso(acceptedAt), ...contentOf(message), ...(headers === undefined ? {} : { headers }) }
}

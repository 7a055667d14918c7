/**
 * Reads `WS /control/v1/events`: reconnects with back-off, resumes from the last event seen, and hands events over in
 * batches, one per animation frame, so that a thousand a second cost one update each frame.
 */
import { eventMessage, type BusEvent, type EventMessage } from '../../server/events/event.ts'

export type Pulse = Extract<EventMessage, { type: 'pulse' }>

export interface EventStreamOptions {
  connect(since: number | undefined): WebSocket
  onEvents(events: BusEvent[]): void
  /** Events are missing: what is shown has to be read again. */
  onGap(): void
  onChanged(resources: ReadonlySet<string>): void
  onPulse(pulse: Pulse): void
  onOpen(): void
  /** The socket closed or could not be opened; the next try comes after `retryIn` ms. */
  onLost(retryIn: number): void
  /** Runs a function before the next picture; injected so that tests decide when. */
  nextFrame?(run: () => void): void
  random?(): number
}

const firstDelay = 400
const longestDelay = 8_000

export class EventStream {
  readonly #options: EventStreamOptions
  #socket: WebSocket | null = null
  #retry: ReturnType<typeof setTimeout> | undefined
  #attempt = 0
  #running = false
  #lastId: number | undefined
  #waiting: BusEvent[] = []
  #changed = new Set<string>()
  #frameAsked = false

  constructor(options: EventStreamOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    this.#open()
  }

  stop(): void {
    this.#running = false
    clearTimeout(this.#retry)
    this.#socket?.close()
    this.#socket = null
  }

  /** Tries at once instead of waiting for the back-off. */
  retryNow(): void {
    if (!this.#running || this.#socket !== null) return
    clearTimeout(this.#retry)
    this.#open()
  }

  #open(): void {
    const socket = this.#options.connect(this.#lastId)
    this.#socket = socket
    socket.addEventListener('open', () => {
      this.#attempt = 0
      this.#options.onOpen()
    })
    socket.addEventListener('message', ({ data }) => this.#read(data))
    socket.addEventListener('close', () => {
      if (this.#socket !== socket) return
      this.#socket = null
      if (this.#running) this.#waitAndRetry()
    })
  }

  #waitAndRetry(): void {
    const delay = Math.min(longestDelay, firstDelay * 2 ** this.#attempt)
    this.#attempt += 1
    // Spread, so that many windows do not come back in the same instant.
    const retryIn = Math.round(delay * (0.75 + 0.5 * (this.#options.random ?? Math.random)()))
    this.#retry = setTimeout(() => this.#open(), retryIn)
    this.#options.onLost(retryIn)
  }

  #read(data: unknown): void {
    const message = parseMessage(data)
    if (message === null) return
    switch (message.type) {
      case 'event':
        // After a resume the server may repeat what was already seen.
        if (this.#lastId !== undefined && message.event.id <= this.#lastId) return
        this.#lastId = message.event.id
        this.#waiting.push(message.event)
        this.#askFrame()
        return
      case 'changed':
        this.#changed.add(message.resource)
        this.#askFrame()
        return
      case 'gap':
        this.#lastId = message.lastId
        this.#options.onGap()
        return
      case 'pulse':
        this.#followPulse(message)
    }
  }

  #followPulse(pulse: Pulse): void {
    // A server with a smaller last id has begun a new history: what we remember means nothing to it.
    if (this.#lastId !== undefined && pulse.lastId < this.#lastId) this.#options.onGap()
    if (this.#lastId === undefined || pulse.lastId < this.#lastId) this.#lastId = pulse.lastId
    this.#options.onPulse(pulse)
  }

  #askFrame(): void {
    if (this.#frameAsked) return
    this.#frameAsked = true
    const flush = () => {
      this.#frameAsked = false
      const events = this.#waiting
      const changed = this.#changed
      this.#waiting = []
      this.#changed = new Set()
      if (events.length > 0) this.#options.onEvents(events)
      if (changed.size > 0) this.#options.onChanged(changed)
    }
    ;(this.#options.nextFrame ?? nextFrame)(flush)
  }
}

/** Animation frames stop in a hidden window; there, a slow timer keeps the queue from growing. */
function nextFrame(run: () => void): void {
  if (document.hidden) setTimeout(run, 250)
  else requestAnimationFrame(run)
}

function parseMessage(data: unknown): EventMessage | null {
  if (typeof data !== 'string') return null
  try {
    return eventMessage.safeParse(JSON.parse(data)).data ?? null
  } catch {
    return null
  }
}

/** The last calls, for the inspector: what was asked, what was answered, how long it took and what it cost. Kept in memory only. */
import type { Clock } from '../../clock.ts'
import type { StepNote } from '../calls/steps.ts'
import type { Json } from '../upstreams/connection.ts'

export interface LoggedCall {
  id: number
  at: number
  sessionId: string
  accountId: string
  upstreamId: string
  /** As the client knows it. */
  tool: string
  /** Milliseconds from the request to its answer, and how many of them the server behind took. */
  duration: number
  serverDuration: number
  state: 'succeeded' | 'failed' | 'refused'
  /** Held while it ran. */
  price: number
  /** Taken when it had succeeded. */
  credits: number
  error: string | null
  /** What stood between, and what it did. */
  steps: readonly StepNote[]
  /** Without its secrets, and where they stood in the arguments, as JSON pointers. */
  request: string
  secrets: readonly string[]
  response: string
}

const keep = 500
const cutAt = 16_384

export class CallLog {
  readonly #calls: LoggedCall[] = []
  #lastId = 0
  #telling: NodeJS.Timeout | undefined
  readonly #clock: Clock
  readonly #changed: () => void

  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock
    this.#changed = changed
  }

  /** `response` may be text already, which spares the fast path a second serialisation. */
  add(call: Omit<LoggedCall, 'id' | 'at' | 'request' | 'response'> & { request: unknown; response: Json | string | null }): LoggedCall {
    this.#lastId += 1
    const logged = { ...call, id: this.#lastId, at: this.#clock.now(), request: cut(call.request), response: cut(call.response) }
    this.#calls.push(logged)
    // In large steps, since moving the array with every call would cost more than keeping a few too many.
    if (this.#calls.length >= keep * 2) this.#calls.splice(0, this.#calls.length - keep)
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined
      this.#changed()
    }, 500).unref()
    return logged
  }

  /** Newest first. */
  list(limit: number, sessionId?: string, may: (call: LoggedCall) => boolean = () => true): LoggedCall[] {
    const of = this.#calls.filter((call) => (sessionId === undefined || call.sessionId === sessionId) && may(call))
    return of.slice(-Math.min(limit, keep)).reverse()
  }

  find(id: number): LoggedCall | undefined {
    return this.#calls.find((call) => call.id === id)
  }

  stop(): void {
    clearTimeout(this.#telling)
    this.#telling = undefined
  }
}

function cut(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(beginningOf(value, { left: cutAt + 1 })) ?? '')
  if (text.length <= cutAt) return text
  // Copied: a part of a text keeps the whole of it in memory, which for the calls kept here may be gigabytes.
  return `${Buffer.from(text.slice(0, cutAt)).toString()}…`
}

/** As much of a value as begins its text, so that megabytes are not written out only to be cut. */
function beginningOf(value: unknown, room: { left: number }): unknown {
  if (typeof value === 'string') {
    const text = value.length > room.left ? value.slice(0, Math.max(0, room.left)) : value
    room.left -= value.length
    return text
  }
  room.left -= 1
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const some: unknown[] = []
    for (const each of value) {
      if (room.left <= 0) break
      some.push(beginningOf(each, room))
    }
    return some
  }
  const some: Record<string, unknown> = {}
  for (const [key, each] of Object.entries(value)) {
    if (room.left <= 0) break
    room.left -= key.length
    some[key] = beginningOf(each, room)
  }
  return some
}

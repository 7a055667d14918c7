/** A server at the network's edge: routes answered by functions, sockets driven by the test. */
import type { Transport, TransportReply, TransportRequest } from '../../../renderer/api/transport.ts'
import { ApiError } from '../../../renderer/api/api-error.ts'

export type Answer = (request: TransportRequest) => unknown

/** Answers by `METHOD /path`; a function's value becomes the body of a 200, a `reply()` is taken as it is. */
export class FakeTransport implements Transport {
  readonly requests: TransportRequest[] = []
  readonly sockets: FakeSocket[] = []
  readonly #answers = new Map<string, Answer>()
  #down = false

  on(route: string, answer: Answer): this {
    this.#answers.set(route, answer)
    return this
  }

  /** Makes every call fail as if nothing listened. */
  down(now = true): void {
    this.#down = now
  }

  /** Bodies sent to a route, in order. */
  sent(route: string): unknown[] {
    return this.requests.filter(({ method, path }) => `${method} ${path}` === route).map(({ body }) => body)
  }

  async request(request: TransportRequest): Promise<TransportReply> {
    this.requests.push(request)
    if (this.#down) throw new ApiError(0, 'unreachable', 'Wheelhouse cannot be reached')
    const answer = this.#answers.get(`${request.method} ${request.path}`)
    if (answer === undefined)
      return reply(404, { error: { code: 'not-found', message: `Nothing answers ${request.method} ${request.path}`, requestId: 'r' } })
    const value = await answer(request)
    return value instanceof FakeReply ? value : new FakeReply(200, value)
  }

  openSocket(path: string, query: Readonly<Record<string, unknown>> = {}): WebSocket {
    const socket = new FakeSocket(path, query)
    this.sockets.push(socket)
    // The window uses only the events and close() of a WebSocket, which the fake has.
    return socket as unknown as WebSocket
  }

  address(path: string): string {
    return `http://127.0.0.1:7700${path}`
  }

  get socket(): FakeSocket {
    const last = this.sockets.at(-1)
    if (last === undefined) throw new Error('no socket was opened')
    return last
  }
}

class FakeReply implements TransportReply {
  readonly status: number
  readonly body: unknown

  constructor(status: number, body: unknown) {
    this.status = status
    this.body = body
  }
}

export const reply = (status: number, body: unknown = null): TransportReply => new FakeReply(status, body)
export const refusal = (status: number, code: string, message: string, issues: { field: string; message: string }[] = []): TransportReply =>
  reply(status, { error: { code, message, issues, requestId: 'r1' } })

export class FakeSocket extends EventTarget {
  readonly path: string
  readonly query: Readonly<Record<string, unknown>>
  closed = false

  constructor(path: string, query: Readonly<Record<string, unknown>>) {
    super()
    this.path = path
    this.query = query
  }

  open(): void {
    this.dispatchEvent(new Event('open'))
  }

  say(message: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }))
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.dispatchEvent(new Event('close'))
  }
}

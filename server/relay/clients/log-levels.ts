/** What a client hears of what servers log. */
import { isDoneWithin } from '../../async/deadline.ts'
import { plainText } from '../../plain-text.ts'
import type { Caller } from '../upstreams/callers.ts'
import type { Message } from '../upstreams/connection.ts'
import { isLevelOrAbove } from '../upstreams/log-wishes.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'

/** Milliseconds that servers have to take a level before the client is answered. */
const patience = 2_000

export interface ClientLogsParts {
  upstreams: Pick<Upstreams, 'logWishes'>
  /** Servers that the client reaches now. */
  reached(): readonly Upstream[]
  /** The client as servers meet it; some have a connection that is its alone. */
  caller: Caller
}

export class ClientLogs {
  readonly #parts: ClientLogsParts
  #level: string | undefined
  #takeBack: () => void = () => undefined

  constructor(parts: ClientLogsParts) {
    this.#parts = parts
  }

  /** From which level on the client wants to hear; undefined while it has not said. */
  get level(): string | undefined {
    return this.#level
  }

  /** Resolves when the servers have been told, or had their time. */
  async want(level: string): Promise<void> {
    this.#level = level
    this.#takeBack()
    this.#takeBack = this.#parts.upstreams.logWishes.add({ level, reaches: (server) => this.#reaches(server) })
    const own = this.#parts.reached().map((upstream) => upstream.clients.tellLevel(this.#parts.caller, level))
    await isDoneWithin(patience, Promise.allSettled([...this.#tellShared(), ...own]))
  }

  /** The same for as long as one request of the stateless era takes. */
  async wantDuring<Result>(level: string | undefined, upstream: Upstream, work: () => Promise<Result>): Promise<Result> {
    if (level === undefined || upstream.isModern) return work()
    const takeBack = this.#parts.upstreams.logWishes.add({ level, reaches: (server) => server === upstream })
    try {
      await isDoneWithin(patience, upstream.tellLogLevel())
      return await work()
    } finally {
      takeBack()
      void upstream.tellLogLevel()
    }
  }

  /** True for what is no log message. */
  hears({ method, params }: Message, upstream?: Upstream): boolean {
    const least = this.#level ?? upstream?.unaskedLogLevel
    return method !== 'notifications/message' || least === undefined || isLevelOrAbove(plainText(params?.['level']), least)
  }

  close(): void {
    this.#takeBack()
    if (this.#level !== undefined) for (const told of this.#tellShared()) void told
  }

  #tellShared(): Promise<void>[] {
    return this.#parts.reached().map((upstream) => upstream.tellLogLevel())
  }

  #reaches(server: object): boolean {
    return this.#parts.reached().some((upstream) => upstream === server)
  }
}

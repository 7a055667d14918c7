/**
 * A bot's connection, of which there is one at a time: the old one has ended before a new one is opened, and a late event of an old one
 * does nothing, since each connection's events carry the number it was opened under. What escapes from the library ends the connection it
 * escaped from, and nothing else.
 */
import { within, type Scope } from '../../isolation.ts'
import type { Connection, ConnectOptions, Engine, EngineEvents } from '../engine/engine.ts'
import type { LinkRows } from '../engine/link.ts'
import type { End, Handshakes } from './handshakes.ts'

export interface SingleConnectionParts {
  /** Names the bot to whom what escapes is ascribed. */
  userId: string
  engine: Pick<Engine, 'connect'>
  handshakes: Handshakes
  link: LinkRows
  events: EngineEvents
  /** An error of the library reached no promise; the connection has been ended. */
  onFault(reason: string): void
  /** Runs work in the room's own scope: what outlives a connection must not stay in the scope of that connection. */
  outside<Result>(work: () => Result): Result
}

export class SingleConnection {
  readonly #parts: SingleConnectionParts
  #current: Connection | null = null
  #generation = 0
  #endHandshake: End = nothing

  constructor(parts: SingleConnectionParts) {
    this.#parts = parts
  }

  get current(): Connection | null {
    return this.#current
  }

  /** After `end`. What `engine.connect` throws ends the handshake too. */
  async open(options: ConnectOptions, handshake: End): Promise<void> {
    const { engine, link, outside } = this.#parts
    const mine = this.#generation
    this.#endHandshake = handshake
    try {
      const scope = this.#scope(mine)
      const connection = await outside(() => within(scope, () => engine.connect(link, this.#events(mine), options)))
      // What escaped while it was opened has ended it already.
      if (mine !== this.#generation) return await connection.end()
      this.#current = attributed(connection, scope)
    } catch (error) {
      handshake()
      if (mine === this.#generation) throw error
    }
  }

  /** Ends what there is: the connection, or the wait for a turn. */
  async end(): Promise<void> {
    await this.#leave()
  }

  /** Calls `begin` when it is this bot's turn; its `handshake` is null when a connection was ended or opened meanwhile. */
  inTurn(begin: (handshake: () => End | null) => void): void {
    const mine = this.#generation
    this.#endHandshake = this.#parts.handshakes.wait((end) =>
      this.#parts.outside(() =>
        begin(() => {
          if (mine !== this.#generation) {
            end()
            return null
          }
          // It is the coming connection's from here on, not that of the one which is ended first.
          this.#endHandshake = nothing
          return end
        }),
      ),
    )
  }

  /** Runs what belongs to the connection and is begun by an event of it. */
  attached(work: () => void): void {
    within(this.#scope(this.#generation), work)
  }

  /** The connection hands over what it has heard while it is still ours, so it is told to end first. */
  #leave(): Promise<void> | undefined {
    const ended = this.#current?.end()
    this.#generation += 1
    this.#current = null
    this.#endHandshake()
    return ended
  }

  #scope(mine: number): Scope {
    return {
      room: 'bots',
      kind: 'bot',
      id: this.#parts.userId,
      escaped: async (_error, reason) => {
        // The last words of a connection that is over already.
        if (mine !== this.#generation) return
        const ended = this.#leave()
        this.#parts.onFault(reason)
        await ended
      },
    }
  }

  #events(mine: number): EngineEvents {
    const { events, outside } = this.#parts
    const current =
      <Arguments extends unknown[]>(work: (...given: Arguments) => void) =>
      (...given: Arguments): void => {
        if (mine === this.#generation) outside(() => work(...given))
      }
    /** Of those that say that WhatsApp has answered, or never will. */
    const answered = <Arguments extends unknown[]>(work: (...given: Arguments) => void) =>
      current((...given: Arguments) => {
        this.#endHandshake()
        work(...given)
      })
    return {
      qr: answered(events.qr),
      open: answered(events.open),
      closed: answered((close) => {
        this.#current = null
        this.#generation += 1
        events.closed(close)
      }),
      codeRetired: current(events.codeRetired),
      codeRefused: current(events.codeRefused),
      linked: current(events.linked),
      passkeyDemanded: current(events.passkeyDemanded),
      passkeyCode: current(events.passkeyCode),
      passkeyFailed: current(events.passkeyFailed),
      name: current(events.name),
      arrived: current(events.arrived),
      message: current(events.message),
      progress: current(events.progress),
      refused: current(events.refused),
      happened: current(events.happened),
      sent: events.sent,
    }
  }
}

/** Whoever calls: what the library starts then and leaves running is the connection's. */
function attributed<Calls extends object>(calls: Calls, scope: Scope): Calls {
  const parts = Object.entries(calls).map(([name, part]: [string, unknown]) => [
    name,
    typeof part === 'function'
      ? (...given: unknown[]): unknown => within(scope, () => Reflect.apply(part, calls, given) as unknown)
      : typeof part === 'object' && part !== null
        ? attributed(part, scope)
        : part,
  ])
  return Object.fromEntries(parts) as Calls // the same calls under the same names
}

function nothing(): void {}

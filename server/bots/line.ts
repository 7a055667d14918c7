/**
 * A bot's connection, of which there is one at a time: the old one has ended before a new one is opened, and a late event of an old one does
 * nothing, since each connection's events carry the number it was opened under.
 */
import type { Connection, ConnectOptions, Engine, EngineEvents } from './engine.ts'
import type { End, Handshakes } from './handshakes.ts'
import type { StoredAuth } from './store.ts'

export interface LineParts {
  engine: Pick<Engine, 'connect'>
  handshakes: Handshakes
  auth: StoredAuth
  events: EngineEvents
}

export class Line {
  connection: Connection | null = null
  private readonly parts: LineParts
  private generation = 0
  private endHandshake: End = nothing

  constructor(parts: LineParts) {
    this.parts = parts
  }

  /** After `end`. What `engine.connect` throws ends the handshake too. */
  async open(options: ConnectOptions, handshake: End): Promise<void> {
    const { engine, auth } = this.parts
    this.endHandshake = handshake
    try {
      this.connection = await engine.connect(auth, this.events(this.generation), options)
    } catch (error) {
      handshake()
      throw error
    }
  }

  /** Ends what there is: the connection, or the wait for a turn. */
  async end(): Promise<void> {
    this.generation += 1
    const { connection } = this
    this.connection = null
    this.endHandshake()
    await connection?.end()
  }

  /** Calls `begin` when it is this bot's turn; its `handshake` is null when the line was ended or opened meanwhile. */
  inTurn(begin: (handshake: () => End | null) => void): void {
    const mine = this.generation
    this.endHandshake = this.parts.handshakes.wait((end) =>
      begin(() => {
        if (mine !== this.generation) {
          end()
          return null
        }
        // It is the coming connection's from here on, not that of the one which is ended first.
        this.endHandshake = nothing
        return end
      }),
    )
  }

  private events(mine: number): EngineEvents {
    const { events } = this.parts
    const current = <Arguments extends unknown[]>(work: (...given: Arguments) => void) => (...given: Arguments): void => {
      if (mine === this.generation) work(...given)
    }
    /** Of those that say that WhatsApp has answered, or never will. */
    const answered = <Arguments extends unknown[]>(work: (...given: Arguments) => void) => current((...given: Arguments) => {
      this.endHandshake()
      work(...given)
    })
    return {
      qr: answered(events.qr),
      open: answered(events.open),
      closed: answered((code, words) => {
        this.connection = null
        events.closed(code, words)
      }),
      linked: current(events.linked),
      passkeyDemanded: current(events.passkeyDemanded),
      passkeyCode: current(events.passkeyCode),
      passkeyFailed: current(events.passkeyFailed),
      name: current(events.name),
      message: current(events.message),
      progress: current(events.progress),
      sent: events.sent,
    }
  }
}

function nothing(): void {}

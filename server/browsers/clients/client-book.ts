/** Who is connected to a session: programs, each of which keeps it as a lease does for as long as it is there, and those who look on. */
import { randomBytes } from 'node:crypto'
import { iso, type Clock } from '../../clock.ts'
import type { ClientView } from '../contract/resources.ts'
import type { SessionEventFacts } from '../events.ts'
import { BrowserFault } from '../fault.ts'

export type HowLeft = SessionEventFacts<'client-left'>['how']

/** Somebody who joins. */
export interface Joining {
  kind: ClientView['kind']
  /** As it calls itself. */
  name: string
  /** The library and its version, as far as it says; else null. */
  program: string | null
  address: string
  /** A program that a person keeps waiting. */
  waits(): boolean
  /** Its connection is to end; `leave` follows. */
  end(how: HowLeft): void
}

export interface BookHooks {
  onJoined(client: Joining): void
  onLeft(client: Joining, how: HowLeft): void
  /** One of them waits, or goes on. */
  onChanged(): void
}

interface Connected extends Joining {
  id: string
  since: number
}

/** Programs that may drive one session at a time, and people who may look on. */
const most = { program: 16, view: 64 }

export class ClientBook {
  readonly #clock: Clock
  readonly #hooks: BookHooks
  readonly #connected = new Map<string, Connected>()
  #closed = false

  constructor(clock: Clock, hooks: BookHooks = { onJoined: () => undefined, onLeft: () => undefined, onChanged: () => undefined }) {
    this.#clock = clock
    this.#hooks = hooks
  }

  /** Programs that drive it. */
  get count(): number {
    return this.#of('program').length
  }

  /** The one that has been there longest, for words; null when there is none. */
  get first(): string | null {
    return this.#of('program')[0]?.name ?? null
  }

  /** Throws `session-not-found` when the session has ended, and `too-many-clients`. */
  checkRoom(kind: ClientView['kind']): void {
    if (this.#closed) throw new BrowserFault('session-not-found', 'Session not found')
    if (this.#of(kind).length >= most[kind])
      throw new BrowserFault('too-many-clients', `${most[kind]} clients are connected to this session`)
  }

  /** Returns what is to be called when it has left. Throws what `checkRoom` throws. */
  join(joining: Joining): (how: HowLeft) => void {
    this.checkRoom(joining.kind)
    const id = `client_${randomBytes(9).toString('base64url')}`
    this.#connected.set(id, { ...joining, id, since: this.#clock.now() })
    this.#hooks.onJoined(joining)
    return (how) => {
      if (this.#connected.delete(id)) this.#hooks.onLeft(joining, how)
    }
  }

  changed(): void {
    this.#hooks.onChanged()
  }

  /** Ends the connection of one and nothing else. False when there is none of this id. */
  end(id: string): boolean {
    const client = this.#connected.get(id)
    client?.end('ended')
    return client !== undefined
  }

  list(): ClientView[] {
    return [...this.#connected.values()].map(({ id, kind, name, program, address, since, waits }) => ({
      ...{ id, kind, name, program, address },
      state: kind === 'view' ? 'watches' : waits() ? 'waits' : 'attached',
      since: iso(since),
    }))
  }

  /** The session ends: nobody is connected any more, and nobody can be. */
  close(): void {
    this.#closed = true
    this.#connected.clear()
  }

  #of(kind: ClientView['kind']): Connected[] {
    return [...this.#connected.values()].filter((client) => client.kind === kind)
  }
}

/** Who uses a session: callers with a lease, programs that are connected, the person who drives it; and when somebody last did. */
import { ClientBook } from '../clients/client-book.ts'
import { LeaseBook } from './leases.ts'
import type { SessionCore } from './session-core.ts'
import { TakeOver } from './take-over.ts'
import { Usage } from './usage.ts'

export interface UseHooks {
  /** Its browser can be driven. */
  isUp(): boolean
  /** The person gave keyboard and mouse back; not told once the session ends. */
  onGivingBack(): void
  onGivenBack(): void
}

export class SessionUse {
  readonly leases: LeaseBook
  readonly clients: ClientBook
  readonly control: TakeOver
  readonly usage: Usage
  readonly #core: SessionCore

  constructor(core: SessionCore, { isUp, onGivingBack, onGivenBack }: UseHooks) {
    const { clock } = core
    this.#core = core
    this.usage = new Usage(clock)
    this.leases = new LeaseBook(clock, {
      onTaken: ({ holder }) => {
        this.#begins()
        core.record('lease-taken', { holder }, holder)
      },
      onEnded: ({ holder }, how) => {
        this.#ends()
        core.record('lease-ended', { holder, how }, holder)
      },
    })
    this.clients = new ClientBook(clock, {
      onJoined: ({ kind, name, program }) => {
        if (kind === 'view') return core.changed()
        this.#begins()
        core.record('client-joined', { client: name, program: program ?? '' }, name)
      },
      onLeft: ({ kind, name }, how) => {
        if (kind === 'view' || !core.live) return core.changed()
        this.#ends()
        core.record('client-left', { client: name, how }, name)
      },
      onChanged: () => core.changed(),
    })
    this.control = new TakeOver(clock, {
      isPossible: () => core.live && isUp(),
      onTaken: (by) => {
        this.touch()
        core.handle('taken-over')
        core.record('took-over', {}, by)
      },
      onGivenBack: (by) => {
        if (!core.live) return
        this.touch()
        onGivingBack()
        core.handle('given-back')
        core.record('given-back', {}, by)
        onGivenBack()
      },
    })
  }

  /** Leases that are held, and programs that are connected. */
  get count(): number {
    return this.leases.count + this.clients.count
  }

  /** By somebody who minds what becomes of the pages, or a call that waits; programs that are connected do not count. */
  get isHeld(): boolean {
    return this.usage.isHeld || this.leases.count > 0 || this.control.holder !== null
  }

  touch(): void {
    this.usage.touch()
    this.#core.changed()
  }

  /** Keeps the session from being evicted or refreshed while a call waits for it, without the words of a lease. Returns what ends it. */
  hold(): () => void {
    return this.usage.hold(() => this.#core.changed())
  }

  #begins(): void {
    this.touch()
    this.#core.handle('lease-taken')
  }

  #ends(): void {
    // Use ends now, so the idle time begins now.
    this.touch()
    if (this.count === 0) this.#core.handle('leases-ended')
  }
}

/**
 * Calls that a death of the process has cut off: their servers may have done the work, and nobody had the answer. Their price stays held,
 * so that nobody spends it meanwhile, until a person decides: taken, or given back. What nobody has decided within seven days is given
 * back, since the account got nothing for it.
 */
import { iso, type Clock } from '../../clock.ts'
import type { Announcer } from '../../events/event-types.ts'
import type { Accounts } from '../accounts.ts'
import type { relayEvents } from '../events.ts'
import { RelayFault } from '../fault.ts'
import type { Doubt, DoubtsStore, Outcome } from './doubts-store.ts'
import type { Holds } from './holds.ts'

export interface DoubtsOptions {
  store: DoubtsStore
  accounts: Accounts
  holds: Holds
  clock: Clock
  events: Announcer<typeof relayEvents>
  /** A session has been charged. */
  spent(sessionId: string, credits: number): void
  changed(): void
}

const week = 7 * 86_400_000

export class Doubts {
  readonly #options: DoubtsOptions
  /** What was begun up to here is of a process before this one. */
  readonly #lastOfOthers: number
  readonly #open = new Map<number, Doubt>()
  readonly #began: { now: number; monotonic: number }

  constructor(options: DoubtsOptions) {
    this.#options = options
    this.#began = { now: options.clock.now(), monotonic: options.clock.monotonic() }
    this.#lastOfOthers = options.store.lastBegun()
  }

  /** Finds what was cut off, and holds it. Done again, it finds nothing new. */
  recover(): void {
    const { store, holds, clock, events, changed } = this.#options
    const found = store.mark(clock.now(), this.#lastOfOthers)
    for (const doubt of store.open()) {
      if (this.#open.has(doubt.id)) continue
      this.#open.set(doubt.id, doubt)
      holds.add(doubt)
    }
    if (found === 0) return
    events.emit({ type: 'calls-in-doubt', data: { calls: found } })
    changed()
  }

  /** Newest first. */
  open(): Doubt[] {
    return [...this.#open.values()].sort((a, b) => b.id - a.id)
  }

  /** The last decided ones, newest first. */
  settled(limit: number): Doubt[] {
    return this.#options.store.settled(limit)
  }

  /**
   * Takes their price or gives it back, all of them or none. Less is taken where the account has less by now. Throws `call-not-in-doubt`,
   * `user-not-found` for credits that are to be taken from nobody.
   */
  settle(ids: readonly number[], outcome: Outcome, reason: string, by: string): Doubt[] {
    const { store, accounts, clock } = this.#options
    const doubts = [...new Set(ids)].map((id) => this.#open.get(id) ?? this.#unknown(id))
    if (outcome === 'taken' && doubts.some(({ accountId }) => accounts.find(accountId) === undefined))
      throw new RelayFault('user-not-found', 'The account is no more: its credits can only be given up')
    const at = clock.now()
    if (!store.settle(doubts, { outcome, reason, by, at, month: iso(at).slice(0, 7) }, accounts.spend)) throw notInDoubt()
    return doubts.map((doubt) => this.#close(doubt, outcome, by))
  }

  /** Gives back what nobody has decided in time. */
  expire(): void {
    const now = this.#soberNow()
    const due = [...this.#open.values()].filter(({ inDoubtSince }) => inDoubtSince + week <= now).map(({ id }) => id)
    if (due.length > 0) this.settle(due, 'given-back', 'Not decided within seven days', 'wheelhouse')
  }

  /** No later than as much time has really gone by: a wall clock that is put ahead decides over nobody's credits. */
  #soberNow(): number {
    const { clock } = this.#options
    return Math.min(clock.now(), this.#began.now + clock.monotonic() - this.#began.monotonic)
  }

  #close(doubt: Doubt, outcome: Outcome, actor: string): Doubt {
    const { store, holds, events, spent, changed } = this.#options
    this.#open.delete(doubt.id)
    holds.remove(doubt)
    const { accountId: account, sessionId: session, credits } = doubt
    const settled = store.find(doubt.id) ?? doubt
    spent(session, settled.taken ?? 0)
    events.emit({
      type: outcome === 'taken' ? 'doubt-taken' : 'doubt-given-back',
      subject: `${doubt.upstream}: ${doubt.tool}`,
      actor,
      data: { account, session, credits },
    })
    changed()
    return settled
  }

  #unknown(id: number): never {
    throw notInDoubt(id)
  }
}

function notInDoubt(id?: number): RelayFault {
  return new RelayFault('call-not-in-doubt', 'A call named here is not in doubt, or no longer', id === undefined ? {} : { id })
}

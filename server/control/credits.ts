/**
 * The credits of accounts as people and programs change them: added, taken or set, each with a reason and readable afterwards. The charges
 * of calls stand with the relay; both together explain a balance to the credit.
 */
import { iso, type Clock } from '../clock.ts'
import type { CreditChange, CreditOrder } from './contract/credits.ts'
import type { CreditsStore, StoredCreditChange } from './credits-store.ts'
import { ControlFault } from './fault.ts'

export const mostCredits = 1_000_000_000

export interface CreditsOptions {
  store: CreditsStore
  clock: Clock
}

/** One account as it is in the transaction that changes it. */
export interface Purse {
  id: string
  credits: number
}

export class Credits {
  readonly #store: CreditsStore
  readonly #clock: Clock

  constructor({ store, clock }: CreditsOptions) {
    this.#store = store
    this.#clock = clock
  }

  /** Notes what an account begins with. */
  opened({ id, credits }: Purse, actor: string): void {
    this.#note({ accountId: id, kind: 'opening', credits, balance: credits, reason: null, actor, idempotencyKey: null })
  }

  /** Notes that its credits were set without a word. */
  wereSet({ id, credits: before }: Purse, balance: number, actor: string): void {
    if (balance === before) return
    this.#note({ accountId: id, kind: 'set', credits: balance - before, balance, reason: null, actor, idempotencyKey: null })
  }

  /**
   * Does it in one transaction: `read` gives the account as it is, `write` its new balance. The same order under the same key is done once,
   * and answered as it was then. Taking takes nothing that calls hold; setting sets, and a call under way costs what is left. Throws
   * `credits-short`, `credits-too-many`, `idempotency-key-reused`.
   */
  order(
    order: CreditOrder,
    { read, write, held }: { read(): Purse; write(balance: number): void; held(): number },
    actor: string,
  ): { change: CreditChange; isNew: boolean } {
    return this.#store.together(() => {
      const { id, credits } = read()
      const key = order.idempotencyKey ?? null
      const before = key === null ? undefined : this.#store.byKey(id, key)
      if (before !== undefined) return { change: repeated(order, before), isNew: false }
      const balance = this.#balanceAfter(order, credits, held)
      write(balance)
      const change = { accountId: id, kind: kindOf(order), credits: balance - credits, balance }
      return { change: view(this.#note({ ...change, reason: order.reason, actor, idempotencyKey: key })), isNew: true }
    })
  }

  /** Newest first. */
  history(accountId: string, before: number | undefined, limit: number): CreditChange[] {
    return this.#store.page(accountId, before ?? Number.MAX_SAFE_INTEGER, limit).map(view)
  }

  #balanceAfter({ add, take, set }: CreditOrder, credits: number, held: () => number): number {
    if (set !== undefined) return set
    if (add !== undefined) {
      if (credits + add > mostCredits) throw new ControlFault('credits-too-many', `An account has at most ${mostCredits} credits`)
      return credits + add
    }
    const wanted = take ?? 0
    const holds = held()
    const free = Math.max(0, credits - holds)
    if (wanted > free)
      throw new ControlFault('credits-short', `Only ${free} credits can be taken: ${credits} there, ${holds} of them held by calls`, {
        credits,
        held: holds,
        shortBy: wanted - free,
      })
    return credits - wanted
  }

  #note(change: Omit<StoredCreditChange, 'id' | 'at'>): StoredCreditChange {
    return this.#store.insert({ ...change, at: this.#clock.now() })
  }
}

function kindOf({ add, take }: CreditOrder): 'add' | 'take' | 'set' {
  return add !== undefined ? 'add' : take !== undefined ? 'take' : 'set'
}

function repeated(order: CreditOrder, before: StoredCreditChange): CreditChange {
  const asks = order.add ?? order.set ?? -(order.take ?? 0)
  const asked = before.kind === 'set' ? before.balance : before.credits
  if (kindOf(order) !== before.kind || asks !== asked || order.reason !== before.reason)
    throw new ControlFault('idempotency-key-reused', 'This key was used for another change of the account')
  return view(before)
}

function view({ accountId: _, at, ...change }: StoredCreditChange): CreditChange {
  return { ...change, at: iso(at) }
}

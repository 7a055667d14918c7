/**
 * Copies of the secrets in session addresses, sealed, only for showing an address again: without a sealing key sessions work all the same.
 */
import type { Sealer } from '../../secrets/sealer.ts'
import type { SessionStore, StoredSession } from './store.ts'

export class SealedAddresses {
  readonly #store: SessionStore
  readonly #sealer: Sealer

  constructor(store: SessionStore, sealer: Sealer) {
    this.#store = store
    this.#sealer = sealer
  }

  /** Empty when nothing can be sealed at the moment. */
  seal(sessionId: string, id: string): Buffer {
    try {
      return this.#sealer.seal(sessionId, contextOf(id))
    } catch {
      return Buffer.alloc(0)
    }
  }

  /** Null for one that cannot be opened. */
  open({ id, sealed }: Pick<StoredSession, 'id' | 'sealed'>): string | null {
    try {
      return this.#sealer.open(sealed, contextOf(id)).toString('utf8')
    } catch {
      return null
    }
  }

  /** Sessions whose addresses cannot be shown; they work all the same. */
  locked(): string[] {
    return this.#store.sealed().flatMap((session) => (this.open(session) === null ? [session.id] : []))
  }

  /** Gives up the copies that cannot be opened. */
  giveUpLocked(): void {
    this.#store.dropSealed(this.locked())
  }
}

function contextOf(id: string): string {
  return `relay:session:${id}`
}

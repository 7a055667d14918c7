/** The accounts of the relay: who they are and what credits they have. */
import type { Database } from 'better-sqlite3'
import { iso, type Clock } from '../clock.ts'
import type { EventSink } from '../events/event.ts'
import { createAnnouncer } from '../events/event-types.ts'
import { ControlFault } from './fault.ts'
import { randomBase62, type RandomBytes } from '../secrets/random.ts'
import type { CreditChange, CreditOrder, UserView } from './contract/index.ts'
import { Credits } from './credits.ts'
import { createCreditsStore } from './credits-store.ts'
import { controlEvents } from './events.ts'
import { createUserStore, type StoredUser } from './users-store.ts'

export interface Users {
  /** Oldest first. */
  list(): UserView[]
  /** Throws `user-not-found`. */
  get(id: string): UserView
  find(id: string): Pick<UserView, 'id' | 'primaryEmail' | 'credits'> | undefined
  /** Takes credits, as many as there are, and says how many; no event, since every paid call does it. */
  spend(id: string, credits: number): number
  /** Throws `user-taken` when the id or the address belongs to another account. */
  create(user: { id?: string | undefined; primaryEmail: string; credits: number }, actor: string): UserView
  /** Throws `user-not-found`, `user-taken`. */
  change(id: string, patch: { primaryEmail?: string | undefined; credits?: number | undefined }, actor: string): UserView
  /**
   * Adds credits, takes them or sets them; taking leaves those that calls hold. Throws `user-not-found`, `credits-short`,
   * `credits-too-many`, `idempotency-key-reused`.
   */
  changeCredits(id: string, order: CreditOrder, actor: string, held?: (id: string) => number): { user: UserView; change: CreditChange }
  /** Newest first. Throws `user-not-found`. */
  creditHistory(id: string, before: number | undefined, limit: number): CreditChange[]
  /** Throws `user-not-found`. */
  remove(id: string, actor: string): void
}

export interface UsersOptions {
  database: Database
  clock: Clock
  events: EventSink
  random?: RandomBytes
}

export function createUsers({ database, clock, events, random }: UsersOptions): Users {
  const announcer = createAnnouncer(events, 'control', controlEvents)
  const store = createUserStore(database)
  const creditsStore = createCreditsStore(database)
  const book = new Credits({ store: creditsStore, clock })

  function find(id: string): StoredUser {
    const user = store.find(id)
    if (user === undefined) throw new ControlFault('user-not-found', 'There is no such account', { id })
    return user
  }

  function refuseTakenEmail(email: string, id: string): void {
    const holder = store.idOfEmail(email)
    if (holder !== undefined && holder !== id)
      throw new ControlFault('user-taken', 'Another account has this address', { field: 'primaryEmail' })
  }

  function tell(type: 'user-created' | 'user-changed' | 'user-removed', user: StoredUser, actor: string): void {
    announcer.emit({ type, subject: user.primaryEmail, actor, data: { id: user.id, credits: user.credits } })
  }

  return {
    list: () => store.all().map(view),
    get: (id) => view(find(id)),
    find(id) {
      const user = store.find(id)
      return user === undefined ? undefined : { id: user.id, primaryEmail: user.primaryEmail, credits: user.credits }
    },
    spend: (id, credits) => store.spend(id, credits),

    create({ id = `user_${randomBase62(16, random)}`, primaryEmail, credits }, actor) {
      if (store.find(id) !== undefined) throw new ControlFault('user-taken', 'Another account has this id', { field: 'id' })
      refuseTakenEmail(primaryEmail, id)
      const user = { id, primaryEmail, credits, createdAt: clock.now() }
      creditsStore.together(() => {
        store.insert(user)
        book.opened(user, actor)
      })
      tell('user-created', user, actor)
      return view(user)
    },

    change(id, { primaryEmail, credits }, actor) {
      const before = find(id)
      const user = { ...before, primaryEmail: primaryEmail ?? before.primaryEmail, credits: credits ?? before.credits }
      refuseTakenEmail(user.primaryEmail, id)
      creditsStore.together(() => {
        store.update(user)
        book.wereSet(before, user.credits, actor)
      })
      tell('user-changed', user, actor)
      return view(user)
    },

    changeCredits(id, order, actor, held = () => 0) {
      const { change, isNew } = book.order(
        order,
        { read: () => find(id), write: (credits) => store.update({ ...find(id), credits }), held: () => held(id) },
        actor,
      )
      const user = find(id)
      if (isNew) tell('user-changed', user, actor)
      return { user: view(user), change }
    },

    creditHistory: (id, before, limit) => book.history(find(id).id, before, limit),

    remove(id, actor) {
      const user = find(id)
      store.remove(id)
      tell('user-removed', user, actor)
    },
  }
}

function view({ createdAt, ...user }: StoredUser): UserView {
  return { ...user, createdAt: iso(createdAt) }
}

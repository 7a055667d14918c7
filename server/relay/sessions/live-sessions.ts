/**
 * Sessions as requests name them, by the secret in their address: most are answered from memory, and when one was used is written in
 * groups.
 */
import type { Clock } from '../../clock.ts'
import { RelayFault } from '../fault.ts'
import { hashSecret } from '../../secrets/hash.ts'
import type { SessionStore, StoredSession } from './store.ts'

/** Longest that a validation may be answered from memory, ms; ends of sessions are known at once all the same. */
const cacheFor = 300_000
const cacheSize = 10_000

export class LiveSessions {
  readonly #store: SessionStore
  readonly #clock: Clock
  /** By secret id; kept in memory only. */
  readonly #cache = new Map<string, { session: StoredSession; until: number }>()
  /** Written in groups: a disk write for every call would cost more than the call. */
  readonly #uses = new Map<string, number>()

  constructor(store: SessionStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Throws `session-not-found`, `session-expired`. */
  get(sessionId: string): StoredSession {
    const cached = this.#cache.get(sessionId)
    const isFresh = cached !== undefined && cached.until > this.#clock.monotonic()
    const session = isFresh ? cached.session : this.#store.byHash(hashSecret(sessionId))
    if (session === undefined) throw new RelayFault('session-not-found')
    if (session.expiresAt <= this.#clock.now()) throw new RelayFault('session-expired')
    if (session !== cached?.session) this.#remember(sessionId, session)
    return session
  }

  noteUse(id: string): void {
    this.#uses.set(id, this.#clock.now())
  }

  /** As they are stored, with the uses that are not written yet. */
  withUses(sessions: readonly StoredSession[]): StoredSession[] {
    return sessions.map((session) => ({ ...session, lastUsedAt: this.#uses.get(session.id) ?? session.lastUsedAt }))
  }

  /** Writes when sessions were last used. */
  flush(): void {
    if (this.#uses.size === 0) return
    this.#store.touch(this.#uses)
    this.#uses.clear()
  }

  /** It has changed: the next request reads it anew. */
  forget(id: string): void {
    for (const [sessionId, { session }] of this.#cache) if (session.id === id) this.#cache.delete(sessionId)
  }

  forgetAll(): void {
    this.#cache.clear()
  }

  /** It is no more. */
  end(id: string): void {
    this.forget(id)
    this.#uses.delete(id)
  }

  dropExpired(now: number): void {
    for (const [sessionId, { session }] of this.#cache) if (session.expiresAt <= now) this.#cache.delete(sessionId)
  }

  #remember(sessionId: string, session: StoredSession): void {
    const oldest = this.#cache.size >= cacheSize ? this.#cache.keys().next().value : undefined
    if (oldest !== undefined) this.#cache.delete(oldest)
    this.#cache.set(sessionId, { session, until: this.#clock.monotonic() + cacheFor })
  }
}

/**
 * The keys that sign login tokens: one signs, those before it verify until every token they signed is over.
 *
 * The algorithm belongs to the key, never to the token: what a token's header says is compared with it and nothing else.
 */
import type { Clock } from '../../clock.ts'
import type { EventSink } from '../../events/event.ts'
import { createAnnouncer } from '../../events/event-types.ts'
import type { Fault } from '../../fault.ts'
import { LoginFault } from '../fault.ts'
import type { Log } from '../../log.ts'
import { diskRefusal } from '../../store/disk.ts'
import { loginEvents } from '../events.ts'
import type { Claims } from '../tokens/claims.ts'
import type { KeyRecord, KeyStore, LastSigning, LockedKey, SigningAlgorithm } from './keys-store.ts'
import { newKey, usableKey, type KeyView, type UsableKey } from './usable-key.ts'
import { createTokenVerifier, type Verified } from './verifier.ts'

/** What became of keys that were there: all are others now, or none was found and one was made. */
export interface LostKeys {
  at: number
  before: LastSigning
  now: LastSigning
}

/** `unread`: the store cannot be reached. `locked`: the key that signs was sealed under another key than the one at hand. */
export type SigningState = 'ready' | 'unread' | 'locked'

export interface SigningKeys {
  /** Reads the keys, and makes the first one where there is none. */
  start(): Promise<void>
  /** Whether other servers have them too. */
  readonly shared: boolean
  state(): SigningState
  /** Those that do not open. */
  locked(): readonly LockedKey[]
  /** Since this server started. */
  lost(): LostKeys | null
  /**
   * Goes on without the keys that do not open. Where other servers may hold what opens them they only stop signing; else they are removed.
   * Resolves with whether a token could still be good: false when no key is left that signed any.
   */
  giveUp(oldVerifyUntil: number, actor: string): Promise<{ keys: number; anyUsable: boolean }>
  /** Throws `signing-keys-locked`, or `store-unavailable` while the keys cannot be read. */
  sign(claims: Claims): string
  /** Signature, algorithm, issuer and audience; time is the session's matter. */
  verify(token: string): Verified
  /** The same, and a key whose own time is over counts: what is ended must stay so when the clock goes back. */
  verifyForEnding(token: string): Verified
  /**
   * Reads the keys again where other servers may have changed them, and resolves once they are known as they were at the time of the call
   * or later. Any stranger can send tokens of unknown keys, so all who ask share one reading, and readings are some time apart.
   */
  reload(): Promise<void>
  /** The one that signs first, then the youngest. */
  list(): KeyView[]
  rotate(algorithm: SigningAlgorithm, oldVerifyUntil: number, actor: string): Promise<KeyView>
  /** Ends what a key verifies at once. Throws `key-not-found`, and `key-in-use` for the key that signs. */
  remove(id: string, actor: string): Promise<void>
  /** RFC 7517: the public keys; a shared secret has none. */
  jwks(): { keys: Record<string, unknown>[] }
  onChange(listener: () => void): () => void
  stop(): void
}

/** Ms between two readings that strangers can ask for. */
const reloadEvery = 100

export function createSigningKeys({
  store,
  clock,
  events,
  log,
}: {
  store: KeyStore
  clock: Clock
  events: EventSink
  log: Pick<Log, 'warn'>
}): SigningKeys {
  const announcer = createAnnouncer(events, 'logins', loginEvents)
  let keys = new Map<string, UsableKey>()
  let signing: UsableKey | undefined
  let lockedKeys = new Map<string, LockedKey>()
  let lost: LostKeys | null = null
  /** What is removed now is removed on purpose. */
  let givingUp = false
  /** Why they could not be read or made, until they are. */
  let trouble: unknown
  let stopWatching = (): void => undefined
  let reloadedAt = -Infinity
  let reloading: Promise<void> | undefined
  const verifier = createTokenVerifier({ keyOf: (id) => keys.get(id), isLocked: (id) => lockedKeys.has(id) })
  const listeners = new Set<() => void>()

  const isUsable = ({ verifyUntil }: UsableKey): boolean => verifyUntil === null || verifyUntil > clock.now()

  async function load(): Promise<void> {
    const { records, locked } = await store.load()
    lockedKeys = new Map(locked.map((key) => [key.id, key]))
    if (isKnown(records)) return
    const usable = records.map((record) => keys.get(record.id) ?? usableKey(record))
    keys = new Map(usable.map((key, index) => [key.id, Object.assign(key, { verifyUntil: records[index]?.verifyUntil ?? null })]))
    signing = [...keys.values()].filter(({ verifyUntil }) => verifyUntil === null).at(-1)
    for (const key of keys.values()) key.signs = key === signing
    if (signing !== undefined) notice(signing)
    verifier.forget()
    for (const listener of listeners) listener()
  }

  /** Remembers which key signs, and notices when none is left of those that did. */
  function notice({ id, algorithm }: UsableKey): void {
    const last = store.last.read()
    if (last?.id === id) return
    if (last !== null && !keys.has(last.id) && !lockedKeys.has(last.id) && lost === null && !givingUp) {
      lost = { at: clock.now(), before: last, now: { id, algorithm } }
      const data = { before: last.id, beforeAlgorithm: last.algorithm, algorithm }
      announcer.emit({
        type: 'keys-lost',
        subject: id,
        data,
      })
    }
    try {
      store.last.write({ id, algorithm })
    } catch (error) {
      // A disk that refuses must not keep keys from being used that are there.
      log.warn({ error: String(error) }, 'which key signs cannot be remembered')
    }
  }

  /**
   * The first key, or the next one where all were lost: of the algorithm that was chosen, which those who verify with public keys rely on.
   */
  async function ensure(): Promise<void> {
    await load()
    if (signing !== undefined || isLocked()) return
    await store.add(newKey(store.last.read()?.algorithm ?? 'HS256', clock.now()), clock.now(), true)
    await load()
  }

  function isLocked(): boolean {
    return signing === undefined && [...lockedKeys.values()].some(({ verifyUntil }) => verifyUntil === null)
  }

  async function rotate(algorithm: SigningAlgorithm, oldVerifyUntil: number): Promise<KeyView> {
    const next = newKey(algorithm, clock.now())
    await store.add(next, oldVerifyUntil, false)
    await load()
    return { id: next.id, algorithm, createdAt: next.createdAt, verifyUntil: null, signs: true }
  }

  /** Nothing is forgotten and nobody told when a reading brings nothing new. */
  function isKnown(records: readonly KeyRecord[]): boolean {
    return records.length === keys.size && records.every(({ id, verifyUntil }) => keys.get(id)?.verifyUntil === verifyUntil)
  }

  /** What fails is said by whoever needs a key, and tried again. */
  async function start(): Promise<void> {
    try {
      await ensure()
      trouble = undefined
    } catch (error) {
      trouble = error
      throw error
    }
  }

  return {
    shared: store.shared,
    start() {
      stopWatching()
      // Where it fails the store is away; the keys are read when it is back.
      stopWatching = store.onChange(() => void start().catch(() => undefined))
      return start()
    },
    state: () => (signing !== undefined ? 'ready' : isLocked() ? 'locked' : 'unread'),
    locked: () => [...lockedKeys.values()],
    lost: () => lost,

    sign(claims) {
      if (signing !== undefined) return signing.sign(claims)
      if (isLocked()) throw lockedFault()
      // The disk's own words have an answer of their own.
      if (diskRefusal(trouble) !== null || LoginFault.is(trouble, 'sealed-locked')) throw trouble
      throw new LoginFault('store-unavailable', 'The signing keys cannot be read', {}, { cause: trouble })
    },

    async giveUp(oldVerifyUntil, actor) {
      await load()
      const locked = [...lockedKeys.values()]
      const anyUsable = keys.size > 0 || store.shared
      const [lastSigning] = locked.filter(({ verifyUntil }) => verifyUntil === null)
      if (locked.length === 0) return { keys: 0, anyUsable: true }
      givingUp = true
      try {
        // The new key first: where it cannot be sealed nothing is removed.
        if (lastSigning !== undefined) await rotate(lastSigning.algorithm, oldVerifyUntil)
        if (!store.shared) for (const { id } of locked) await store.remove(id)
        await load()
      } finally {
        givingUp = false
      }
      announcer.emit({
        type: 'keys-given-up',
        actor,
        data: { keys: locked.length, removed: !store.shared },
      })
      return { keys: locked.length, anyUsable }
    },

    verify: (token) => verifier.verify(token, isUsable),
    verifyForEnding: (token) => verifier.verify(token, () => true),

    reload() {
      if (!store.shared) return Promise.resolve()
      reloading ??= pause(reloadedAt + reloadEvery - clock.monotonic()).then(() => {
        reloadedAt = clock.monotonic()
        // Whoever asks from now on needs a reading that begins later.
        reloading = undefined
        return load()
      })
      return reloading
    },

    list: () =>
      [...keys.values()]
        .map(({ id, algorithm, createdAt, verifyUntil, signs }) => ({ id, algorithm, createdAt, verifyUntil, signs }))
        .toSorted((a, b) => Number(b.signs) - Number(a.signs) || b.createdAt - a.createdAt),

    async rotate(algorithm, oldVerifyUntil, actor) {
      const next = await rotate(algorithm, oldVerifyUntil)
      announcer.emit({ type: 'key-rotated', subject: next.id, actor, data: { algorithm } })
      return next
    },

    async remove(id, actor) {
      const key = keys.get(id)
      if (key === undefined) throw new LoginFault('key-not-found', 'There is no such key')
      if (key.signs) throw new LoginFault('key-in-use', 'This key signs new tokens; rotate first')
      await store.remove(id)
      await load()
      announcer.emit({
        type: 'key-removed',
        subject: id,
        actor,
        data: { algorithm: key.algorithm },
      })
    },

    jwks: () => ({
      keys: [...keys.values()].flatMap(({ jwk, verifyUntil }) =>
        jwk === null || (verifyUntil !== null && verifyUntil <= clock.now()) ? [] : [jwk],
      ),
    }),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    stop: () => stopWatching(),
  }
}

/** The key may be put back: until it is given up, what it signed is neither good nor bad. */
export function lockedFault(): Fault {
  return new LoginFault(
    'signing-keys-locked',
    'The keys that sign login tokens are locked: they were sealed under another key than the one at hand. Put that key back, or give up what it sealed',
  )
}

function pause(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms))
}

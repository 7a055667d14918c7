/** Signing a browser in: by a one-time code or a key, into a cookie that lives on while it is used. */
import type { Database } from 'better-sqlite3'
import type { Clock } from '../clock.ts'
import type { EventSink } from '../events/event.ts'
import { createAnnouncer } from '../events/event-types.ts'
import { ControlFault } from './fault.ts'
import { actorOf } from '../http/api.ts'
import type { ApiHost } from '../http/api-host.ts'
import { hashSecret } from '../secrets/hash.ts'
import { randomBase62, type RandomBytes } from '../secrets/random.ts'
import { controlEvents } from './events.ts'
import type { Keys, KnownKey } from './keys.ts'
import { createSignInStore } from './sign-in-store.ts'

/** Whom a cookie stands for. */
export type SignedIn = { kind: 'owner' } | { kind: 'key'; id: string; name: string }

export interface SignIn {
  /** A code that signs one browser in as the owner, once, within ten minutes. */
  createCode(): { code: string; expiresAt: number }
  /** Throws `sign-in-refused`. `cookie` is the secret to set; the cookie lives `maxAge` seconds. */
  signIn(by: { code: string } | { key: string }): { cookie: string; maxAge: number; who: SignedIn }
  /** Null for a cookie that is unknown, over, or whose key is gone. Each call keeps the cookie alive. */
  whoIs(cookie: string): SignedIn | null
  signOut(cookie: string): void
  /** Signs every browser out; returns how many there were. */
  signOutAll(actor: string): number
}

export const signInMaxAge = 30 * 86_400
const codeLife = 600_000
/** Of many links asked for and never used, the newest count. */
const mostCodes = 100
/** A cookie's new end is written when it would move by this much, not with each request. */
const extendAfter = 3_600_000

export interface SignInOptions {
  database: Database
  clock: Clock
  events: EventSink
  keys: Pick<Keys, 'find' | 'findById'>
  random?: RandomBytes
}

export function createSignIn({ database, clock, events, keys, random }: SignInOptions): SignIn {
  const announcer = createAnnouncer(events, 'control', controlEvents)
  const store = createSignInStore(database)
  /** Hash of each open code, with its end on the monotonic clock: a code must not live longer because the wall clock was set back. */
  const codes = new Map<string, number>()
  store.removeExpired(clock.now())

  function createCode(): { code: string; expiresAt: number } {
    for (const [hash, end] of codes) if (end <= clock.monotonic() || codes.size >= mostCodes) codes.delete(hash)
    const code = randomBase62(32, random)
    codes.set(codeHash(code), clock.monotonic() + codeLife)
    return { code, expiresAt: clock.now() + codeLife }
  }

  function redeem(code: string): boolean {
    const hash = codeHash(code)
    const end = codes.get(hash)
    codes.delete(hash)
    return end !== undefined && end > clock.monotonic()
  }

  function keyOf(by: { code: string } | { key: string }): KnownKey | null {
    if ('key' in by) {
      const key = keys.find(by.key)
      if (key !== null) return key
    } else if (redeem(by.code)) return null
    const reason = 'key' in by ? 'This key is not known, or is over' : 'This link was used already, or is over; ask for a new one'
    throw new ControlFault('sign-in-refused', reason)
  }

  function whoIs(cookie: string): SignedIn | null {
    const signIn = store.find(hashSecret(cookie))
    const now = clock.now()
    if (signIn === undefined || signIn.expiresAt <= now) return null
    const end = now + signInMaxAge * 1_000
    if (end - signIn.expiresAt >= extendAfter) store.extend(signIn.hash, end)
    if (signIn.keyId === null) return { kind: 'owner' }
    const key = keys.findById(signIn.keyId)
    return key === null ? null : { kind: 'key', id: key.id, name: key.name }
  }

  return {
    createCode,

    signIn(by) {
      const key = keyOf(by)
      const cookie = randomBase62(43, random)
      const now = clock.now()
      store.removeExpired(now)
      store.insert({ hash: hashSecret(cookie), keyId: key?.id ?? null, createdAt: now, expiresAt: now + signInMaxAge * 1_000 })
      const who: SignedIn = key === null ? { kind: 'owner' } : { kind: 'key', id: key.id, name: key.name }
      announcer.emit({
        type: 'signed-in',
        subject: key?.name ?? 'owner',
        actor: actorOf(who),
        data: { with: key === null ? 'link' : 'key' },
      })
      return { cookie, maxAge: signInMaxAge, who }
    },

    whoIs,

    signOut(cookie) {
      const who = whoIs(cookie)
      if (!store.remove(hashSecret(cookie))) return
      announcer.emit({ type: 'signed-out', actor: actorOf(who ?? { kind: 'owner' }) })
    },

    signOutAll(actor) {
      const count = store.removeAll()
      announcer.emit({ type: 'signed-out-all', actor, data: { count } })
      return count
    },
  }
}

/** Codes are kept as hashes, so that a look-up's time says nothing about them. */
function codeHash(code: string): string {
  return hashSecret(code).toString('base64')
}

/** The code stands in the fragment, which browsers keep to themselves: it reaches no log and no referrer. */
export function signInUrl(host: Pick<ApiHost, 'url'>, code: string): string {
  return `${host.url('control')}/#sign-in=${code}`
}

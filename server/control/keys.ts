/** Named keys: scoped per room and verb, shown once, kept as hashes. Checking one is a look-up in memory. */
import type { Database } from 'better-sqlite3'
import { iso, type Clock } from '../clock.ts'
import type { EventSink } from '../events/event.ts'
import { Fault } from '../fault.ts'
import type { ApiName, Verb } from '../http/contract.ts'
import type { Log } from '../log.ts'
import { hashSecret } from '../secrets/hash.ts'
import { randomBase62, type RandomBytes } from '../secrets/random.ts'
import type { KeyScope, KeyView } from './contract.ts'
import { createKeyStore, type StoredKey } from './keys-store.ts'

export interface NewKey {
  name: string
  scopes: readonly KeyScope[]
  /** ISO 8601, null for never. */
  expiresAt: string | null
}

/** What a check found out; `reason` is for the log and the error's code, the caller is told no more than that the key was refused. */
export type KeyCheck = { ok: true; id: string; name: string } | { ok: false; reason: 'unknown' | 'expired' | 'scope' }

export interface KnownKey {
  id: string
  name: string
  scopes: readonly KeyScope[]
}

export interface Keys {
  /** Newest first. */
  list(): KeyView[]
  /** Throws `key-name-taken`. The secret is in this answer and nowhere else. */
  create(key: NewKey, actor: string): KeyView & { secret: string }
  /** Throws `key-not-found`. The next request with the key is refused. */
  revoke(id: string, actor: string): void
  /** Whether the secret opens `room` for `verb`; a success counts as a use from `address`. */
  check(secret: string, room: ApiName, verb: Verb, address?: string, subject?: string | null): KeyCheck
  /** The same for a browser that signed in with the key. */
  checkById(id: string, room: ApiName, verb: Verb, address?: string, subject?: string | null): KeyCheck
  /** The key of a secret, whatever its scopes; null when unknown or expired. */
  find(secret: string): KnownKey | null
  findById(id: string): KnownKey | null
  /** The thing is gone: what keys could do with it goes too, so that a later one of the same name is not theirs. A key with nothing left is revoked. */
  dropSubject(room: ApiName, subject: string): void
  /** Called with the id of each key that is revoked. Returns what ends the subscription. */
  onRevoke(listener: (id: string) => void): () => void
  /** Saves the last uses and ends the timer. */
  stop(): void
}

export interface KeysOptions {
  database: Database
  clock: Clock
  events: EventSink
  log: Log
  random?: RandomBytes
}

const prefixLength = 8
/** The last use is worth a write a minute, not a write per request. */
const saveUseEvery = 60_000

export function createKeys({ database, clock, events, log, random }: KeysOptions): Keys {
  const store = createKeyStore(database)
  const byId = new Map<string, StoredKey>()
  // Looked up by hash: what a stranger could learn from the time of a look-up is about a hash they cannot steer, not about the secret.
  const byHash = new Map<string, StoredKey>()
  const used = new Set<StoredKey>()
  const revokeListeners = new Set<(id: string) => void>()
  let timer: NodeJS.Timeout | undefined
  for (const key of store.all()) remember(key)

  function remember(key: StoredKey): void {
    byId.set(key.id, key)
    byHash.set(key.hash.toString('base64'), key)
  }

  function bySecret(secret: string): StoredKey | undefined {
    return byHash.get(hashSecret(secret).toString('base64'))
  }

  function create({ name, scopes, expiresAt }: NewKey, actor: string): KeyView & { secret: string } {
    if (store.nameTaken(name)) throw new Fault('key-name-taken', `A key named ${name} exists already`, { name })
    const secret = `whk_${randomBase62(32, random)}`
    const key: StoredKey = {
      id: `key_${randomBase62(16, random)}`,
      name,
      prefix: secret.slice(0, prefixLength),
      hash: hashSecret(secret),
      scopes: withoutDoubles(scopes),
      createdAt: clock.now(),
      expiresAt: expiresAt === null ? null : Date.parse(expiresAt),
      lastUsedAt: null,
      lastUsedFrom: null,
    }
    store.insert(key)
    remember(key)
    const data = { id: key.id, prefix: key.prefix, scopes: scopeText(key.scopes) }
    events.emit({ room: 'control', type: 'key-created', title: 'Key created', subject: name, actor, tone: 'good', data })
    return { ...view(key), secret }
  }

  function revoke(id: string, actor: string): void {
    const key = byId.get(id)
    if (key === undefined) throw new Fault('key-not-found', 'There is no such key', { id })
    store.remove(id)
    byId.delete(id)
    byHash.delete(key.hash.toString('base64'))
    used.delete(key)
    const data = { id, prefix: key.prefix }
    events.emit({ room: 'control', type: 'key-revoked', title: 'Key revoked', subject: key.name, actor, tone: 'attention', data })
    for (const listener of revokeListeners) listener(id)
  }

  function dropSubject(room: ApiName, subject: string): void {
    for (const key of byId.values()) {
      const left = key.scopes.filter((scope) => scope.room !== room || scope.subject !== subject)
      if (left.length === key.scopes.length) continue
      if (left.length === 0) {
        revoke(key.id, 'system')
        continue
      }
      key.scopes = left
      store.setScopes(key.id, left)
    }
  }

  function verdict(key: StoredKey | undefined, room: ApiName, verb: Verb, address: string | undefined, subject: string | null): KeyCheck {
    if (key === undefined) return { ok: false, reason: 'unknown' }
    if (isExpired(key)) return { ok: false, reason: 'expired' }
    if (!key.scopes.some((scope) => opens(scope, room, verb, subject))) return { ok: false, reason: 'scope' }
    key.lastUsedAt = clock.now()
    key.lastUsedFrom = address ?? key.lastUsedFrom
    used.add(key)
    timer ??= setTimeout(saveUse, saveUseEvery).unref()
    return { ok: true, id: key.id, name: key.name }
  }

  function isExpired(key: StoredKey): boolean {
    return key.expiresAt !== null && key.expiresAt <= clock.now()
  }

  function known(key: StoredKey | undefined): KnownKey | null {
    return key === undefined || isExpired(key) ? null : { id: key.id, name: key.name, scopes: key.scopes }
  }

  function saveUse(): void {
    clearTimeout(timer)
    timer = undefined
    try {
      store.saveUse([...used])
      used.clear()
    } catch (error) {
      log.warn({ error: String(error) }, 'the last use of keys cannot be saved')
    }
  }

  return {
    list: () => [...byId.values()].sort((a, b) => b.createdAt - a.createdAt).map(view),
    create,
    revoke,
    dropSubject,
    check: (secret, room, verb, address, subject = null) => verdict(bySecret(secret), room, verb, address, subject),
    checkById: (id, room, verb, address, subject = null) => verdict(byId.get(id), room, verb, address, subject),
    find: (secret) => known(bySecret(secret)),
    findById: (id) => known(byId.get(id)),
    onRevoke(listener) {
      revokeListeners.add(listener)
      return () => void revokeListeners.delete(listener)
    },
    stop: saveUse,
  }
}

function view(key: StoredKey): KeyView {
  const { id, name, prefix, scopes, createdAt, expiresAt, lastUsedAt, lastUsedFrom } = key
  return {
    id,
    name,
    prefix,
    scopes: [...scopes],
    createdAt: iso(createdAt),
    expiresAt: isoOrNull(expiresAt),
    lastUsedAt: isoOrNull(lastUsedAt),
    lastUsedFrom,
  }
}

function isoOrNull(time: number | null): string | null {
  return time === null ? null : iso(time)
}

/** Whether a scope is enough for a call about `subject`; one without a subject is for the whole room. */
export function opens(scope: KeyScope, room: ApiName, verb: Verb, subject: string | null): boolean {
  return scope.room === room && scope.verb === verb && (scope.subject === undefined || scope.subject === subject)
}

function withoutDoubles(scopes: readonly KeyScope[]): KeyScope[] {
  return scopes.filter(({ room, verb, subject }, index) => scopes.findIndex((other) => other.room === room && other.verb === verb && other.subject === subject) === index)
}

function scopeText(scopes: readonly KeyScope[]): string {
  return scopes.map(({ room, verb, subject }) => `${room}:${verb}${subject === undefined ? '' : `:${subject}`}`).join(' ')
}

/** Named keys: each opens the rights it names, is shown once and kept as a hash. Checking one is a look-up in memory. */
import type { Database } from 'better-sqlite3'
import { createSignal } from '../async/signal.ts'
import { iso, type Clock } from '../clock.ts'
import type { EventSink } from '../events/event.ts'
import { createAnnouncer } from '../events/event-types.ts'
import { ControlFault } from './fault.ts'
import type { RoomName } from '../http/contract.ts'
import { longestControl, roomOf, roomsWithSubjects, type Only, type Right } from '../http/rights.ts'
import type { Log } from '../log.ts'
import { hashSecret } from '../secrets/hash.ts'
import { randomBase62, type RandomBytes } from '../secrets/random.ts'
import type { KeyScope, KeyView } from './contract/index.ts'
import { controlEvents } from './events.ts'
import { isNoMore, type KeyRights } from './key-rights.ts'
import { createKeyStore, type StoredKey } from './keys-store.ts'

export interface NewKey {
  name: string
  /** Left out for a key of the older form, which names scopes. */
  rights?: readonly Right[] | undefined
  only?: Only
  scopes?: readonly KeyScope[] | undefined
  /** The address or network that may use it. */
  from?: string | null
  /** ISO 8601, null for never. */
  expiresAt: string | null
}

export interface KnownKey extends KeyRights {
  name: string
}

export interface Keys {
  /** Newest first. */
  list(): KeyView[]
  /** Throws `key-name-taken`, and `key-too-lasting` for `control:manage` beyond a week. The secret is in this answer and nowhere else. */
  create(key: NewKey, actor: string): KeyView & { secret: string }
  /**
   * Takes rights away; what was opened with the key ends, and may be opened again. Throws `key-not-found`, `key-not-less`,
   * `key-too-lasting`.
   */
  narrow(id: string, rights: readonly Right[], only: Only | undefined, actor: string): KeyView
  /** Throws `key-not-found`. The next request with the key is refused. */
  revoke(id: string, actor: string): void
  /** The key of a secret, whatever it opens; null when unknown or over. */
  find(secret: string): KnownKey | null
  findById(id: string): KnownKey | null
  /** Notes a use from `address`. */
  used(id: string, address: string): void
  /**
   * The thing is gone: what keys could do with it goes too, so that a later one of the same name is not theirs. A key with nothing left is
   * revoked.
   */
  dropSubject(room: RoomName, subject: string): void
  /** Called with the id of each key that may do less from now on, or is gone. Returns what ends the subscription. */
  onLess(listener: (id: string) => void): () => void
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
/** How far the clock of who asks for a key may be ahead of ours. */
const clocksDiffer = 5 * 60_000

export function createKeys({ database, clock, events, log, random }: KeysOptions): Keys {
  const announcer = createAnnouncer(events, 'control', controlEvents)
  const store = createKeyStore(database)
  const byId = new Map<string, StoredKey>()
  // Looked up by hash: what a stranger could learn from the time of a look-up is about a hash they cannot steer, not about the secret.
  const byHash = new Map<string, StoredKey>()
  const unsaved = new Set<StoredKey>()
  const narrowed = createSignal<[id: string]>()
  let timer: NodeJS.Timeout | undefined
  for (const key of store.all()) remember(key)

  function remember(key: StoredKey): void {
    byId.set(key.id, key)
    byHash.set(key.hash.toString('base64'), key)
  }

  function bySecret(secret: string): StoredKey | undefined {
    return byHash.get(hashSecret(secret).toString('base64'))
  }

  function create({ name, rights, only = {}, scopes = [], from = null, expiresAt }: NewKey, actor: string): KeyView & { secret: string } {
    if (store.nameTaken(name)) throw new ControlFault('key-name-taken', `A key named ${name} exists already`, { name })
    needEnd(rights, expiresAt === null ? null : Date.parse(expiresAt))
    const secret = `whk_${randomBase62(32, random)}`
    const key: StoredKey = {
      id: `key_${randomBase62(16, random)}`,
      name,
      prefix: secret.slice(0, prefixLength),
      hash: hashSecret(secret),
      rights: rights === undefined ? null : [...new Set(rights)],
      only,
      scopes: withoutDoubles(scopes),
      from,
      createdAt: clock.now(),
      expiresAt: expiresAt === null ? null : Date.parse(expiresAt),
      lastUsedAt: null,
      lastUsedFrom: null,
    }
    store.insert(key)
    remember(key)
    const data = { id: key.id, prefix: key.prefix, rights: rightsText(key) }
    announcer.emit({ type: 'key-created', subject: name, actor, data })
    return { ...view(key), secret }
  }

  function needEnd(rights: readonly Right[] | undefined, expiresAt: number | null): void {
    if (rights?.includes('control:manage') !== true) return
    if (expiresAt !== null && expiresAt <= clock.now() + longestControl + clocksDiffer) return
    throw new ControlFault(
      'key-too-lasting',
      'A key with control:manage can do everything here, so it ends after 7 days at most: give expiresAt',
    )
  }

  function revoke(id: string, actor: string): void {
    const key = byId.get(id)
    if (key === undefined) throw new ControlFault('key-not-found', 'There is no such key', { id })
    store.remove(id)
    byId.delete(id)
    byHash.delete(key.hash.toString('base64'))
    unsaved.delete(key)
    const data = { id, prefix: key.prefix }
    announcer.emit({ type: 'key-revoked', subject: key.name, actor, data })
    narrowed.emit(id)
  }

  function narrow(id: string, rights: readonly Right[], only: Only | undefined, actor: string): KeyView {
    const key = byId.get(id)
    if (key === undefined) throw new ControlFault('key-not-found', 'There is no such key', { id })
    const less = { ...key, rights: [...new Set(rights)], only: only ?? key.only, scopes: [] }
    if (!isNoMore(less, key))
      throw new ControlFault('key-not-less', 'Rights can be taken away from a key; more rights need a new key', { id })
    // A key of the older form that never ends may stay so as what it is, and not become one that could not be made.
    if (key.rights === null) needEnd(rights, key.expiresAt)
    change(key, less)
    const data = { id, prefix: key.prefix, rights: rightsText(key) }
    announcer.emit({ type: 'key-narrowed', subject: key.name, actor, data })
    narrowed.emit(id)
    return view(key)
  }

  /** On the disk first: a key that may do less must not come back with more. */
  function change(key: StoredKey, to: Pick<StoredKey, 'rights' | 'only' | 'scopes'>): void {
    const { rights, only, scopes } = to
    store.setRights({ ...key, rights, only, scopes })
    Object.assign(key, { rights, only, scopes })
  }

  function dropSubject(room: RoomName, subject: string): void {
    for (const key of byId.values()) {
      const left = withoutSubject(key, room, subject)
      if (left === null) continue
      if ((left.rights ?? left.scopes).length === 0) revoke(key.id, 'system')
      else change(key, left)
    }
  }

  function used(id: string, address: string): void {
    const key = byId.get(id)
    if (key === undefined) return
    key.lastUsedAt = clock.now()
    key.lastUsedFrom = address
    unsaved.add(key)
    timer ??= setTimeout(saveUse, saveUseEvery).unref()
  }

  function isExpired(key: StoredKey): boolean {
    return key.expiresAt !== null && key.expiresAt <= clock.now()
  }

  function known(key: StoredKey | undefined): KnownKey | null {
    return key === undefined || isExpired(key) ? null : key
  }

  function saveUse(): void {
    clearTimeout(timer)
    timer = undefined
    try {
      store.saveUse([...unsaved])
      unsaved.clear()
    } catch (error) {
      log.warn({ error: String(error) }, 'the last use of keys cannot be saved')
    }
  }

  return {
    list: () => [...byId.values()].sort((a, b) => b.createdAt - a.createdAt).map(view),
    create,
    revoke,
    narrow,
    used,
    dropSubject,
    find: (secret) => known(bySecret(secret)),
    findById: (id) => known(byId.get(id)),
    onLess: narrowed.subscribe,
    stop: saveUse,
  }
}

function view(key: StoredKey): KeyView {
  const { id, name, prefix, rights, only, scopes, from, createdAt, expiresAt, lastUsedAt, lastUsedFrom } = key
  return {
    id,
    name,
    prefix,
    rights: rights === null ? null : [...rights],
    only: onlyView(only),
    from,
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

function onlyView(only: Only): KeyView['only'] {
  return Object.fromEntries(Object.entries(only).map(([room, subjects]) => [room, [...subjects]]))
}

/** What is left of a key when one thing that it is limited to is gone; null when it says nothing of it. */
function withoutSubject(
  { rights, only, scopes }: KeyRights,
  room: RoomName,
  subject: string,
): Pick<KeyRights, 'rights' | 'only' | 'scopes'> | null {
  if (rights === null) {
    const left = scopes.filter((scope) => scope.room !== room || scope.subject !== subject)
    return left.length === scopes.length ? null : { rights, only, scopes: left }
  }
  const limited = roomsWithSubjects.find((name) => name === room)
  const named = limited === undefined ? undefined : only[limited]
  if (limited === undefined || named === undefined || !named.includes(subject)) return null
  const subjects = named.filter((other) => other !== subject)
  if (subjects.length > 0) return { rights, only: { ...only, [limited]: subjects }, scopes }
  // A limit to nothing at all is no right: with neither, it would open the whole room.
  const { [limited]: _, ...others } = only
  return { rights: rights.filter((right) => roomOf(right) !== room), only: others, scopes }
}

function withoutDoubles(scopes: readonly KeyScope[]): KeyScope[] {
  return scopes.filter(
    ({ room, verb, subject }, index) =>
      scopes.findIndex((other) => other.room === room && other.verb === verb && other.subject === subject) === index,
  )
}

function rightsText({ rights, only, scopes }: KeyRights): string {
  if (rights === null)
    return scopes.map(({ room, verb, subject }) => `${room}:${verb}${subject === undefined ? '' : `:${subject}`}`).join(' ')
  return [...rights, ...Object.entries(only).map(([room, subjects]) => `only ${room} ${subjects.join(', ')}`)].join(' ')
}

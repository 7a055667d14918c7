/** What a key opens: its rights, and for a key of the older form what its scopes had opened at least. Pure decisions. */
import { BlockList, isIP } from 'node:net'
import type { ApiName, Verb } from '../http/contract.ts'
import type { Demand } from '../http/guards.ts'
import {
  covers,
  rights,
  roomOf,
  roomsWithSubjects,
  type Made,
  type Only,
  type Right,
  type RoomWithSubjects,
  type Standing,
} from '../http/rights.ts'
import type { KeyScope } from './contract/index.ts'

/** The part of a key that says what it opens. */
export interface KeyRights {
  id: string
  /** Null for a key of the older form, which has `scopes`. */
  rights: readonly Right[] | null
  only: Only
  scopes: readonly KeyScope[]
  /** The address or network that may use it; null for any. */
  from: string | null
}

/** A scope as it may be asked for: of the older form, or `use` and `manage` as another way to write rights. */
export interface WantedScope {
  room: ApiName
  verb: Verb | 'use' | 'manage'
  subject?: string | undefined
}

/** The two forms a key can have, from the one that was asked for. */
export function rightsOf(scopes: readonly WantedScope[]): { rights: Right[]; only: Only } | { scopes: KeyScope[] } {
  const older = scopes.flatMap(({ verb, ...scope }) => (verb === 'read' || verb === 'write' ? [{ ...scope, verb }] : []))
  if (older.length > 0) return { scopes: older }
  const wanted = scopes.flatMap(({ room, verb }) => rights.filter((right) => right === `${room}:${verb}`))
  const only: Only = {}
  for (const room of roomsWithSubjects) {
    const named = scopes.filter((scope) => scope.room === room).map(({ subject }) => subject)
    const subjects = named.filter((subject) => subject !== undefined)
    // One that names no thing is for all of them.
    if (subjects.length > 0 && subjects.length === named.length) only[room] = [...new Set(subjects)]
  }
  return { rights: wanted, only }
}

/** Whether the key is enough for a call. */
export function opens(key: KeyRights, { api, right, verb, subject, address }: Demand): boolean {
  if (!isUsedFrom(key, address)) return false
  if (right === 'anyone' || right === 'any-key') return true
  if (key.rights === null) return scopesOpen(key.scopes, api, right, verb, subject)
  return key.rights.some((held) => covers(held, right)) && isWithin(key, right, subject)
}

/** `current` finds the key as it is now, null when it was revoked or is over: what goes on longer than a request asks again. */
export function standingOfKey(id: string, current: () => KeyRights | null): Standing {
  return {
    maker: `key:${id}`,
    may(right, subject) {
      const key = current()
      if (key === null) return false
      if (key.rights === null) return scopesHold(key.scopes, right, subject)
      return key.rights.some((held) => covers(held, right)) && (subject === undefined || isWithin(key, right, subject))
    },
    reaches(room, thing) {
      const key = current()
      return key !== null && keyReaches(key, room, thing)
    },
  }
}

/** Whether what a key would hold is part of what it holds. */
export function isNoMore(less: KeyRights, key: KeyRights): boolean {
  return (less.rights ?? []).every((right) => {
    const room = roomOf(right)
    const limited = limitable(room)
    const named = onlyOf(less.only, room)
    // With `use` alone it reaches what it has made; a limit would open the things it names, whoever made them.
    if (
      limited !== undefined &&
      named !== undefined &&
      key.rights !== null &&
      onlyOf(key.only, room) === undefined &&
      !key.rights.some((held) => covers(held, `${limited}:manage`))
    )
      return false
    const subjects = named ?? [undefined]
    return subjects.every((subject) =>
      key.rights === null
        ? hadAllOf(key.scopes, room, subject)
        : key.rights.some((held) => covers(held, right)) && (onlyOf(key.only, room) === undefined || isWithin(key, right, subject ?? null)),
    )
  })
}

/** Of the older form: reading and changing together are what a room's rights are. */
function hadAllOf(scopes: readonly KeyScope[], room: string, subject: string | undefined): boolean {
  const api = room === 'activity' ? 'control' : room
  return (['read', 'write'] as const).every((verb) =>
    scopes.some((scope) => scope.room === api && scope.verb === verb && (scope.subject === undefined || scope.subject === subject)),
  )
}

/** A key of the older form sees everybody's, as it did; so does one that names the thing. */
function keyReaches({ id, rights, only, scopes }: KeyRights, room: KeyScope['room'], { subject, makers }: Made): boolean {
  if (rights === null) return scopes.some((scope) => scope.room === room && (scope.subject === undefined || scope.subject === subject))
  if (rights.includes('control:manage')) return true
  const named = onlyOf(only, room)
  if (named !== undefined) return named.includes(subject)
  return (
    rights.some((right) => right === `${room}:manage`) || (rights.some((right) => right === `${room}:use`) && makers.includes(`key:${id}`))
  )
}

/** A key that is limited to some things of a room opens nothing there that is about all of them. */
function isWithin({ rights, only }: KeyRights, right: Right, subject: string | null): boolean {
  if (rights?.includes('control:manage') === true) return true
  const named = onlyOf(only, roomOf(right))
  return named === undefined || (subject !== null && named.includes(subject))
}

const limitable = (room: string): RoomWithSubjects | undefined => roomsWithSubjects.find((name) => name === room)

function onlyOf(only: Only, room: string): readonly string[] | undefined {
  const limited = limitable(room)
  return limited === undefined ? undefined : only[limited]
}

/**
 * The older form had one verb for each API. What it opened there it opens still, everybody's included, except what reaches beyond the room:
 * for that the same call has to be opened by a scope that could always do as much, `control` and `write`.
 */
function scopesOpen(scopes: readonly KeyScope[], api: ApiName, right: Right, verb: Verb, subject: string | null): boolean {
  const has = (room: ApiName, wanted: Verb): boolean =>
    scopes.some((scope) => scope.room === room && scope.verb === wanted && (scope.subject === undefined || scope.subject === subject))
  return has(api, verb) && (right !== 'control:manage' || has('control', 'write'))
}

/** The same for what a call asks beside its route's own right. */
function scopesHold(scopes: readonly KeyScope[], right: Right, subject?: string): boolean {
  const verb: Verb = right === 'activity:use' || right === 'control:use' ? 'read' : 'write'
  const room = right === 'activity:use' ? 'control' : roomOf(right)
  return scopes.some(
    (scope) =>
      scope.room === room &&
      scope.verb === verb &&
      (scope.subject === undefined || (right.endsWith(':use') && (subject === undefined || scope.subject === subject))),
  )
}

function isUsedFrom({ from }: KeyRights, address: string): boolean {
  if (from === null) return true
  const family = isIP(address)
  if (family === 0) return false
  const [network = '', bits] = from.split('/')
  const list = new BlockList()
  const kind = isIP(network) === 6 ? 'ipv6' : 'ipv4'
  if (bits === undefined) list.addAddress(network, kind)
  else list.addSubnet(network, Number(bits), kind)
  return list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

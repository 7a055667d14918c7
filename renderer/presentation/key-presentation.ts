/** A key in a few words: what it opens, what it may there, and whether its dates ask for a look. */
import type { KeyScope, KeyView } from '../../server/control/contract/index.ts'
import { roomOf } from '../../server/http/rights.ts'

const day = 86_400_000

type Opening = Pick<KeyView, 'rights' | 'scopes'>

/** The rooms it opens, each once. */
export function opens({ rights, scopes }: Opening): string[] {
  return [...new Set(rights === null ? scopes.map(({ room }) => room) : rights.map(roomOf))]
}

/** Of the older form: it has scopes for reading and writing, and opens the least they had. */
export const isOlder = ({ rights }: Opening): boolean => rights === null

export function mayText({ rights, scopes }: Opening): string {
  if (rights === null) return olderText(scopes)
  if (rights.includes('control:manage')) return 'Everything'
  const manages = rights.filter((right) => right.endsWith(':manage')).length
  if (manages === 0) return 'Use'
  return manages === rights.length ? 'Manage' : 'Use, manage'
}

function olderText(scopes: readonly KeyScope[]): string {
  const verbs = new Set(scopes.map(({ verb }) => verb))
  if (verbs.has('read') && verbs.has('write')) return 'Read and write'
  return verbs.has('write') ? 'Write only' : 'Read only'
}

/** Every right or scope of it, for who wants to know exactly. */
export function exactly({ rights, scopes, only }: Pick<KeyView, 'rights' | 'scopes' | 'only'>): string {
  const subjects = Object.entries(only).map(([room, names]) => `only ${room} ${names.join(', ')}`)
  return [
    ...(rights ?? scopes.map(({ room, verb, subject }) => `${room}:${verb}${subject === undefined ? '' : ` of ${subject}`}`)),
    ...subjects,
  ].join(', ')
}

/** Worth a look: it ends within a week. */
export const endsSoon = (iso: string, now = Date.now()): boolean => Date.parse(iso) - now < 7 * day
/** Worth a look: nobody has used it for a quarter of a year. */
export const longUnused = (iso: string, now = Date.now()): boolean => now - Date.parse(iso) > 90 * day

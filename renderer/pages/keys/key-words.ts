/** A key's rights and dates in words. */
import type { KeyScope, KeyView } from '../../../server/control/contract.ts'
import { covers, roomOf, type Right } from '../../../server/http/rights.ts'

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
  return [...(rights ?? scopes.map(({ room, verb, subject }) => `${room}:${verb}${subject === undefined ? '' : ` of ${subject}`}`)), ...subjects].join(', ')
}

/** One line of the table in which rights are ticked. */
export interface RightLine {
  /** As it stands before the colon of a right. */
  room: string
  title: string
  use: { right: Right; words: string }
  manage: { right: Right; words: string } | null
  /** What it can; as the end of a sentence. */
  can: { use: string; manage: string }
}

export const rightLines: readonly RightLine[] = [
  { room: 'browsers', title: 'Browsers', use: { right: 'browsers:use', words: 'Open sessions, and watch, drive and close its own' }, manage: { right: 'browsers:manage', words: 'See and close everybody’s sessions' }, can: { use: 'open browser sessions and work in them', manage: 'see, drive and close every browser session' } },
  { room: 'brokers', title: 'Brokers', use: { right: 'brokers:use', words: 'Create sessions, and look into and drop its own' }, manage: { right: 'brokers:manage', words: 'See, change and drop everybody’s sessions' }, can: { use: 'create broker sessions and look into them', manage: 'see, change and drop every broker session' } },
  { room: 'bots', title: 'Bots', use: { right: 'bots:use', words: 'Link bots, and send, read and set rules as its own' }, manage: { right: 'bots:manage', words: 'Send and read as every bot, change and remove them' }, can: { use: 'send and read messages as its own bots', manage: 'send and read messages as every bot' } },
  { room: 'logins', title: 'Logins', use: { right: 'logins:use', words: 'Create, check and end sessions by their tokens' }, manage: { right: 'logins:manage', words: 'See all users, revoke everyone, change keys' }, can: { use: 'create logins, and check and end those whose token it has', manage: 'see all logins, revoke anyone, change users and keys' } },
  { room: 'relay', title: 'Relay', use: { right: 'relay:use', words: 'Create sessions and call tools that are switched on' }, manage: { right: 'relay:manage', words: 'Everybody’s sessions, tools, prices, accounts' }, can: { use: 'create relay sessions and call tools', manage: 'change every relay session, tools, prices and accounts' } },
  { room: 'activity', title: 'Activity', use: { right: 'activity:use', words: 'Read what happened. Secrets are kept out' }, manage: null, can: { use: 'read what happened in all rooms', manage: '' } },
]

export interface Preset {
  label: string
  rights: readonly Right[]
}

export const presets: readonly Preset[] = [
  { label: 'Send as a bot', rights: ['bots:use'] },
  { label: 'Publish and subscribe', rights: ['brokers:use'] },
  { label: 'Sign users in', rights: ['logins:use'] },
  { label: 'Call tools', rights: ['relay:use'] },
  { label: 'Watch everything', rights: ['activity:use', 'control:use'] },
]

/** What a key with these rights can, and cannot, in sentences. */
export function summaryOf(rights: readonly Right[], bots: readonly string[]): { can: string[]; cannot: string[] } {
  if (rights.includes('control:manage')) return { can: ['run any program on this machine as you', 'send its data to any address', 'make more keys, and change every setting', 'see, change and end everything in every room'], cannot: [] }
  const holds = (right: Right): boolean => rights.some((held) => covers(held, right))
  const can = rightLines.flatMap(({ use, manage, can: words }) => (manage !== null && holds(manage.right) ? [words.manage] : holds(use.right) ? [words.use] : []))
  if (bots.length > 0 && holds('bots:use')) can[can.findIndex((words) => words.includes('messages'))] = `send and read messages as ${bots.join(', ')} and as no other bot`
  if (holds('control:use')) can.push('read settings, names of keys and addresses of servers')
  const closed = rightLines.filter(({ use, room }) => room !== 'activity' && !holds(use.right)).map(({ title }) => title)
  const foreign = rightLines.filter(({ use, manage }) => manage !== null && holds(use.right) && !holds(manage.right)).map(({ title }) => title)
  return {
    can,
    cannot: [
      ...(foreign.length > 0 ? [`see or change what others have made in ${foreign.join(', ')}`] : []),
      ...(closed.length > 0 ? [`open ${closed.join(', ')}`] : []),
      'start a program, add an address to call, make keys',
    ],
  }
}

/** Worth a look: it ends within a week. */
export const endsSoon = (iso: string, now = Date.now()): boolean => Date.parse(iso) - now < 7 * day
/** Worth a look: nobody has used it for a quarter of a year. */
export const longUnused = (iso: string, now = Date.now()): boolean => now - Date.parse(iso) > 90 * day

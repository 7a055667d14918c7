/** What rights can, in words: the lines of the table, the ready-made choices, and what a key with them can and cannot. */
import type { KeyScope, KeyView } from '../../../server/control/contract/index.ts'
import { rights as all, roomOf, type Right, type RoomWithSubjects } from '../../../server/http/rights.ts'
import { holds, isLimitable, type Limits } from './key-draft.ts'

type Opening = Pick<KeyView, 'rights' | 'scopes'>

/** What a key can be left with: its rights, or of the older form what reading and changing together are in a room. */
export function heldBy({ rights, scopes }: Opening): Right[] {
  if (rights !== null) return rights
  return all.filter((right) => right !== 'control:manage' && isWhole(scopes, right === 'activity:use' ? 'control' : roomOf(right)))
}

/** What a key of the older form loses with being given rights at all: no right says as much. */
export function lostWithForm({ rights, scopes }: Opening): string[] {
  if (rights !== null) return []
  const beyond = isWhole(scopes, 'control') ? ['Control: manage'] : []
  return [
    ...beyond,
    ...scopes
      .filter(({ room }) => !isWhole(scopes, room))
      .map(({ room, verb, subject }) => `${room} ${verb}${subject === undefined ? '' : ` of ${subject}`}`),
  ]
}

function isWhole(scopes: readonly KeyScope[], room: string): boolean {
  return (['read', 'write'] as const).every((verb) =>
    scopes.some((scope) => scope.room === room && scope.verb === verb && scope.subject === undefined),
  )
}

/** One line of the table in which rights are ticked. */
export interface RightLine {
  /** As it stands before the colon of a right. */
  room: string
  title: string
  /** `limited` is said in place of the words where it is for some things alone. */
  use: { right: Right; words: string; limited?: string }
  manage: { right: Right; words: string } | null
  /** What it is for when it is limited to nothing: with use alone, and with manage. */
  reach: { use: string; manage: string }
  /** What it can, as a sentence. */
  can: { use: string; manage: string }
}

const own = { use: 'Its own sessions', manage: 'All sessions' }

export const rightLines: readonly RightLine[] = [
  {
    room: 'browsers',
    title: 'Browsers',
    use: { right: 'browsers:use', words: 'Open sessions, and watch, drive and close its own' },
    manage: { right: 'browsers:manage', words: 'See and close everybody’s sessions' },
    reach: own,
    can: { use: 'Open browser sessions and work in them', manage: 'See, drive and close every browser session' },
  },
  {
    room: 'brokers',
    title: 'Brokers',
    use: {
      right: 'brokers:use',
      words: 'Create sessions, publish, look into and drop its own',
      limited: 'Publish, subscribe, look into and drop those chosen',
    },
    manage: { right: 'brokers:manage', words: 'See, change and drop everybody’s sessions' },
    reach: own,
    can: { use: 'Create broker sessions, publish and subscribe in them', manage: 'See, change and drop every broker session' },
  },
  {
    room: 'bots',
    title: 'Bots',
    use: {
      right: 'bots:use',
      words: 'Link bots, and send, read and set rules as its own',
      limited: 'Send and read messages, set rules as those chosen',
    },
    manage: { right: 'bots:manage', words: 'Send and read as every bot, change and remove them' },
    reach: { use: 'Its own bots', manage: 'All bots' },
    can: { use: 'Link bots, send and read messages as its own', manage: 'Send and read messages as every bot' },
  },
  {
    room: 'logins',
    title: 'Logins',
    use: { right: 'logins:use', words: 'Create, check and end sessions by their tokens' },
    manage: { right: 'logins:manage', words: 'See all users, revoke everyone, change keys' },
    reach: { use: 'Tokens it has', manage: 'All users' },
    can: {
      use: 'Create logins, and check and end those whose token it has',
      manage: 'See all logins, revoke anyone, change users and keys',
    },
  },
  {
    room: 'relay',
    title: 'Relay',
    use: { right: 'relay:use', words: 'Create sessions and call tools that are switched on' },
    manage: { right: 'relay:manage', words: 'Everybody’s sessions, tools, prices, accounts' },
    reach: own,
    can: { use: 'Create relay sessions and call tools', manage: 'Change every relay session, tools, prices and accounts' },
  },
  {
    room: 'activity',
    title: 'Activity',
    use: { right: 'activity:use', words: 'Read what happened. Secrets are kept out' },
    manage: null,
    reach: { use: 'All rooms', manage: 'All rooms' },
    can: { use: 'Read what happened in all rooms', manage: '' },
  },
]

export interface Preset {
  label: string
  rights: readonly Right[]
  /** What it opens, before it is chosen. */
  says: string
  /** The room in which it is meant for some things alone, chosen next. */
  limit?: RoomWithSubjects
}

export const presets: readonly Preset[] = [
  { label: 'Send as one bot', rights: ['bots:use'], says: 'Bots: use. You choose the bot next', limit: 'bots' },
  { label: 'Publish and subscribe', rights: ['brokers:use'], says: 'Brokers: use. You choose the sessions next', limit: 'brokers' },
  { label: 'Sign users in', rights: ['logins:use'], says: 'Logins: use' },
  { label: 'Call tools', rights: ['relay:use'], says: 'Relay: use' },
  { label: 'Read activity', rights: ['activity:use', 'control:use'], says: 'Activity: use, and Control: use for settings and addresses' },
  { label: 'Gate tablet', rights: ['brokers:use', 'bots:use'], says: 'Brokers: use and Bots: use, each for what the key makes itself' },
]

/** Words, with the names in them that matter set apart. */
export type Sentence = readonly (string | { name: string })[]

/** What a key with these rights can, and cannot. `limits` are names as a person knows them. */
export function summaryOf(rights: readonly Right[], limits: Limits): { can: Sentence[]; cannot: string[] } {
  if (rights.includes('control:manage'))
    return {
      can: [
        ['Run any program on this machine as you'],
        ['Send its data to any address'],
        ['Make more keys, and change every setting'],
        ['See, change and end everything in every room'],
      ],
      cannot: [],
    }
  const limited = (room: string): string[] => (isLimitable(rights, room) ? limits[room] : [])
  const can = rightLines.flatMap((line): Sentence[] => {
    const manages = line.manage !== null && holds(rights, line.manage.right)
    if (!manages && !holds(rights, line.use.right)) return []
    const names = limited(line.room)
    if (names.length === 0) return [[manages ? line.can.manage : line.can.use]]
    const few = names.flatMap((name, index) => (index === 0 ? [{ name }] : [', ', { name }]))
    return [
      line.room === 'bots'
        ? ['Send and read messages as ', ...few, ' and as no other bot']
        : ['Publish and subscribe in ', ...few, ', change and drop it, and no other session'],
    ]
  })
  if (holds(rights, 'control:use')) can.push(['Read settings, names of keys and addresses of servers'])
  const titles = (keep: (line: RightLine) => boolean): string =>
    rightLines
      .filter(keep)
      .map(({ title }) => title)
      .join(', ')
  const closed = titles(({ use, room }) => room !== 'activity' && !holds(rights, use.right))
  const foreign = titles(
    ({ use, manage, room }) => manage !== null && holds(rights, use.right) && !holds(rights, manage.right) && limited(room).length === 0,
  )
  const bound = titles(({ room }) => limited(room).length > 0)
  return {
    can,
    cannot: [
      ...(foreign === '' ? [] : [`see or change what others have made in ${foreign}`]),
      ...(bound === '' ? [] : [`make or list others in ${bound}`]),
      ...(closed === '' ? [] : [`open ${closed}`]),
      'start a program, add an address to call, make keys',
    ],
  }
}

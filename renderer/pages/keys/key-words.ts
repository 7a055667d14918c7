/** What rights can, as the pages of keys show it: the lines of the table, ready-made choices, what a key can and cannot. */
import type { KeyScope, KeyView } from '../../../server/control/contract/index.ts'
import { rights as all, roomOf, type Right, type RoomWithSubjects } from '../../../server/http/rights.ts'
import type { RoomName } from '../../../server/rooms.ts'
import { say, type Sentence } from '../../../words/words.ts'
import { words } from '../../presentation/words.ts'
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
  const beyond = isWhole(scopes, 'control') ? [words.keys.olderControl] : []
  return [
    ...beyond,
    ...scopes
      .filter(({ room }) => !isWhole(scopes, room))
      .map(({ room, verb, subject }) => say(words.keys.olderRight, { room, verb, subject })),
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

const said = words.keys.rights
const rooms: readonly RoomName[] = ['browsers', 'brokers', 'bots', 'logins', 'relay']

const lineOf = (room: RoomName): RightLine => {
  const line = said[room]
  const { title, use, manage, reach, can } = line
  const limited = 'limited' in line ? { limited: line.limited } : {}
  return {
    ...{ room, title, reach, can },
    use: { right: `${room}:use`, words: use, ...limited },
    manage: { right: `${room}:manage`, words: manage },
  }
}

const activity: RightLine = {
  room: 'activity',
  title: said.activity.title,
  use: { right: 'activity:use', words: said.activity.use },
  manage: null,
  reach: { use: said.activity.reach, manage: said.activity.reach },
  can: { use: said.activity.can, manage: '' },
}

export const rightLines: readonly RightLine[] = [...rooms.map(lineOf), activity]

export interface Preset {
  label: string
  rights: readonly Right[]
  /** What it opens, before it is chosen. */
  says: string
  /** The room in which it is meant for some things alone, chosen next. */
  limit?: RoomWithSubjects
}

const { send, publish, signIn, callTools, readActivity, gateTablet } = words.keys.presets
export const presets: readonly Preset[] = [
  { ...send, rights: ['bots:use'], limit: 'bots' },
  { ...publish, rights: ['brokers:use'], limit: 'brokers' },
  { ...signIn, rights: ['logins:use'] },
  { ...callTools, rights: ['relay:use'] },
  { ...readActivity, rights: ['activity:use', 'control:use'] },
  { ...gateTablet, rights: ['brokers:use', 'bots:use'] },
]

const { canAnything, canLimited, canReadControl, cannot } = words.keys

/** What a key with these rights can, and cannot. `limits` are names as a person knows them. */
export function summaryOf(rights: readonly Right[], limits: Limits): { can: Sentence[]; cannot: string[] } {
  if (rights.includes('control:manage')) return { can: canAnything.map((can) => [can]), cannot: [] }
  const limited = (room: string): string[] => (isLimitable(rights, room) ? limits[room] : [])
  const can = rightLines.flatMap((line): Sentence[] => {
    const manages = line.manage !== null && holds(rights, line.manage.right)
    if (!manages && !holds(rights, line.use.right)) return []
    const names = limited(line.room)
    if (names.length === 0) return [[manages ? line.can.manage : line.can.use]]
    return [canLimited[line.room === 'bots' ? 'bots' : 'brokers'](names)]
  })
  if (holds(rights, 'control:use')) can.push([canReadControl])
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
      ...(foreign === '' ? [] : [say(cannot.seeForeign, { rooms: foreign })]),
      ...(bound === '' ? [] : [say(cannot.makeOthers, { rooms: bound })]),
      ...(closed === '' ? [] : [say(cannot.open, { rooms: closed })]),
      cannot.control,
    ],
  }
}

/**
 * What a caller may do, in words that mean one thing each. The words stand in the route tables, in keys, in the reference and in the
 * window. No Node import here: the renderer reads them too.
 */
import { roomNames, type ApiName, type RoomName, type RoomWithSubjects } from '../rooms.ts'

export { roomsWithSubjects, type RoomWithSubjects } from '../rooms.ts'

/**
 * - `ROOM:use`: make sessions in that room and work with one's own.
 * - `ROOM:manage`: see and change everybody's, and the room's settings; includes its `use`.
 * - `activity:use`: read what happened, in all rooms. Secrets are kept out of it.
 * - `control:use`: read settings, the names of keys, addresses of servers.
 * - `control:manage`: what reaches beyond a room. Whoever holds it can add a program or an address that this machine runs or calls, make
 *   keys and sign-in links and change every setting, so it includes every other right.
 */
export type Right = `${RoomName}:use` | `${RoomName}:manage` | 'activity:use' | 'control:use' | 'control:manage'

export const rights: readonly [Right, ...Right[]] = [
  'activity:use',
  'control:use',
  'control:manage',
  ...roomNames.flatMap((room) => [`${room}:use`, `${room}:manage`] as const),
]

/** What a route asks for: a right, any key that is good, or nothing because its published contract calls it public. */
export type RouteRight = Right | 'any-key' | 'anyone'

/** The things a key is limited to, room by room; a room that is left out is not limited. */
export type Only = Partial<Record<RoomWithSubjects, readonly string[]>>

/** Whether holding one right is enough where another is asked for. */
export function covers(held: Right, asked: Right): boolean {
  return held === asked || held === 'control:manage' || (asked.endsWith(':use') && held === asked.replace(/use$/, 'manage'))
}

/** What can do everything here should not be forgotten somewhere: a key with `control:manage` ends within so many milliseconds. */
export const longestControl = 7 * 86_400_000

/** `brokers` of `brokers:use`. */
export function roomOf(right: Right): string {
  return right.slice(0, right.indexOf(':'))
}

/** Who made a thing, as it is recorded with it: the owner, someone on this machine who needed no key, or a key by its id. */
export type Maker = 'owner' | 'local' | `key:${string}`

/** What a caller may do at this moment; asked again for what goes on longer than a request. */
export interface Standing {
  /** Recorded with what the caller makes. */
  maker: Maker
  /** `subject` is the one thing of the room that it is about; left out, whether there is anything the caller may do so with. */
  may(right: Right, subject?: string): boolean
  /** Whether a thing of the room is one of those that the caller may see and change: its own, or everybody's with `manage`. */
  reaches(room: RoomName, thing: Made): boolean
}

export interface Made {
  /** The name of the thing, as keys are limited to it. */
  subject: string
  /**
   * Several share a browser session whose credentials they all have. Null for what was made before makers were recorded; it belongs to the
   * house.
   */
  makers: readonly (string | null)[]
}

/**
 * What the owner and callers without a key on this machine have made belongs to the house: it is the same person at the same machine, and
 * the contracts without keys list and end it for whoever calls there.
 */
export function isOfTheHouse(maker: string | null): boolean {
  return maker === null || maker === 'owner' || maker === 'local'
}

/** The owner: by this run's token, or a browser that signed in as such. */
export const ownerStanding: Standing = { maker: 'owner', may: () => true, reaches: () => true }

/** Someone on this machine on a route that asks for no key: the use of that room and no more. */
export function localStanding(api: ApiName): Standing {
  return {
    maker: 'local',
    may: (right) => right === `${api}:use` && api !== 'control',
    reaches: (room, { makers }) => room === api && makers.some(isOfTheHouse),
  }
}

/** Anyone, on a route that the contract calls public: what they show there, a token for example, is all that counts. */
export const strangerStanding: Standing = { maker: 'local', may: () => false, reaches: () => false }

/** A key while it is made or made less: what is ticked, what that includes, and what of it is asked for. */
import { covers, roomOf, roomsWithSubjects, type Only, type Right, type RoomWithSubjects } from '../../../server/http/rights.ts'

/** The things that are chosen in each room which knows limits; none for all. */
export type Limits = Record<RoomWithSubjects, string[]>

export interface Choice {
  label: string
  value: string
}

export const noLimits = (): Limits => ({ brokers: [], bots: [] })

export const holds = (rights: readonly Right[], right: Right): boolean => rights.some((held) => covers(held, right))

/** Ticked by another right that includes it. */
export const isIncluded = (rights: readonly Right[], right: Right): boolean => holds(rights, right) && !rights.includes(right)

/** The same rights without those that another of them includes. */
export const leastOf = (rights: readonly Right[]): Right[] =>
  rights.filter((right) => !rights.some((other) => other !== right && covers(other, right)))

/** Everything is not limited; neither is a room that stays closed. */
export function isLimitable(rights: readonly Right[], room: string): room is RoomWithSubjects {
  return roomsWithSubjects.some((name) => name === room && holds(rights, `${name}:use`)) && !rights.includes('control:manage')
}

export function onlyOf(rights: readonly Right[], limits: Limits): { -readonly [Room in keyof Only]: string[] } {
  return Object.fromEntries(
    roomsWithSubjects.filter((room) => isLimitable(rights, room) && limits[room].length > 0).map((room) => [room, limits[room]]),
  )
}

/** What of these rights is no longer there among those. */
export const takenFrom = (before: readonly Right[], after: readonly Right[], all: readonly Right[]): Right[] =>
  all.filter((right) => holds(before, right) && !holds(after, right))

/** `Bots: manage` of `bots:manage`. */
export function rightName(right: Right): string {
  const room = roomOf(right)
  return `${room.slice(0, 1).toUpperCase()}${room.slice(1)}: ${right.slice(room.length + 1)}`
}

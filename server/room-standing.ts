/** How a room stands, and what follows for its callers and for a person: decisions alone, `keeper.ts` acts on them. */
import { iso } from './clock.ts'
import type { HouseConcern } from './house-concerns.ts'
import { Refusal } from './http/problem.ts'
import { reasonOf } from './isolation.ts'
import { rooms, type RoomName } from './rooms.ts'
import type { DiskRefusal } from './store/disk.ts'

/** `down` is for a person. */
export type RoomStanding = { is: 'serving' } | { is: 'restarting'; since: number } | Down

export interface Down {
  is: 'down'
  since: number
  reason: string
  code: 'unavailable' | 'storage-refused'
}

/** More restarts than this within ten minutes: what fails will fail again. */
const mostRestarts = 3
const restartWindow = 600_000

/** Down because of `problem`; `refusal` is what the disk said, where it was the disk. */
export function downBecause(problem: Error | undefined, refusal: DiskRefusal | null, since: number): Down {
  return {
    is: 'down',
    since,
    reason: refusal?.reason ?? reasonOf(problem),
    code: refusal === null ? 'unavailable' : 'storage-refused',
  }
}

/** The restarts that still count, this one included; times in ms of the monotonic clock. */
export function withRestart(restarts: readonly number[], now: number): number[] {
  return [...restarts.filter((at) => now - at < restartWindow), now]
}

/** Why a room that failed so often is not started again by itself; null while it may be. */
export function tooManyRestarts(restarts: readonly number[], reason: string): Error | null {
  return restarts.length > mostRestarts ? new Error(`it failed ${restarts.length} times in ten minutes, last with: ${reason}`) : null
}

/** What a caller of the room is answered; null when it serves. */
export function refusalOf(name: RoomName, standing: RoomStanding): Refusal | null {
  if (standing.is === 'serving') return null
  if (standing.is === 'restarting')
    return new Refusal('unavailable', `${rooms[name].plural} are being restarted; try again in a moment`, {
      headers: { 'retry-after': '1' },
    })
  return new Refusal(standing.code, `${rooms[name].plural} cannot be served: ${standing.reason}`)
}

export function concernsOf(name: RoomName, standing: RoomStanding): HouseConcern[] {
  if (standing.is !== 'down') return []
  return [
    {
      id: `room:${name}`,
      room: name,
      kind: 'room-down',
      facts: { room: name, reason: standing.reason },
      tone: 'bad',
      since: iso(standing.since),
      action: 'restart-room',
      subject: name,
    },
  ]
}

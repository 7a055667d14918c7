/** For how many more sessions there is room: places, and memory by what a session has been seen to take on this machine. */
import type { Clock } from '../../clock.ts'
import type { RoomView } from '../contract/room.ts'
import type { Session } from '../session/session.ts'
import { machineMemory, type MachineMemory } from './machine-memory.ts'

export interface RoomOptions {
  clock: Pick<Clock, 'monotonic'>
  /** Live ones. */
  sessions(): Session[]
  places(): number
  /** In MB; no limit of its own when null. */
  limit(): { memoryLimit: number | null; memoryReserve: number }
  machine?(): MachineMemory
}

/** Bytes that a session is thought to take before one has been measured. */
const usualBytes = 250_000_000
/** Ms for which what the system said counts. */
const askAgain = 1_000
const megabyte = 1_000_000

export class Room {
  readonly #options: Required<RoomOptions>
  #asked: { at: number; memory: MachineMemory } | null = null
  #lastAverage: number | null = null

  constructor(options: RoomOptions) {
    this.#options = { machine: machineMemory, ...options }
  }

  /** Whether one more fits; `released` bytes are on their way back. The first one always does. */
  fits(released = 0): boolean {
    const { usedBytes, limitBytes, reserveBytes, averageBytes } = this.#memory()
    return usedBytes === 0 || limitBytes - reserveBytes - usedBytes + released >= averageBytes
  }

  /** Bytes that would come back with it. */
  takenBy(session: Session): number {
    return session.browser.metrics?.memoryBytes ?? this.#average([])
  }

  view(): RoomView {
    const { sessions, places } = this.#options
    const live = sessions()
    const memory = this.#memory()
    const freePlaces = Math.max(0, places() - live.length)
    const byMemory = Math.floor(memory.freeBytes / memory.averageBytes)
    const roomFor = Math.min(freePlaces, byMemory)
    return {
      ...{ places: places(), freePlaces, ...memory, roomFor },
      fullBecause: roomFor > 0 ? null : freePlaces === 0 ? 'places' : 'memory',
      firstLeaseEndsAt: firstLeaseEnd(live),
    }
  }

  /** Why nobody gets in, and when somebody may. */
  whyFull(): string {
    const { sessions, places } = this.#options
    const live = sessions()
    const end = firstLeaseEnd(live)
    const when = end === null ? '' : `; the first lease ends at ${end}, if it is not given back before`
    if (live.length >= places()) return `All ${places()} sessions are in use${when}`
    const { freeBytes, averageBytes } = this.#memory()
    return `There is memory for ${live.length} sessions, and all are in use: ${inMegabytes(freeBytes)} are free, one more takes about ${inMegabytes(averageBytes)}${when}`
  }

  #memory(): Pick<RoomView, 'limitBytes' | 'usedBytes' | 'freeBytes' | 'reserveBytes' | 'averageBytes' | 'measured'> {
    const live = this.#options.sessions()
    const { memoryLimit, memoryReserve } = this.#options.limit()
    const { totalBytes, availableBytes } = this.#machineNow()
    const averageBytes = this.#average(live)
    const unmeasured = live.filter(({ browser }) => browser.metrics === null).length * averageBytes
    const usedBytes = live.reduce((sum, { browser }) => sum + (browser.metrics?.memoryBytes ?? 0), 0) + unmeasured
    const reserveBytes = memoryReserve * megabyte
    // What those that start will take is still free to the system.
    const ofMachine = availableBytes - unmeasured
    const limitBytes = Math.min(totalBytes, memoryLimit === null ? Number.POSITIVE_INFINITY : memoryLimit * megabyte, ofMachine + usedBytes)
    const freeBytes = Math.max(0, limitBytes - usedBytes - reserveBytes)
    return { limitBytes, usedBytes, freeBytes, reserveBytes, averageBytes, measured: this.#lastAverage !== null }
  }

  #average(live: readonly Session[]): number {
    const measured = live.flatMap(({ browser }) => browser.metrics?.memoryBytes ?? []).filter((bytes) => bytes > 0)
    if (measured.length > 0) this.#lastAverage = Math.round(measured.reduce((sum, bytes) => sum + bytes, 0) / measured.length)
    return this.#lastAverage ?? usualBytes
  }

  #machineNow(): MachineMemory {
    const at = this.#options.clock.monotonic()
    if (this.#asked === null || at - this.#asked.at >= askAgain) this.#asked = { at, memory: this.#options.machine() }
    return this.#asked.memory
  }
}

const inMegabytes = (bytes: number): string => `${Math.round(bytes / megabyte)} MB`

function firstLeaseEnd(live: readonly Session[]): string | null {
  return (
    live
      .flatMap(({ leases }) => leases.list().map(({ expiresAt }) => expiresAt))
      .sort()
      .at(0) ?? null
  )
}

/**
 * Keeps the rooms standing. A room that fails to start, or in which something fails that nothing smaller answers for, is started again in
 * place; the process and the other rooms go on. What cannot be mended by that is set aside, named under "Needs attention", and can be tried
 * again.
 */
import { isDoneWithin } from './async/deadline.ts'
import type { Clock } from './clock.ts'
import type { DiskWatch } from './disk-watch.ts'
import { ErrorMeter, isWorthLogging } from './error-meter.ts'
import type { EventSink } from './events/event.ts'
import { KernelFault } from './fault.ts'
import type { HouseConcern } from './house-concerns.ts'
import { houseEventsOf } from './house-events.ts'
import type { Shelter } from './http/shelter.ts'
import { reasonOf, within, withinRoom, type Escape, type Scope } from './isolation.ts'
import { nextState } from './lifecycle.ts'
import { live } from './live.ts'
import type { Log } from './log.ts'
import type { Room } from './room.ts'
import { roomLifecycle, type RoomEvent } from './room-lifecycle.ts'
import { concernsOf, downBecause, refusalOf, tooManyRestarts, withRestart, type Down, type RoomStanding } from './room-standing.ts'
import { isRoom, rooms, type ApiName, type RoomName } from './rooms.ts'
import { diskRefusal } from './store/disk.ts'

interface Kept {
  /** The one of today: a room that is restarted is made anew, so that nothing of what failed is left in it. */
  room: Room
  make(): Room | Promise<Room>
  /** It has run, or was made to stand in: it is not started again. */
  worn: boolean
  standing: RoomStanding
  /** When it was restarted by itself, ms of the monotonic clock; a person's tries do not count. */
  restarts: number[]
}

export interface KeeperOptions {
  clock: Clock
  log: Log
  disk: DiskWatch
  /** The room's settings are those the person chose; puts the defaults in force for this run. False when they are the defaults already. */
  setSettingsAside(room: RoomName, reason: string): boolean
  /** Told after each change of how a room stands. */
  changed(): void
}

/** Longest that a room may take to stop before it is started anew. */
const stopWithin = 4_500

export class Keeper {
  readonly #rooms = new Map<RoomName, Kept>()
  readonly #options: KeeperOptions
  readonly #meter = new ErrorMeter()
  #stopped = false
  /** The bus is one of the things that are made with the keeper standing around them. */
  events: EventSink = { emit: () => undefined }

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /**
   * Makes a room within its scope; what is given back stands for the room of the day, see `live`. One that cannot be made, because of its
   * disk, of what is set for it or of what it finds in its tables, is made with `standIn` and serves nothing but the reason. Throws when
   * that fails as well.
   */
  async raise<Made extends Room>(name: RoomName, make: () => Made | Promise<Made>, standIn: () => Made | Promise<Made>): Promise<Made> {
    const kept: Kept = await this.#enterRoom(name, async () => {
      const first = await this.#tryMake(name, make)
      // Without what the person has set, which may be what it cannot be made with.
      const made = first instanceof Error && this.#disregards(name, first) ? await this.#tryMake(name, make) : first
      if (!(made instanceof Error)) return { room: made, make, worn: false, standing: { is: 'serving' }, restarts: [] }
      return { room: await standIn(), make, worn: true, standing: this.#downFor(name, made, { lasting: true }), restarts: [] }
    })
    this.#rooms.set(name, kept)
    // Only what `make` gave is ever put there.
    return live(() => kept.room as Made)
  }

  /** Starts every room; one that cannot is down and says why. */
  async start(): Promise<void> {
    await Promise.all(
      [...this.#rooms].filter(([, { standing }]) => standing.is === 'serving').map(([name, kept]) => this.#firstStart(name, kept)),
    )
  }

  async stop(): Promise<void> {
    this.#stopped = true
    const running = [...this.#rooms].filter(([, { standing }]) => standing.is !== 'down')
    // Each to its own end: one that fails there must not cut the others off from what they still write.
    await Promise.all(running.map(([name, kept]) => this.#stopRoom(name, kept)))
  }

  standing(name: RoomName): RoomStanding {
    return this.#kept(name).standing
  }

  /** How it stands, and how many errors were kept to what they came from since the start. Control always serves. */
  view(name: ApiName): { standing: RoomStanding['is']; contained: number } {
    return { standing: isRoom(name) ? this.standing(name).is : 'serving', contained: this.#meter.of(name) }
  }

  /** For a person: stops the room where it still runs and makes and starts it anew. Throws `room-down` when it fails again. */
  async restart(name: RoomName): Promise<void> {
    const kept = this.#kept(name)
    if (kept.standing.is === 'restarting') return
    kept.restarts = []
    await this.#startAgain(name, kept, 'asked for')
    const { standing } = kept
    if (standing.is === 'down') throw new KernelFault('room-down', standing.reason)
  }

  readonly shelter: Shelter = {
    refusal: (api) => {
      if (api === 'control') return null
      const standing = this.#rooms.get(api)?.standing
      return standing === undefined ? null : refusalOf(api, standing)
    },
    enter: (scope, work) => this.#enterRoom(scope.room, () => within(scope, work)),
    diskRefused: (api, refusal) => this.#options.disk.refused(api, refusal),
  }

  /** What no scope stands around: nobody's, so counted as the house's. */
  readonly reportUnknown = (escape: Escape): void => this.#report(escape)

  attention(): HouseConcern[] {
    return [...this.#rooms].flatMap(([name, { standing }]) => concernsOf(name, standing))
  }

  /** Everything a room makes and starts runs in here. */
  #enterRoom<Result>(name: ApiName, work: () => Result): Result {
    const scope: Scope = {
      room: name,
      kind: 'room',
      id: name,
      escaped: (_, reason) => (isRoom(name) ? this.#failedByItself(name, reason) : undefined),
    }
    return withinRoom(scope, (escape) => this.#report(escape), work)
  }

  async #firstStart(name: RoomName, kept: Kept): Promise<void> {
    // The second time for what was a matter of the moment; the third without what the person has set, which may be what it cannot start
    // with.
    const problem = (await this.#tryStart(name, kept)) && (await this.#tryStart(name, kept))
    if (problem === null) return
    if (this.#disregards(name, problem) && (await this.#tryStart(name, kept)) === null) return
    this.#become(kept, name, 'failed', problem)
  }

  async #tryMake<Made extends Room>(name: RoomName, make: () => Made | Promise<Made>): Promise<Made | Error> {
    try {
      return await make()
    } catch (error) {
      this.#options.log.error({ error, room: name }, 'a room cannot be made')
      return asError(error)
    }
  }

  /** True when there was something set for the room that may be to blame, and is out of force now. A disk is not mended by that. */
  #disregards(name: RoomName, problem: Error): boolean {
    return (
      diskRefusal(problem) === null &&
      this.#options.setSettingsAside(name, `${rooms[name].plural} could not start with them: ${reasonOf(problem)}`)
    )
  }

  #downFor(name: RoomName, problem: Error | undefined, how?: { lasting: boolean }): Down {
    const refusal = diskRefusal(problem)
    if (refusal !== null) this.#options.disk.refused(name, refusal, how)
    return downBecause(problem, refusal, this.#options.clock.now())
  }

  /** Null when it has started. */
  async #tryStart(name: RoomName, kept: Kept): Promise<Error | null> {
    try {
      await this.#enterRoom(name, async () => {
        if (kept.worn) kept.room = await makeAnew(kept)
        kept.worn = false
        await kept.room.start()
      })
      return null
    } catch (error) {
      this.#options.log.error({ error, room: name }, 'a room could not start')
      await this.#stopRoom(name, kept)
      return asError(error)
    }
  }

  /** Something of the room's failed and nothing smaller answers for it. */
  async #failedByItself(name: RoomName, reason: string): Promise<void> {
    const kept = this.#rooms.get(name)
    if (kept === undefined || kept.standing.is !== 'serving' || this.#stopped) return
    kept.restarts = withRestart(kept.restarts, this.#options.clock.monotonic())
    const tooMany = tooManyRestarts(kept.restarts, reason)
    if (tooMany !== null) {
      this.#become(kept, name, 'failed', tooMany)
      await this.#stopRoom(name, kept)
      return
    }
    await this.#startAgain(name, kept, reason)
  }

  async #startAgain(name: RoomName, kept: Kept, reason: string): Promise<void> {
    const ran = kept.standing.is === 'serving'
    this.#become(kept, name, 'restart')
    houseEventsOf(this.events, name).emit({ type: 'room-restarted', subject: name, data: { reason } })
    // What may still run must not run twice: two of them would write one journal, and two bots would throw each other out.
    const problem =
      ran && !(await this.#stopRoom(name, kept))
        ? new Error('it could not be stopped; start Wheelhouse again')
        : this.#stopped
          ? null
          : await this.#tryStart(name, kept)
    if (problem === null) this.#become(kept, name, 'up')
    else this.#become(kept, name, 'failed', problem)
  }

  /** False when the room did not come to an end in time. */
  async #stopRoom(name: RoomName, kept: Kept): Promise<boolean> {
    if (kept.worn) return true
    kept.worn = true
    const { room } = kept
    const stopped = this.#enterRoom(name, () => Promise.try(() => room.stop())).catch((error: unknown) =>
      this.#options.log.error({ error, room: name }, 'a room could not be stopped cleanly'),
    )
    return isDoneWithin(stopWithin, stopped)
  }

  #become(kept: Kept, name: RoomName, event: RoomEvent, problem?: Error): void {
    const next = nextState(roomLifecycle, kept.standing.is, event, undefined)
    if (next === null) {
      this.#options.log.error({ room: name, from: kept.standing.is, event }, 'a change of a room that cannot be')
      return
    }
    const since = this.#options.clock.now()
    if (next === 'serving') kept.standing = { is: 'serving' }
    else if (next === 'restarting') kept.standing = { is: 'restarting', since }
    else {
      kept.standing = this.#downFor(name, problem)
      houseEventsOf(this.events, name).emit({ type: 'room-down', subject: name, data: { reason: kept.standing.reason } })
    }
    this.#options.changed()
  }

  #report({ error, reason, origin }: Escape): void {
    const room = origin?.room ?? 'control'
    const kind = origin?.kind ?? 'unknown'
    const count = this.#meter.count(room, `${kind}:${origin?.id ?? ''}:${reason}`)
    if (!isWorthLogging(count)) return
    this.#options.log.error({ error, room, kind, id: origin?.id, count }, 'an error escaped and was contained')
    houseEventsOf(this.events, room).emit({ type: 'error-contained', subject: origin?.id ?? null, data: { kind, reason, count } })
  }

  #kept(name: RoomName): Kept {
    const kept = this.#rooms.get(name)
    if (kept === undefined) throw new KernelFault('api-not-present', `There is no ${name} API in this version`)
    return kept
  }
}

/** Whoever calls its API goes on doing so. */
async function makeAnew({ room, make }: Kept): Promise<Room> {
  const made = await make()
  if (room.api.loaded !== undefined) await made.api.load()
  return made
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(reasonOf(thrown))
}

/** The plan all rooms share: what a room is given and what it gives back. `index.ts` wires it. */
import type { Database } from 'better-sqlite3'
import type { Clock } from './clock.ts'
import type { SettingsSource } from './config/source.ts'
import type { Concern, Locked, RoomCounts } from './room-report.ts'
import type { EventSink } from './events/event.ts'
import type { Egress } from './http/egress.ts'
import type { RoomName } from './http/contract.ts'
import type { LazyApi } from './http/lazy-api.ts'
import type { Log } from './log.ts'
import type { Sealer } from './secrets/sealer.ts'
import type { DiskRefusal } from './store/disk.ts'

export interface RoomContext {
  /** The data directory; a room keeps its files in a folder of its own name below it. */
  dataDir: string
  database: Database
  events: EventSink
  /** Tells open windows that what they show of `resource` (e.g. `browsers`) changed without being worth an event. */
  changed(resource: string): void
  /** What goes on by itself could not write; requests are told by what they throw. */
  diskRefused?(room: RoomName, refusal: DiskRefusal): void
  sealer: Sealer
  /** Judges every connection to an address that a caller named. */
  egress: Egress
  settings: SettingsSource
  clock: Clock
  log: Log
}

export interface Room {
  name: RoomName
  api: LazyApi
  /**
   * Recovers what the last run left and starts background work; must not delay the listeners by more than a few ms. Called again after
   * `stop`, to restart the room in place.
   */
  start(): Promise<void>
  /** Ends sessions and timers; resolves when nothing of the room is left. */
  stop(): Promise<void>
  /** Counts for the overview. */
  summary(): RoomCounts
  /** What needs a person. */
  attention(): Concern[]
  /** What of the room was sealed with a key that is not here; empty when everything opens. */
  locked?(): Locked[]
  /** Removes what is locked, for good. */
  giveUpLocked?(): void | Promise<void>
}

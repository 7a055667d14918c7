/** What stands around the requests of the APIs: whether an API can serve at the moment, and where errors go that escape from a request. */
import { within, type Scope } from '../isolation.ts'
import type { DiskRefusal } from '../store/disk.ts'
import type { ApiName } from './contract.ts'
import type { Refusal } from './problem.ts'

export interface Shelter {
  /** What every route and socket of the API answers while it cannot serve; null while it can. Asked after the key was checked. */
  refusal(api: ApiName): Refusal | null
  /** Runs `work` within `scope`, and that within the API's own. */
  enter<Result>(scope: Scope, work: () => Result): Result
  /** The disk has refused what a caller of the API asked for. */
  diskRefused(api: ApiName, refusal: DiskRefusal): void
}

/** For an API served on its own: always there, and nobody to tell. */
export const openAir: Shelter = { refusal: () => null, enter: within, diskRefused: () => undefined }

/** What may need a person in the house itself, by kind: its facts. */
import type { ApiName } from './http/contract.ts'
import type { ConcernOf, Locked } from './room-report.ts'
import type { DiskRefusal } from './store/disk.ts'

export interface HouseConcerns {
  'port-taken': { api: ApiName; port: number | 'off'; /** Where it answers meanwhile. */ meanwhile: string; error: string }
  'api-failed': { api: ApiName; error: string }
  'open-to-all': { api: ApiName }
  'settings-set-aside': { paths: string[] }
  'room-down': { room: ApiName; reason: string }
  'disk-refuses': { room: ApiName; folder: string; refusal: DiskRefusal['kind']; reason: string; lasting: boolean }
  'sealing-key': { state: 'changed' | 'missing' | 'broken' | 'protected'; reason: string }
  locked: { locked: Locked[]; /** The desktop app has the key. */ byDesktop: boolean }
}
export type HouseConcern = ConcernOf<HouseConcerns>

/** What a running server says of itself: to scripts in the ready line and `runtime.json`, and to a tray. */
import type { Attention } from './control/attention.ts'
import { overviewOf } from './control/overview.ts'
import type { Rates } from './control/rates.ts'
import type { Settings } from './config/settings.ts'
import type { ApiHost } from './http/api-host.ts'
import type { ListenerState } from './http/listener.ts'
import type { Room } from './room.ts'
import type { ApiName, RoomName } from './rooms.ts'
import { version } from './version.ts'

/** What the ready line and `runtime.json` say; the line leaves the token out. */
export interface ServerStatus {
  version: string
  pid: number
  control: { url: string; token: string }
  apis: Partial<Record<RoomName, { url: string; state: string; error?: string }>>
}

/** What a tray shows. */
export interface ServerSummary {
  attention: number
  /** The ids of what that counts. */
  attentionIds: string[]
  rooms: { room: RoomName; count: number; unit: string; text: string }[]
  apis: { name: ApiName; state: ListenerState['state']; url: string; lanUrl: string | null; exposed: boolean }[]
}

export function statusOf(host: ApiHost, rooms: readonly Room[], token: string): ServerStatus {
  return {
    version,
    pid: process.pid,
    control: { url: host.url('control'), token },
    apis: Object.fromEntries(
      rooms.map(({ name }) => {
        const { status } = host.served(name)
        return [name, { url: host.url(name), state: status.state, ...('error' in status ? { error: status.error } : {}) }]
      }),
    ),
  }
}

export interface SummaryParts {
  host: ApiHost
  rooms: readonly Room[]
  rates: Rates
  attention: Attention
  settings: Settings
}

export function summaryOf({ host, rooms, rates, attention, settings }: SummaryParts): ServerSummary {
  const overview = overviewOf({ rooms, rates, attention: () => attention }, '15m')
  return {
    attention: overview.attention.length,
    attentionIds: overview.attention.map(({ id }) => id),
    rooms: overview.rooms.map(({ room, count, unit, text }) => ({ room, count, unit, text })),
    apis: host.names().map((name) => {
      const { status, exposed } = host.served(name)
      return {
        name,
        state: status.state,
        url: host.url(name),
        lanUrl: host.lanUrls(name)[0] ?? null,
        exposed: exposed && settings.apis[name].insecureNoKey,
      }
    }),
  }
}

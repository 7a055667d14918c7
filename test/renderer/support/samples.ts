/** Whole values of the contracts, of which a test names only what it is about. */
import type { ApiView, KeyView, Overview, SettingsView } from '../../../server/control/contract/index.ts'
import type { BusEvent } from '../../../server/events/event.ts'
import { defaultSettings } from '../../../server/config/settings.ts'

export const api = (changes: Partial<ApiView> = {}): ApiView => ({
  name: 'browsers',
  title: 'Browser sessions',
  state: 'listening',
  url: 'http://127.0.0.1:5010',
  prefixUrl: 'http://127.0.0.1:7700/browsers',
  port: 5010,
  configuredPort: 5010,
  error: null,
  freePort: null,
  openTo: 'machine',
  insecureNoKey: false,
  exposed: false,
  lanUrls: [],
  fixedBy: null,
  publicRoutes: [{ method: 'GET', path: '/health' }],
  keyedRoutes: 14,
  standing: 'serving',
  contained: 0,
  traffic: { perSecond: 0, p50: null, p99: null, failed: 0 },
  ...changes,
})
export const controlApi = (changes: Partial<ApiView> = {}): ApiView =>
  api({
    name: 'control',
    title: 'Control',
    url: 'http://127.0.0.1:7700',
    prefixUrl: 'http://127.0.0.1:7700',
    port: 7700,
    configuredPort: 7700,
    ...changes,
  })
export const exposedApi = (): ApiView => api({ openTo: 'lan', insecureNoKey: true, exposed: true, lanUrls: ['http://192.168.1.20:5010'] })

export const key = (changes: Partial<KeyView> = {}): KeyView => ({
  id: 'key_abcdef',
  name: 'warehouse-sync',
  prefix: 'whk_7Kd2',
  rights: ['browsers:use'],
  only: {},
  from: null,
  scopes: [],
  createdAt: '2026-11-12T10:00:00.000Z',
  lastUsedAt: null,
  lastUsedFrom: null,
  expiresAt: null,
  ...changes,
})

export const event = (id: number, changes: Partial<BusEvent> = {}): BusEvent => ({
  id,
  at: new Date(1_795_000_000_000 + id * 1_000).toISOString(),
  room: 'browsers',
  type: 'session-opened',
  title: 'Session opened',
  subject: `user${id}`,
  actor: 'owner',
  tone: 'good',
  data: {},
  ...changes,
})

export const pulse = (lastId: number, eventsPerSecond = 0) => ({
  type: 'pulse',
  lastId,
  eventsPerSecond,
  cpuPercent: 4.1,
  memoryBytes: 84_000_000,
  lanClients: 0,
  uptime: 273_600,
})

export const overview = (changes: Partial<Overview> = {}): Overview => ({
  rooms: [
    {
      room: 'browsers',
      count: 10,
      unit: 'of 10',
      text: '4 in use',
      facts: { open: 10, most: 10, inUse: 4 },
      rateTitle: 'Calls',
      ratePer: 's',
      rate: 212,
      series: [1, 2, 3],
      worst: null,
    },
  ],
  times: [1, 2, 3],
  attention: [],
  ...changes,
})

export const settingsView = (changes: Partial<SettingsView> = {}): SettingsView => ({
  settings: structuredClone(defaultSettings),
  fixed: {},
  setAside: [],
  file: '/data/settings.json',
  ...changes,
})

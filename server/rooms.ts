/**
 * The rooms of the house, and the control API over them, as data: whatever lists or draws them derives that from here; their titles stand
 * in the catalogue of words. A new room is a row here and a folder beside; the compiler then names what is missing. No import: the window,
 * the shell and the scripts read it too.
 */

export interface ApiDescription {
  /** What it serves, as the subject of a sentence in the plural. */
  plural: string
  /** The port it has by default; its prefix under the control port is its name. */
  port: number
  /** The variable that its published contract names for the port, beside ours. */
  portVariable?: string
  /** A key can be limited to some of its things. */
  limitable: boolean
  icon: string
  /** Its page in the window, and the parameter there that opens one thing; null for what has none of its own. */
  route: string | null
  opens: string | null
  /** What opens a new one of what the room holds, and where; null for what has none. */
  create: { label: string; to: string } | null
  /** A harmless GET for the first call with a new key. */
  firstCall: string
}

export const rooms = {
  brokers: {
    plural: 'Brokers',
    port: 3000,
    limitable: true,
    icon: 'i-lucide-radio-tower',
    route: '/brokers',
    opens: 'session',
    create: { label: 'Broker session', to: '/brokers?create' },
    firstCall: '/v1/sessions',
  },
  browsers: {
    plural: 'Browsers',
    port: 5010,
    limitable: false,
    icon: 'i-lucide-globe',
    route: '/browsers',
    opens: 'session',
    create: { label: 'Browser session', to: '/browsers?open' },
    firstCall: '/v1/browser-sessions',
  },
  bots: {
    plural: 'Bots',
    port: 8000,
    portVariable: 'PORT',
    limitable: true,
    icon: 'i-lucide-message-circle',
    route: '/bots',
    opens: 'bot',
    create: { label: 'Bot', to: '/bots/link' },
    firstCall: '/api/sessions',
  },
  logins: {
    plural: 'Logins',
    port: 8081,
    limitable: false,
    icon: 'i-lucide-shield-check',
    route: '/logins',
    opens: null,
    create: { label: 'Login session', to: '/logins?create' },
    firstCall: '/api/v1/sessions/stats',
  },
  relay: {
    plural: 'Relay servers and sessions',
    port: 8090,
    limitable: false,
    icon: 'i-lucide-waypoints',
    route: '/relay',
    opens: null,
    create: { label: 'Relay session', to: '/relay?create' },
    firstCall: '/v1/relay-sessions',
  },
} as const satisfies Readonly<Record<string, ApiDescription>>

export type RoomName = keyof typeof rooms
export type ApiName = 'control' | RoomName

const control: ApiDescription = {
  plural: 'The control API',
  port: 7700,
  limitable: false,
  icon: 'i-lucide-layout-dashboard',
  route: null,
  opens: null,
  create: null,
  firstCall: '/control/v1/apis',
}
export const apis: Readonly<Record<ApiName, ApiDescription>> = { control, ...rooms }

// Keys of a literal are known to the compiler; `Object.keys` forgets them.
export const roomNames = Object.keys(rooms) as readonly RoomName[]
export const apiNames = Object.keys(apis) as readonly ApiName[]

/** Makes a table with a row for each API. */
export function forEachApi<Value>(make: (name: ApiName) => Value): Record<ApiName, Value> {
  return Object.fromEntries(apiNames.map((name) => [name, make(name)])) as Record<ApiName, Value>
}

export function isRoom(name: string): name is RoomName {
  return Object.hasOwn(rooms, name)
}

/** Rooms in which a key can be limited to some things: to broker sessions by their name, to bots by their userId. */
export type RoomWithSubjects = { [Name in RoomName]: (typeof rooms)[Name]['limitable'] extends true ? Name : never }[RoomName]
export const roomsWithSubjects = roomNames.filter((name): name is RoomWithSubjects => rooms[name].limitable)

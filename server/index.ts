/** The server: what it is made of, and in which order it starts and stops. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createBrokersRoom } from './brokers/index.ts'
import { createBotsRoom } from './bots/index.ts'
import type { Publisher } from './bots/rules.ts'
import { createBrowsersRoom } from './browsers/index.ts'
import { systemClock, type Clock } from './clock.ts'
import type { ContractVariables, FixedSettings } from './config/options.ts'
import { lockDataDir, removeRuntimeFile, writeRuntimeFile } from './config/runtime-file.ts'
import type { Settings } from './config/settings.ts'
import { createSettingsStore } from './config/settings-store.ts'
import { createControlApi, overviewOf, signInUrl } from './control/api.ts'
import { changeApis, createApiDesk } from './control/apis.ts'
import { createAttention } from './control/attention.ts'
import { createAuthority } from './control/authority.ts'
import { createKeys } from './control/keys.ts'
import { Rates } from './control/rates.ts'
import { createSignIn } from './control/sign-in.ts'
import { createUsers } from './control/users.ts'
import { createEventBus } from './events/bus.ts'
import { createEventStream } from './events/stream.ts'
import { createVitals } from './events/vitals.ts'
import { ApiHost } from './http/api-host.ts'
import type { ApiName, RoomName } from './http/contract.ts'
import { Guards } from './http/guards.ts'
import { createAddressSet } from './http/network.ts'
import { createWindowFiles } from './http/window-files.ts'
import { createLog, type Log } from './log.ts'
import { createLoginsRoom } from './logins/index.ts'
import { createPasskeyBrowser } from './passkey-browser.ts'
import { createRelayRoom } from './relay/index.ts'
import type { Room, RoomContext } from './room.ts'
import { randomToken } from './secrets/random.ts'
import { createSealer } from './secrets/seal.ts'
import { loadSealingKey, type KeyProtector } from './secrets/sealing-key.ts'
import { openDatabase } from './store/database.ts'
import { migrate } from './store/migrate.ts'
import { houseTools } from './tools/house-tools.ts'
import { version } from './version.ts'

export interface ServerOptions {
  /** Made when it does not exist; held by one server at a time. */
  dataDir: string
  /** Bind address of APIs that are open to this machine only. Default 127.0.0.1. */
  host?: string
  /** Values given by flag or variable, which win over the settings file. */
  fixed?: FixedSettings
  /** Folder of the built window; not served when left out. */
  rendererDir?: string
  /** Origins of windows that are ours beside the control address, e.g. `app://wheelhouse`. */
  windowOrigins?: readonly string[]
  /** Variables that the published contracts name. */
  contractVariables?: ContractVariables
  /** Base of the relay's session addresses; the relay's own address when left out. */
  publicUrl?: string | null
  /** WhatsApp's server, or a protocol double; the real one when left out. */
  whatsappUrl?: string | null
  /** Seals the sealing key itself in the OS key store; a 0600 file without it. */
  keyProtector?: KeyProtector
  /** Checks every reply against its contract; for tests. */
  checkReplies?: boolean
  clock?: Clock
  log?: Log
}

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
  rooms: { room: RoomName; count: number; unit: string; text: string }[]
  apis: { name: ApiName; state: string; url: string; lanUrl: string | null; exposed: boolean }[]
}

export interface Server {
  /** Resolves when every listener has its port or has reported why not, and `runtime.json` says so. */
  start(): Promise<ServerStatus>
  /** Stops accepting, ends sessions, flushes. Resolves within 5 s; safe to call twice. */
  stop(): Promise<void>
  status(): ServerStatus
  settings(): Settings
  changeSettings(patch: object): Promise<Settings>
  startApi(name: ApiName): Promise<void>
  stopApi(name: ApiName): Promise<void>
  /** A link that signs one browser in once. */
  signInLink(): string
  /** Called after changes of settings, of an API's state or of what the summary counts, at most four times a second. */
  onChange(listener: () => void): () => void
  summary(): ServerSummary
}

/** Longest that rooms may take to end what they run; what is left then is killed with this process. */
const stopWithin = 4_500

/** Throws when the data directory is held by another server or its database is newer than this program. */
export async function createServer(options: ServerOptions): Promise<Server> {
  const { dataDir, host = '127.0.0.1', clock = systemClock } = options
  const lock = lockDataDir(dataDir)
  const settings = createSettingsStore({ file: join(dataDir, 'settings.json'), fixed: options.fixed ?? new Map() })
  const log = options.log ?? createLog(settings.current().logLevel)
  const database = openDatabase(join(dataDir, 'wheelhouse.db'))
  migrate(database)
  const sealer = createSealer(await loadSealingKey(dataDir, options.keyProtector))

  const bus = createEventBus({ database, clock, log, settings })
  const keys = createKeys({ database, clock, events: bus, log })
  const users = createUsers({ database, clock, events: bus })
  const signIn = createSignIn({ database, clock, events: bus, keys })
  const ownerToken = randomToken()
  const vitals = createVitals(clock)
  const stream = createEventStream({ bus, clock, vitals: () => ({ ...vitals(), lanClients: apiHost.countLanClients() }) })

  const context: RoomContext = { dataDir, database, events: bus, changed: (resource) => stream.changed(resource), sealer, settings, clock, log }
  const brokers = createBrokersRoom(context)
  const browsers = createBrowsersRoom(context)
  const logins = await createLoginsRoom(context, { variables: options.contractVariables })
  const windowUrl = (): string | null => (options.rendererDir === undefined ? null : apiHost.url('control'))
  const publisher: Publisher = { publish: async ({ session, ...publication }) => void (await brokers.houseClient.publish(session, { ...publication, retain: false })) }
  const bots = createBotsRoom(context, { variables: options.contractVariables, whatsappUrl: options.whatsappUrl, windowUrl, publisher, authenticator: createPasskeyBrowser({ executable: () => browsers.chromium.ensure(), profilesDir: join(dataDir, 'browsers', 'profiles') }), removed: (userId) => keys.dropSubject('bots', userId) })
  const relay = createRelayRoom(context, { accounts: users, publicUrl: () => options.publicUrl ?? apiHost.url('relay'), callbackUrl: () => `${apiHost.url('relay')}/oauth/callback`, houseTools: houseTools({ browsers: browsers.service, bots, brokers: brokers.houseClient, logins }) })
  const rooms: readonly Room[] = [brokers, browsers, bots, logins, relay]

  const authority = createAuthority({ ownerToken, keys, signIn })
  const ownOrigins = (): string[] => [...(options.windowOrigins ?? []), ...settings.current().allowedOrigins]
  const rates = new Rates(clock, () => new Map(rooms.map((room) => room.summary()).map(({ room, total }) => [room, total])))
  const changes = createChangeSignal()
  const apiOfControl = createControlApi({
    ...{ clock, settings, bus, stream, keys, users, signIn, rooms, rates, profiles: browsers.profiles, upstreams: relay.upstreams, startedAt: clock.monotonic() },
    host: () => apiHost,
    desk: () => desk,
    attention: () => attention,
  })
  const apiHost: ApiHost = new ApiHost({
    apis: [apiOfControl, ...rooms.map((room) => room.api)],
    guards: new Guards({ authority, ownOrigins, isTrustedProxy: createAddressSet(() => settings.current().trustedProxies) }),
    host,
    settings: () => settings.current(),
    windowFiles: options.rendererDir === undefined ? null : createWindowFiles(options.rendererDir),
    log,
    checkReplies: options.checkReplies ?? false,
    newRequestId: randomUUID,
    monotonic: () => clock.monotonic(),
    onChange: () => {
      stream.changed('apis')
      changes.notify()
    },
  })
  const desk = createApiDesk(apiHost, settings, bus)
  const attention = createAttention(apiHost, rooms, settings, clock)
  keys.onRevoke((id) => apiHost.closeSocketsOf(id))
  bus.subscribe(() => changes.notify())
  settings.onChange(() => {
    stream.changed('settings')
    changes.notify()
  })

  const status = (): ServerStatus => ({
    version,
    pid: process.pid,
    control: { url: apiHost.url('control'), token: ownerToken },
    apis: Object.fromEntries(rooms.map((room) => [room.name, apiStatus(apiHost, room.name)])),
  })

  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    removeRuntimeFile(dataDir)
    rates.dispose()
    changes.dispose()
    stream.stop()
    await within(stopWithin, Promise.all([apiHost.stop(), ...rooms.map((room) => room.stop())]), log)
    keys.stop()
    bus.stop()
    database.close()
    lock.release()
  }

  return {
    async start() {
      await Promise.all([apiHost.start(), ...rooms.map((room) => room.start())])
      for (const name of apiHost.names()) {
        const { status: state } = apiHost.served(name)
        if ('error' in state) bus.emit({ room: name, type: state.state, title: state.state === 'port-in-use' ? 'Port taken' : 'API could not start', subject: name, tone: 'attention', data: { port: state.port } })
      }
      writeRuntimeFile(dataDir, status())
      return status()
    },
    stop: () => (stopping ??= stop()),
    status,
    settings: () => settings.current(),
    async changeSettings(patch) {
      await changeApis(apiHost, settings, patch)
      return settings.current()
    },
    startApi: async (name) => void (await desk.start(name, 'owner')),
    stopApi: async (name) => void (await desk.stop(name, 'owner')),
    signInLink: () => signInUrl(apiHost, signIn.createCode().code),
    onChange: changes.subscribe,
    summary: () => {
      const { rooms: summaries, attention: items } = overviewOf({ rooms, rates, attention: () => attention }, '15m')
      return {
        attention: items.length,
        rooms: summaries.map(({ room, count, unit, text }) => ({ room, count, unit, text })),
        apis: apiHost.names().map((name) => {
          const { status: { state }, exposed } = apiHost.served(name)
          return { name, state, url: apiHost.url(name), lanUrl: apiHost.lanUrls(name)[0] ?? null, exposed: exposed && settings.current().apis[name].insecureNoKey }
        }),
      }
    },
  }
}

function apiStatus(host: ApiHost, name: RoomName): { url: string; state: string; error?: string } {
  const { status } = host.served(name)
  return { url: host.url(name), state: status.state, ...('error' in status ? { error: status.error } : {}) }
}

/** Many changes in a moment become one call, at most four a second: a menu that is rebuilt more often cannot be used. */
function createChangeSignal(): { notify(): void; subscribe(listener: () => void): () => void; dispose(): void } {
  const listeners = new Set<() => void>()
  let timer: NodeJS.Timeout | undefined
  return {
    notify() {
      if (listeners.size === 0) return
      timer ??= setTimeout(() => {
        timer = undefined
        for (const listener of listeners) listener()
      }, 250)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    dispose() {
      clearTimeout(timer)
      listeners.clear()
    },
  }
}

/** Waits for the work, but never longer than the limit: whoever stops the app must not wait for a hung browser. */
async function within(limit: number, work: Promise<unknown>, log: Log): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      log.warn({ limit }, 'stopping took too long; the rest is left to the process end')
      resolve()
    }, limit)
  })
  await Promise.race([work.catch((error: unknown) => log.error({ error }, 'stopping failed')), tooLong])
  clearTimeout(timer)
}

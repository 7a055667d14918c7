/** The server: what it is made of, and in which order it starts and stops. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { isDoneWithin } from './async/deadline.ts'
import { createBotPublisher } from './bot-publisher.ts'
import { createBrokerTeller } from './broker-teller.ts'
import { createBotsRoom } from './bots/index.ts'
import { createBrokersRoom } from './brokers/index.ts'
import { createBrowsersRoom } from './browsers/index.ts'
import { createChangeSignal } from './change-signal.ts'
import { systemClock } from './clock.ts'
import { databaseFileName, lockDataDir, removeRuntimeFile, writeRuntimeFile } from './config/runtime-file.ts'
import { createSettingsStore, type SettingsStore } from './config/settings-store.ts'
import type { ControlParts } from './control/api.ts'
import { changeApis, createApiAdmin } from './control/apis.ts'
import { createAttention } from './control/attention.ts'
import { createAuthority, standingOfMaker } from './control/authority.ts'
import { createLockers } from './control/lockers.ts'
import { createPracticeSites } from './control/practice-site.ts'
import { Rates } from './control/rates.ts'
import { signInUrl } from './control/sign-in.ts'
import { createDiskWatch } from './disk-watch.ts'
import { createEventStream } from './events/stream.ts'
import { createProcessMetrics } from './events/process-metrics.ts'
import { ApiHost } from './http/api-host.ts'
import { Egress, originsOf } from './http/egress.ts'
import { Guards } from './http/guards.ts'
import { LazyApi } from './http/lazy-api.ts'
import { createAddressSet } from './http/network.ts'
import { createWindowFiles } from './http/window-files.ts'
import { houseEventsOf } from './house-events.ts'
import { makeHouseParts } from './house-parts.ts'
import { catchEscapes } from './isolation.ts'
import { Keeper } from './keeper.ts'
import { leanly } from './lean-loading.ts'
import { keepLibraryOutput } from './library-output.ts'
import { live, liveApi } from './live.ts'
import { createLog } from './log.ts'
import { createLoginsRoom } from './logins/index.ts'
import { createPasskeyBrowser } from './passkey-browser.ts'
import { createRelayRoom } from './relay/index.ts'
import type { Room, RoomContext } from './room.ts'
import type { RoomName } from './rooms.ts'
import { randomToken } from './secrets/random.ts'
import type { Server, ServerOptions } from './server.ts'
import { statusOf, summaryOf, type ServerStatus } from './server-status.ts'
import { diskRefusal } from './store/disk.ts'
import { emptyDatabase, openHouseDatabase } from './store/house-database.ts'
import { builtInTools } from './tools/built-in-tools.ts'
import { sessionText } from './words.ts'

/** Longest that rooms may take to end what they run; what is left then is killed with this process. */
const stopWithin = 4_500

/**
 * Throws when the data directory is held by another server or its database is newer than this program. What the disk refuses is said, and
 * the rest serves.
 */
export async function createServer(options: ServerOptions): Promise<Server> {
  const { dataDir, host = '127.0.0.1', clock = systemClock } = options
  const lock = lockDataDir(dataDir)
  const settings = createSettingsStore({ file: join(dataDir, 'settings.json'), fixed: options.fixed ?? new Map() })
  const log = options.log ?? createLog(settings.current().logLevel)
  const changes = createChangeSignal()
  /** What "Needs attention" says has changed; windows hear of it as soon as there is a stream to them. */
  let notifyWindows = (): void => undefined
  const attentionChanged = (): void => {
    changes.notify()
    notifyWindows()
  }
  const disk = createDiskWatch({ dataDir, clock, changed: attentionChanged })
  const house = openHouseDatabase(join(dataDir, databaseFileName))
  if (house.refusal !== null) disk.refused('control', house.refusal, { lasting: house.has !== 'all' })
  const keeper = new Keeper({
    clock,
    log,
    disk,
    setSettingsAside: (room, reason) => settings.disregard(room, reason),
    changed: attentionChanged,
  })
  const givesBack = options.ownsProcess === true ? [catchEscapes(keeper.reportUnknown), keepLibraryOutput(log)] : []

  const { sealing, bus, keys, users, signIn } = await makeHouseParts(house.database, {
    dataDir,
    keyProtector: options.keyProtector,
    disk,
    clock,
    log,
    settings,
  })
  const { sealer } = sealing
  keeper.events = bus
  const ownerToken = randomToken()
  const processMetrics = createProcessMetrics(clock)
  const stream = createEventStream({ bus, clock, processMetrics: () => ({ ...processMetrics(), lanClients: apiHost.countLanClients() }) })

  notifyWindows = () => {
    for (const resource of ['attention', 'apis']) stream.changed(resource)
  }

  const egress = new Egress({
    allowedRanges: () => settings.current().network.allowedRanges,
    publicOrigins: () => originsOf([options.publicUrl]),
  })
  const context: RoomContext = {
    dataDir,
    database: house.database,
    events: bus,
    egress,
    changed: (resource) => stream.changed(resource),
    diskRefused: (room, refusal) => disk.refused(room, refusal),
    sealer,
    settings,
    clock,
    log,
  }
  /** Made on an empty database where the room's own cannot be read, so that the others find what they use of it; it is not served then. */
  const raise = <Made extends Room>(
    name: RoomName,
    make: (given: RoomContext) => Made | Promise<Made>,
    needsDatabase = true,
  ): Promise<Made> =>
    keeper.raise(
      name,
      () => (needsDatabase && house.has === 'nothing' ? Promise.reject(house.problem) : make(context)),
      () => make({ ...context, database: emptyDatabase() }),
    )
  const windowUrl = (): string | null => (options.rendererDir === undefined ? null : apiHost.url('control'))
  const brokers = await raise('brokers', (given) =>
    createBrokersRoom(given, {
      removed: (name) => keys.dropSubject('brokers', name),
      teller: createBrokerTeller(live(() => bots)),
      standingOf: (maker) => standingOfMaker(maker, keys),
    }),
  )
  const browsers = await raise('browsers', (given) => createBrowsersRoom(given, { textOf: sessionText }), false)
  const logins = await raise(
    'logins',
    (given) => createLoginsRoom(given, { variables: options.contractVariables }),
    loginsKind(settings, options) === 'database',
  )
  const publisher = createBotPublisher(brokers, (maker) => standingOfMaker(maker, keys))
  const bots = await raise('bots', (given) =>
    createBotsRoom(given, {
      variables: options.contractVariables,
      whatsappUrl: options.whatsappUrl,
      windowUrl,
      ownUrl: () => apiHost.url('bots'),
      publisher,
      authenticator: createPasskeyBrowser({
        executable: () => browsers.chromium.ensure(),
        profilesDir: join(dataDir, 'browsers', 'profiles'),
      }),
      removed: (userId) => keys.dropSubject('bots', userId),
      keepVersion: (whatsappVersion) => void settings.change({ bots: { whatsappVersion } }),
    }),
  )
  const relay = await raise('relay', (given) =>
    createRelayRoom(given, {
      accounts: users,
      publicUrl: () => options.publicUrl ?? apiHost.url('relay'),
      callbackUrl: () => `${apiHost.url('relay')}/oauth/callback`,
      builtInTools: builtInTools({ browsers: live(() => browsers.service), bots, brokers: live(() => brokers.inProcessClient), logins }),
      standingOf: (maker) => standingOfMaker(maker, keys),
    }),
  )
  const rooms: readonly Room[] = [brokers, browsers, bots, logins, relay]
  const lockers = createLockers({ sealing, rooms, events: bus, restart: (room) => keeper.restart(room) })

  const authority = createAuthority({ ownerToken, keys, signIn })
  const ownOrigins = (): string[] => [...(options.windowOrigins ?? []), ...settings.current().allowedOrigins]
  const rates = new Rates(clock, () => new Map(rooms.map((room) => room.summary()).map(({ room, total }) => [room, total])))
  const practice = createPracticeSites({
    settings,
    profiles: live(() => browsers.profiles),
    gone: (profile) => browsers.service.endAllOn(profile, 'The practice site has ended'),
    events: bus,
  })
  const loading = options.ownsProcess === true ? leanly : <Result>(load: () => Promise<Result>): Promise<Result> => load()
  const control: ControlParts = {
    clock,
    settings,
    bus,
    stream,
    keys,
    users,
    signIn,
    rooms,
    rates,
    profiles: live(() => browsers.profiles),
    practice,
    upstreams: live(() => relay.upstreamAdmin),
    ledger: live(() => relay.ledger),
    lockers,
    restartRoom: (room) => keeper.restart(room),
    startedAt: clock.monotonic(),
    host: () => apiHost,
    apiAdmin: () => apiAdmin,
    attention: () => attention,
  }
  const apiHost: ApiHost = new ApiHost({
    apis: [
      { name: 'control', api: new LazyApi(() => loading(async () => (await import('./control/api.ts')).createControlApi(control))) },
      ...rooms.map((room) => ({ name: room.name, api: liveApi(() => room.api, loading) })),
    ],
    guards: new Guards({
      ...{ authority, ownOrigins },
      isTrustedProxy: createAddressSet(() => settings.current().trustedProxies),
      publicUrl: () => options.publicUrl ?? null,
    }),
    host,
    settings: () => settings.current(),
    windowFiles: options.rendererDir === undefined ? null : createWindowFiles(options.rendererDir),
    log,
    shelter: keeper.shelter,
    checkReplies: options.checkReplies ?? false,
    newRequestId: randomUUID,
    monotonic: () => clock.monotonic(),
    opened: (port) => egress.addListener(port),
    onChange: () => {
      stream.changed('apis')
      changes.notify()
      updateRuntimeFile()
    },
  })
  const apiAdmin = createApiAdmin(apiHost, settings, bus, (name) => keeper.view(name))
  const attention = createAttention({
    host: apiHost,
    rooms,
    settings,
    clock,
    dated: () => [...disk.attention(), ...keeper.attention()],
    undated: () => lockers.attention(),
  })
  keys.onLess((id) => {
    apiHost.closeSocketsOf(id)
    relay.reconsider(`key:${id}`)
  })
  bus.subscribe(() => changes.notify())
  settings.onChange(() => {
    stream.changed('settings')
    changes.notify()
  })

  const status = (): ServerStatus => statusOf(apiHost, rooms, ownerToken)
  let serving = false
  /**
   * Scripts and `sign-in-link` find the server by this file, wherever its listeners go. They do without it where the disk refuses; the
   * ready line has the addresses.
   */
  const updateRuntimeFile = (): void => {
    if (!serving) return
    try {
      writeRuntimeFile(dataDir, status())
    } catch (error) {
      const refusal = diskRefusal(error, { ofFile: true })
      if (refusal === null) throw error
      disk.refused('control', refusal)
    }
  }

  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    serving = false
    removeRuntimeFile(dataDir)
    rates.dispose()
    changes.dispose()
    stream.stop()
    const stopped = Promise.all([apiHost.stop(), keeper.stop()]).catch((error: unknown) => log.error({ error }, 'stopping failed'))
    // Whoever stops the app must not wait for a hung browser.
    if (!(await isDoneWithin(stopWithin, stopped)))
      log.warn({ limit: stopWithin }, 'stopping took too long; the rest is left to the process end')
    keys.stop()
    bus.stop()
    disk.stop()
    house.close()
    lock.release()
    for (const giveBack of givesBack) giveBack()
  }

  return {
    async start() {
      disk.probe()
      await Promise.all([apiHost.start(), keeper.start()])
      for (const name of apiHost.names()) {
        const { status: state } = apiHost.served(name)
        if ('error' in state) houseEventsOf(bus, name).emit({ type: state.state, subject: name, data: { port: state.port } })
      }
      serving = true
      updateRuntimeFile()
      return status()
    },
    stop: () => (stopping ??= stop()),
    status,
    settings: () => settings.current(),
    async changeSettings(patch) {
      await changeApis(apiHost, settings, patch)
      return settings.current()
    },
    startApi: async (name) => void (await apiAdmin.start(name, 'owner')),
    stopApi: async (name) => void (await apiAdmin.stop(name, 'owner')),
    complaints: () => disk.complaints(),
    signInLink: () => signInUrl(apiHost, signIn.createCode().code),
    onChange: changes.subscribe,
    resumed: () => relay.upstreams.woken(),
    summary: () => summaryOf({ host: apiHost, rooms, rates, attention, settings: settings.current() }),
  }
}

function loginsKind(settings: SettingsStore, { contractVariables }: ServerOptions): string {
  return contractVariables?.sessionStorageType ?? settings.current().logins.storage
}

/** The browsers room: what it is made of, how it starts, stops and reports. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { LazyApi } from '../http/lazy-api.ts'
import type { Room, RoomContext } from '../room.ts'
import { announce, announceForgotten, announceTouched } from './announce.ts'
import { Chromium } from './chromium/chromium.ts'
import type { InstallSource } from './chromium/install.ts'
import { DebugBundles } from './debug/debug-bundles.ts'
import type { SessionEventText } from './events.ts'
import { SessionFiles } from './files/session-files.ts'
import { createKeptStore } from './kept/kept-store.ts'
import { KeptLogins } from './kept/kept-logins.ts'
import { Recordings } from './recording/recordings.ts'
import { createProcessRegistry } from './process/process-registry-store.ts'
import { reapLeftovers } from './process/reaper.ts'
import { KeptCards } from './recorder/kept-cards.ts'
import { concernsOf, countsOf } from './report.ts'
import { SessionService, type ServiceOptions } from './service.ts'
import { createProfileStore, type ProfileStore } from './site/profiles.ts'
import { createWorkshop } from './workshop.ts'

export interface BrowsersRoom extends Room {
  profiles: ProfileStore
  service: SessionService
  chromium: Chromium
}

export interface BrowsersOptions {
  /** The words of what happens to a session. */
  textOf: SessionEventText
  /** Another place to download Chrome from. */
  install?: InstallSource
  upkeep?: ServiceOptions['upkeep']
  startTimer?: ServiceOptions['startTimer']
  machine?: ServiceOptions['machine']
}

export function createBrowsersRoom(context: RoomContext, options: BrowsersOptions): BrowsersRoom {
  const { textOf } = options
  const { settings, clock, database, events, log } = context
  const folder = join(context.dataDir, 'browsers')
  const profilesDir = join(folder, 'profiles')
  const registry = createProcessRegistry(database)
  const profiles = createProfileStore(database, events, clock, context.sealer)
  const changed = (): void => context.changed('browsers')
  let opened = 0
  let reaping: Promise<unknown> = Promise.resolve()

  const chromium = new Chromium({
    folder,
    profilesDir,
    configured: () => settings.current().browsers.executable,
    changed,
    clock,
    log,
    ...(options.install ? { install: options.install } : {}),
  })
  const files = new SessionFiles({ folder, clock })
  const kept = new KeptLogins({
    store: createKeptStore(database, context.sealer),
    settings,
    clock,
    log,
    changed,
    touched: (row, facts, actor) => announceTouched(events, row, facts, actor, textOf),
    forgotten: (row, why, actor) => announceForgotten(events, row, why, actor),
    ...(options.startTimer ? { startTimer: options.startTimer } : {}),
  })
  const recordings = new Recordings({
    folder: join(folder, 'recordings'),
    clock,
    mostBytes: () => settings.current().browsers.recordings.megabytes * 1_000_000,
    longest: () => settings.current().browsers.recordings.minutes * 60_000,
    changed,
  })
  const debugBundles = new DebugBundles({ folder: join(folder, 'debug-bundles'), clock })
  const service = new SessionService({
    kept,
    settings,
    clock,
    log,
    profiles,
    egress: context.egress,
    chromium,
    registry,
    profilesDir,
    files,
    extensionsDir: join(folder, 'extensions'),
    changed,
    textOf,
    cards: new KeptCards(join(folder, 'crash-cards.json'), log),
    recorded: (session, event, actor) => {
      if (session.aside) return
      if (event.kind === 'session-opened') opened += 1
      announce(events, session, event, actor, textOf)
    },
    ...(options.upkeep ? { upkeep: options.upkeep } : {}),
    ...(options.startTimer ? { startTimer: options.startTimer } : {}),
    ...(options.machine ? { machine: options.machine } : {}),
  })
  const workshop = createWorkshop({
    profiles,
    service,
    settings,
    egress: context.egress,
    textOf,
    events,
    clock,
    changed: (what) => context.changed(what),
  })
  let endSubscription = (): void => {}

  return {
    name: 'browsers',
    api: new LazyApi(async () => {
      const { createBrowsersApi } = await import('./api/index.ts')
      return createBrowsersApi({ service, workshop, kept, files, chromium, settings, clock, textOf, recordings, debugBundles })
    }),
    profiles,
    service,
    chromium,
    async start() {
      for (const made of [profilesDir, join(folder, 'extensions')]) mkdirSync(made, { recursive: true, mode: 0o700 })
      chromium.start()
      files.start()
      debugBundles.start()
      kept.start()
      await recordings.start()
      service.start()
      endSubscription()
      endSubscription = settings.onChange((now, before) => {
        if (now.browsers.executable !== before.browsers.executable) chromium.forget()
        service.reconsider()
      })
      // Beside the start: the new run's profiles have names of their own and do not wait for the old ones to be gone.
      reaping = reapLeftovers({ registry, profilesDir, inUse: (profileDir) => service.usesProfile(profileDir), log }).catch(
        (error: unknown) => log.error({ error: String(error) }, 'leftovers could not be removed'),
      )
      setImmediate(() => chromium.glance())
    },
    async stop() {
      endSubscription()
      workshop.stop()
      await recordings.stop()
      await service.stop()
      files.stop()
      debugBundles.stop()
      await Promise.all([chromium.stop(), reaping])
    },
    summary: () => countsOf(service, opened),
    attention: () => concernsOf(service, chromium, clock),
    locked: () => {
      const count = kept.locked()
      return count === 0 ? [] : [{ kind: 'kept-logins', count }]
    },
    giveUpLocked: () => kept.giveUpLocked(),
  }
}

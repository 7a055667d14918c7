/** The bridges of the room, loaded once there is one: most houses have none. */
import type { RoomContext } from '../../room.ts'
import type { Locked } from '../../room-report.ts'
import type { BrokerService } from '../service.ts'
import type { Bridges } from './bridges.ts'

export interface LazyBridges {
  load(): Promise<Bridges>
  start(): Promise<void>
  stop(): void
  concerns(): ReturnType<(typeof import('./report.ts'))['bridgeConcerns']>
  locked(): Locked[]
  giveUpLocked(): void
}

export function createLazyBridges(
  service: BrokerService,
  { database, sealer, egress, events, clock }: Pick<RoomContext, 'database' | 'sealer' | 'egress' | 'events' | 'clock'>,
  changed: () => void,
): LazyBridges {
  let loaded: { bridges: Bridges; concernsOf: (typeof import('./report.ts'))['bridgeConcerns'] } | null = null
  let loading: Promise<Bridges> | null = null
  let isStarted = false

  const load = (): Promise<Bridges> =>
    (loading ??= Promise.all([import('./bridges.ts'), import('./report.ts')]).then(([{ Bridges }, { bridgeConcerns }]) => {
      const bridges = new Bridges({ service, database, sealer, egress, events, changed })
      loaded = { bridges, concernsOf: bridgeConcerns }
      if (isStarted) bridges.start()
      return bridges
    }))

  return {
    load,
    async start() {
      isStarted = true
      if (loaded !== null) loaded.bridges.start()
      else if (database.prepare('SELECT 1 FROM broker_bridges LIMIT 1').get() !== undefined) await load()
    },
    stop() {
      isStarted = false
      loaded?.bridges.stop()
    },
    concerns: () => loaded?.concernsOf(loaded.bridges.all(), clock.now()) ?? [],
    locked() {
      const names = loaded?.bridges.locked().map(({ stored }) => stored.settings.name) ?? []
      return names.length === 0 ? [] : [{ kind: 'bridges', count: names.length, names }]
    },
    giveUpLocked: () => loaded?.bridges.giveUpLocked(),
  }
}

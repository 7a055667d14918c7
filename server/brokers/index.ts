/** The brokers room: virtual message brokers, isolated from each other, that lose nothing they acknowledged. */
import { join } from 'node:path'
import { createNamedClientStore } from './access/store.ts'
import { LazyApi } from '../http/lazy-api.ts'
import type { Room, RoomContext } from '../room.ts'
import { createLazyBridges } from './bridges/index.ts'
import { version } from '../version.ts'
import { createInProcessClient, type InProcessClient } from './in-process-client.ts'
import { createInProcessWork, type InProcessWork } from './in-process/work.ts'
import { MqttListener } from './connections/mqtt/mqtt-listener.ts'
import { EmbeddedEngine } from './engine/embedded/embedded-engine.ts'
import { concernsOf, countsOf } from './report.ts'
import { createLazyRules, type LazyRulesGiven } from './rules/index.ts'
import { BrokerService, type ServiceOptions } from './service.ts'
import { createBrokerStore } from './store.ts'

export interface BrokersRoom extends Room {
  service: BrokerService
  inProcessClient: InProcessClient & InProcessWork
  /** Where MQTT over plain TCP listens; null while it does not. */
  mqttPort(): number | null
}

export type BrokersGiven = Pick<ServiceOptions, 'passwords' | 'removed'> & Pick<LazyRulesGiven, 'teller' | 'standingOf'>

/** Windows need not read everything again more often. */
const changedEvery = 1_000

export function createBrokersRoom(context: RoomContext, { teller, standingOf, removed, ...given }: BrokersGiven = {}): BrokersRoom {
  const { dataDir, database, events, egress, changed, settings, clock, log } = context
  let notifiedAt = -Infinity
  let later: NodeJS.Timeout | undefined
  let startedAt = 0
  const notifyWindows = (): void => {
    const wait = notifiedAt + changedEvery - clock.monotonic()
    if (wait > 0) {
      later ??= setTimeout(notifyWindows, wait)
      return
    }
    clearTimeout(later)
    later = undefined
    notifiedAt = clock.monotonic()
    changed('brokers')
  }
  const folder = join(dataDir, 'brokers')
  const service: BrokerService = new BrokerService({
    store: createBrokerStore(database),
    namedClients: createNamedClientStore(database),
    newEngine: (observer) => new EmbeddedEngine({ folder, clock, log, observer, version }),
    clock,
    log,
    events,
    changed: notifyWindows,
    removed(name) {
      rules.forget(name)
      removed?.(name)
    },
    ...given,
  })
  const rules = createLazyRules({ service: () => service, context, teller, standingOf, changed: notifyWindows })
  const bridges = createLazyBridges(service, context, notifyWindows)
  const mqtt = new MqttListener(service.clients, settings, log, egress)

  return {
    name: 'brokers',
    service,
    inProcessClient: { ...createInProcessClient(service), ...createInProcessWork(service) },
    mqttPort: () => mqtt.port,
    api: new LazyApi(async () => (await import('./api.ts')).createBrokersApi(service, bridges.load, rules.load)),
    async start() {
      startedAt = clock.now()
      await service.start()
      await bridges.start()
      await rules.start()
      await mqtt.start()
    },
    async stop() {
      bridges.stop()
      await rules.stop()
      await mqtt.stop()
      await service.stop()
      clearTimeout(later)
      later = undefined
    },
    summary: () => countsOf(service),
    attention: () => [...concernsOf({ service, folder, startedAt, mqtt: mqtt.problem }), ...bridges.concerns(), ...rules.concerns()],
    locked: () => [...bridges.locked(), ...rules.locked()],
    giveUpLocked() {
      bridges.giveUpLocked()
      rules.giveUpLocked()
    },
  }
}

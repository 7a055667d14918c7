/** The brokers room: virtual message brokers, isolated from each other, that lose nothing they acknowledged. */
import { basename, join } from 'node:path'
import type { Room, RoomContext } from '../room.ts'
import { createBrokersApi } from './api.ts'
import { createInProcessClient, type InProcessClient } from './in-process-client.ts'
import { MqttListener } from './connections/mqtt/mqtt-listener.ts'
import { EmbeddedEngine } from './engine/embedded/embedded-engine.ts'
import { BrokerService, type ServiceOptions } from './service.ts'
import { createBrokerStore } from './store.ts'

export interface BrokersRoom extends Room {
  service: BrokerService
  inProcessClient: InProcessClient
  /** Where MQTT over plain TCP listens; null while it does not. */
  mqttPort(): number | null
}

export type BrokersGiven = Pick<ServiceOptions, 'passwords' | 'removed'>

/** Windows need not read everything again more often. */
const changedEvery = 1_000

export function createBrokersRoom(
  { dataDir, database, events, egress, changed, settings, clock, log }: RoomContext,
  given: BrokersGiven = {},
): BrokersRoom {
  let told = -Infinity
  let later: NodeJS.Timeout | undefined
  let startedAt = 0
  const tellWindows = (): void => {
    const wait = told + changedEvery - clock.monotonic()
    if (wait > 0) {
      later ??= setTimeout(tellWindows, wait)
      return
    }
    clearTimeout(later)
    later = undefined
    told = clock.monotonic()
    changed('brokers')
  }
  const folder = join(dataDir, 'brokers')
  const service = new BrokerService({
    store: createBrokerStore(database),
    newEngine: (observer) => new EmbeddedEngine({ folder, clock, log, observer }),
    clock,
    log,
    events,
    changed: tellWindows,
    ...given,
  })
  const mqtt = new MqttListener(service.clients, settings, log, egress)

  return {
    name: 'brokers',
    service,
    inProcessClient: createInProcessClient(service),
    mqttPort: () => mqtt.port,
    api: createBrokersApi(service),
    async start() {
      startedAt = clock.now()
      await service.start()
      await mqtt.start()
    },
    async stop() {
      await mqtt.stop()
      await service.stop()
      clearTimeout(later)
      later = undefined
    },
    summary() {
      const counts = service.all().map(({ id }) => service.engine.counts(id))
      const queued = counts.reduce((sum, each) => sum + each.queued, 0)
      const clients = counts.reduce((sum, each) => sum + each.clients, 0)
      return {
        room: 'brokers',
        count: counts.length,
        unit: counts.length === 1 ? 'session' : 'sessions',
        text: `${clients} ${clients === 1 ? 'client' : 'clients'}, ${queued} queued`,
        rateTitle: 'Deliveries',
        ratePer: 's',
        total: service.deliveredTotal,
      }
    },
    attention() {
      const letters = service.all().flatMap(({ id, name }) => {
        const size = service.engine.counts(id).deadLetters
        if (size === 0) return []
        const { newestDeadLetterAt } = service.engine.figures(id)
        return [
          {
            id: `brokers-dead-${id}`,
            room: 'brokers' as const,
            tone: 'attention' as const,
            title: `${size} dead ${size === 1 ? 'letter' : 'letters'} in ${name}`,
            text: 'Messages that could not be delivered wait to be replayed or purged.',
            since: new Date(newestDeadLetterAt ?? clock.now()).toISOString(),
            action: null,
            subject: name,
          },
        ]
      })
      const broken = service.storageError
      const storage =
        broken === null
          ? []
          : [
              {
                id: 'brokers-storage',
                room: 'brokers' as const,
                tone: 'bad' as const,
                title: 'Messages cannot be stored',
                text: broken.text,
                since: new Date(broken.since).toISOString(),
                action: null,
                subject: null,
              },
            ]
      const { damage } = service.engine
      const files = damage.map(({ file, what }) => `${basename(file)}: ${what}`)
      const journal =
        damage.length === 0
          ? []
          : [
              {
                id: 'brokers-journal',
                room: 'brokers' as const,
                tone: 'bad' as const,
                title: 'Messages may be missing',
                text: `In ${folder}, ${files.slice(0, 3).join('; ')}${files.length > 3 ? `; and ${files.length - 3} more` : ''}. All others are there. A file that could not be read stays where it is: when it can be, restart the brokers.`,
                since: new Date(startedAt).toISOString(),
                action: 'restart-room' as const,
                subject: 'brokers',
              },
            ]
      const port = mqtt.problem
      const mqttPort =
        port === null
          ? []
          : [
              {
                id: 'brokers-mqtt-port',
                room: 'brokers' as const,
                tone: 'attention' as const,
                title: 'MQTT port is not open',
                text: port.text,
                since: new Date(port.since).toISOString(),
                action: 'review-settings' as const,
                subject: null,
              },
            ]
      return [...storage, ...journal, ...mqttPort, ...letters]
    },
  }
}

/** What of the brokers needs a person, and how many sessions, clients and messages there are. */
import { basename } from 'node:path'
import { iso } from '../clock.ts'
import type { ConcernOf, RoomCounts } from '../room-report.ts'
import type { BridgeConcerns } from './bridges/report.ts'
import type { MqttProblem } from './connections/mqtt/mqtt-listener.ts'
import type { RuleConcerns } from './rules/report.ts'
import type { BrokerService } from './service.ts'

export interface BrokerConcerns extends BridgeConcerns, RuleConcerns {
  'dead-letters': { session: string; count: number }
  'storage-failed': { error: string }
  /** What is damaged, as `file: what is the case`. */
  'journal-damaged': { folder: string; damage: string[] }
  'mqtt-port': { port: number; /** Null when another program has it. */ error: string | null }
}
type BrokerConcern = ConcernOf<BrokerConcerns>

export type BrokerFacts = { sessions: number; clients: number; queued: number }

export interface BrokerState {
  service: BrokerService
  /** Where the journal is kept. */
  folder: string
  startedAt: number
  mqtt: MqttProblem | null
}

/** What cannot be stored first, then what was lost. */
export function concernsOf({ service, folder, startedAt, mqtt }: BrokerState): BrokerConcern[] {
  const concerns: BrokerConcern[] = []
  const { storageError } = service
  if (storageError !== null)
    concerns.push({
      id: 'brokers-storage',
      room: 'brokers',
      kind: 'storage-failed',
      facts: { error: storageError.text },
      tone: 'bad',
      since: iso(storageError.since),
      action: null,
      subject: null,
    })
  const damage = service.engine.damage.map(({ file, what }) => `${basename(file)}: ${what}`)
  if (damage.length > 0)
    concerns.push({
      id: 'brokers-journal',
      room: 'brokers',
      kind: 'journal-damaged',
      facts: { folder, damage },
      tone: 'bad',
      since: iso(startedAt),
      action: 'restart-room',
      subject: 'brokers',
    })
  if (mqtt !== null)
    concerns.push({
      id: 'brokers-mqtt-port',
      room: 'brokers',
      kind: 'mqtt-port',
      facts: { port: mqtt.port, error: mqtt.error },
      tone: 'attention',
      since: iso(mqtt.since),
      action: 'review-settings',
      subject: null,
    })
  return [...concerns, ...deadLetters(service)]
}

function deadLetters(service: BrokerService): BrokerConcern[] {
  return service.all().flatMap(({ id, name }): BrokerConcern[] => {
    const count = service.engine.counts(id).deadLetters
    if (count === 0) return []
    const { newestDeadLetterAt } = service.engine.figures(id)
    return [
      {
        id: `brokers-dead-${id}`,
        room: 'brokers',
        kind: 'dead-letters',
        facts: { session: name, count },
        tone: 'attention',
        since: iso(newestDeadLetterAt ?? service.clock.now()),
        action: null,
        subject: name,
      },
    ]
  })
}

export function countsOf(service: BrokerService): RoomCounts<BrokerFacts> {
  const counts = service.all().map(({ id }) => service.engine.counts(id))
  const queued = counts.reduce((sum, each) => sum + each.queued, 0)
  const clients = counts.reduce((sum, each) => sum + each.clients, 0)
  return {
    room: 'brokers',
    count: counts.length,
    facts: { sessions: counts.length, clients, queued },
    ratePer: 's',
    total: service.deliveredTotal,
  }
}

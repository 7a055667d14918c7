/** Statuses as a part of the room. */
import type { Database } from 'better-sqlite3'
import type { Clock } from '../../clock.ts'
import type { Sealer } from '../../secrets/sealer.ts'
import { createContactStore } from '../contacts/store.ts'
import type { Engine } from '../engine/engine.ts'
import type { Media } from '../media/media.ts'
import type { LogStore } from '../messages/log-store.ts'
import type { Messages } from '../messages/messages.ts'
import { createStatusStore } from './store.ts'
import { Statuses } from './statuses.ts'

export interface StatusPartParts {
  database: Database
  sealer: Sealer
  clock: Clock
  media: Media
  engine: Pick<Engine, 'newMessageId'>
  logStore: Pick<LogStore, 'met'>
  messages: Pick<Messages, 'tell'>
}

/** People of the address book who see a status that is for all of them. */
const mostReached = 5_000

export function createStatuses({ database, sealer, clock, media, engine, logStore, messages }: StatusPartParts): Statuses {
  const contacts = createContactStore(database, sealer)
  return new Statuses({
    ...{ store: createStatusStore(database, sealer), clock, media },
    newMessageId: () => engine.newMessageId(),
    contacts: (userId) => [
      ...contacts.list(userId, { saved: true, limit: mostReached }).items.map(({ person }) => person),
      ...logStore.met(userId),
    ],
    tell: (event) => messages.tell(event),
  })
}

/** What is around the messages of bots: who is there, whom they know, who calls, how their chats are sorted. */
import type { Database } from 'better-sqlite3'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Sealer } from '../../secrets/sealer.ts'
import type { Bot } from '../bot/bot.ts'
import type { BotEvent } from '../contract/native/events.ts'
import type { LogStore } from '../messages/log-store.ts'
import type { Outbox } from '../messages/outbox.ts'
import { createCallStore } from './calls-store.ts'
import { Calls } from './calls.ts'
import { createChatStore } from './chats-store.ts'
import { Chats } from './chats.ts'
import { Contacts } from './contacts.ts'
import { History } from './history.ts'
import { Presences } from './presences.ts'
import { createContactStore } from './store.ts'

export interface AroundParts {
  database: Database
  sealer: Sealer
  clock: Clock
  log: Log
  chatLog: LogStore
  outbox: Pick<Outbox, 'add'>
  tell(event: BotEvent): void
  /** Ms before which messages of the bot are not kept. */
  keptSince(bot: Bot): number
}

export function createAround({ database, sealer, clock, log, chatLog, outbox, tell, keptSince }: AroundParts) {
  const presences = new Presences({ clock, log })
  const contacts = new Contacts({ store: createContactStore(database, sealer), now: () => clock.now() })
  const calls = new Calls({ store: createCallStore(database), outbox, chatLog, log, tell })
  const chats = new Chats({ store: createChatStore(database, sealer), chatLog, clock, tell })
  const history = new History({ chatLog, keptSince, tell })
  return {
    ...{ presences, contacts, calls, chats, history },
    keepers: [presences, contacts, calls, chats, history],
    forget(userId: string): void {
      presences.forget(userId)
      contacts.forget(userId)
    },
  }
}

/** The way of what comes in, as parts of the room: kept, judged, told to whoever it is for, and answered by rules. */
import type { Database } from 'better-sqlite3'
import type { Webhooks } from '../events/webhooks/webhooks.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Sealer } from '../secrets/sealer.ts'
import type { Activity } from './activity/activity.ts'
import type { Bot } from './bot/bot.ts'
import type { Chats } from './contacts/chats.ts'
import type { Presences } from './contacts/presences.ts'
import type { Message } from './engine/message.ts'
import { placeOf } from './engine/place.ts'
import { isNews } from './life/judge.ts'
import { createKnownStore } from './life/known-store.ts'
import { Life } from './life/life.ts'
import { createLogChanges } from './life/log-changes-store.ts'
import { createVanishing } from './life/vanishing-store.ts'
import type { Media } from './media/media.ts'
import { Inbox } from './messages/inbox.ts'
import type { InboxStore } from './messages/inbox-store.ts'
import type { Messages } from './messages/messages.ts'
import type { OutboxStore } from './messages/outbox-store.ts'
import type { People } from './people/people.ts'
import type { RuleRunner } from './rules/runner.ts'
import type { Statuses } from './status/statuses.ts'
import type { Votes } from './votes/votes.ts'

export interface IncomingParts {
  database: Database
  sealer: Sealer
  clock: Clock
  log: Log
  inboxStore: InboxStore
  outboxStore: OutboxStore
  people: People
  votes: Votes
  webhooks: Pick<Webhooks, 'forgetNaming'>
  activity: Activity
  messages: Messages
  media: Media
  presences: Presences
  chats: Pick<Chats, 'onMessage'>
  /** Made after this. */
  statuses(): Statuses
  runner: RuleRunner
}

export function createIncoming(parts: IncomingParts): { life: Life; inbox: Inbox } {
  const { database, sealer, clock, log, inboxStore, outboxStore, people, votes } = parts
  const { webhooks, activity, messages, media, presences, chats, statuses, runner } = parts
  const life = new Life({
    ...{ store: createKnownStore(database, sealer), log: createLogChanges(database, sealer), vanishing: createVanishing(database) },
    ...{ clock, outbox: outboxStore },
    idOf: (userId, id) => people.idOf(userId, id),
    tell(bot, message) {
      if (placeOf(message.chat) === 'status') return statuses().onMessage(bot, message)
      if (isNews(message)) activity.count(bot.row.userId, 'received')
      // Who is told may ask for its file.
      media.onMessage(bot, message)
      messages.onMessage(bot, message)
      presences.onMessage(bot, message)
      votes.remember(bot.row.userId, message)
      chats.onMessage(bot, message)
    },
    keep: (bot, message) => (placeOf(message.chat) === 'status' ? undefined : messages.keep(bot, message)),
    onDeleted(userId, chat, messageId) {
      media.onDeleted(userId, chat, messageId)
      webhooks.forgetNaming('bots', userId, chat, messageId)
    },
  })
  // Who is who may have become known since the message was kept.
  const named = (bot: Bot, message: Message): Message => people.named(bot.row.userId, message)
  const inbox = new Inbox({
    ...{ store: inboxStore, log },
    prepare: (bot, message) => life.prepare(bot, named(bot, message)),
    take: (bot, message) => (votes.takes(bot, named(bot, message)) ? null : life.take(bot, named(bot, message))),
    applyRules: (bot, message) => runner.onMessage(bot, named(bot, message)),
  })
  return { life, inbox }
}

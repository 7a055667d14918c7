/** What goes out, as parts of the room: made of what a caller gives, queued, and held where WhatsApp holds the account. */
import type { Database } from 'better-sqlite3'
import type { Announcer } from '../../events/event-types.ts'
import type { RoomContext } from '../../room.ts'
import type { Activity } from '../activity/activity.ts'
import { restrictionViewOf } from '../api/views.ts'
import type { Bot } from '../bot/bot.ts'
import type { Engine } from '../engine/engine.ts'
import type { botEvents } from '../events.ts'
import type { limitsOf } from '../limits.ts'
import type { Media } from '../media/media.ts'
import type { LogStore } from '../messages/log-store.ts'
import type { Messages } from '../messages/messages.ts'
import type { OutboxStore } from '../messages/outbox-store.ts'
import { Outbox } from '../messages/outbox.ts'
import type { People } from '../people/people.ts'
import { Restrictions } from '../restrictions/restrictions.ts'
import type { Votes } from '../votes/votes.ts'
import { createComposer } from './composer.ts'
import { createMaking } from './making.ts'
import { createTimers } from '../contacts/chats-store.ts'

export interface OutgoingParts {
  context: RoomContext
  database: Database
  announcer: Announcer<typeof botEvents>
  engine: Pick<Engine, 'newMessageId'>
  outboxStore: OutboxStore
  logStore: LogStore
  people: People
  votes: Votes
  media: Media
  messages: Messages
  activity: Activity
  limits(bot: Bot): ReturnType<typeof limitsOf>
  /** For tests. */
  backOff: ((times: number) => number) | undefined
}

export function createOutgoing(parts: OutgoingParts) {
  const { context, database, announcer, engine, outboxStore, logStore, people, votes, media, messages, activity, limits, backOff } = parts
  const { clock, log } = context
  const timers = createTimers(database)
  const restrictions = new Restrictions({
    clock,
    onChange(bot, restriction) {
      const { userId } = bot.row
      const shown = restrictionViewOf(restriction)
      context.changed('bots')
      messages.tell({ type: 'restriction', userId, restriction: shown })
      if (shown === null) announcer.emit({ type: 'bot-unrestricted', subject: userId, data: {} })
      else announcer.emit({ type: 'bot-restricted', subject: userId, data: { reason: shown.reason } })
      outbox.repace(bot)
    },
  })
  const outbox = new Outbox({
    ...{ store: outboxStore, file: media.sources.find, chats: logStore, people, timers, clock, log, random: Math.random },
    ...(backOff === undefined ? {} : { backOff }),
    restrictedUntil: (bot) => restrictions.until(bot.row.userId),
    pace: (bot) => ({ pause: limits(bot).pause * 1_000, dailyCap: limits(bot).dailyCap }),
    newMessageId: () => engine.newMessageId(),
    onSettled: (userId, how) => activity.count(userId, how),
    onProgress: (userId, row) => messages.onProgress(userId, row),
  })
  const composer = createComposer({
    ...{ outbox, store: outboxStore, log: logStore, people, sources: media.sources, clock },
    making: createMaking({ egress: context.egress, ffmpegPath: () => context.settings.current().bots.ffmpeg }),
    poll: (userId, chat, messageId) => votes.find(userId, messageId, chat),
    fileOf: (userId, chat, messageId) => media.keysOf(userId, chat, messageId),
  })
  return { outbox, composer, restrictions }
}

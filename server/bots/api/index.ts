/** Binds the bots contract to what the room is made of. */
import { implement, type Api } from '../../http/api.ts'
import type { Backups } from '../backups/backups.ts'
import type { Bot } from '../bot/bot.ts'
import { botsContract, type BotView } from '../contract/index.ts'
import type { Restrictions } from '../restrictions/restrictions.ts'
import type { Rules } from '../rules/rules.ts'
import { backupHandlers } from './backups.ts'
import { botHandlers, type BotRouteParts } from './bots.ts'
import { mediaHandlers, type MediaParts } from './media.ts'
import { peopleHandlers, type PeopleRouteParts } from './people.ts'
import { channelHandlers, type ChannelRouteParts } from './channels.ts'
import { statusHandlers, type StatusRouteParts } from './status.ts'
import { groupHandlers, type GroupRouteParts } from './groups.ts'
import { eventsSocket, messageHandlers, type MessageParts } from './messages.ts'
import { callHandlers } from './calls.ts'
import { chatHandlers } from './chats.ts'
import { contactHandlers, type ContactParts } from './contacts.ts'
import { profileHandlers } from './profile.ts'
import { presenceHandlers } from './presence.ts'
import { publishedHandlers, type PublishedParts } from './published.ts'
import { reportHandlers } from './report.ts'
import { ruleHandlers } from './rules.ts'
import { isoOrNull, restrictionViewOf, viewOf } from './views.ts'
import { versionHandlers, type VersionParts } from './version.ts'
import { voteHandlers, type VoteParts } from './votes.ts'
import { webhookHandlers, type WebhookApiParts } from './webhooks.ts'

export interface ApiParts
  extends
    MessageParts,
    VoteParts,
    MediaParts,
    PeopleRouteParts,
    GroupRouteParts,
    ChannelRouteParts,
    StatusRouteParts,
    ContactParts,
    PublishedParts,
    BotRouteParts,
    VersionParts,
    WebhookApiParts {
  rules: Rules
  backups: Backups
  restrictions: Pick<Restrictions, 'of'>
  /** What holds for a bot, of its own settings and the room's. */
  limits(bot: Bot): BotView['limits']
  /** The contract's own key, null while none is set. */
  apiKey: string | null
}

export function createBotsApi(parts: ApiParts): Api {
  const { service, apiKey, outbox, outboxStore, activity, restrictions, limits } = parts
  const view = (bot: Bot): BotView => {
    const { received, sent } = activity.lastHour(bot.row.userId)
    return viewOf(bot, {
      queue: outboxStore.waiting(bot.row.userId),
      cappedUntil: isoOrNull(outbox.cappedUntil(bot)),
      heldUntil: isoOrNull(outbox.heldUntil(bot)),
      restriction: restrictionViewOf(restrictions.of(bot.row.userId)),
      limits: limits(bot),
      sentToday: outbox.sentToday(bot),
      lastHour: { received, sent },
    })
  }
  const api = implement(
    botsContract,
    {
      ...publishedHandlers(parts),
      ...messageHandlers(parts),
      ...mediaHandlers(parts),
      ...presenceHandlers(parts),
      ...peopleHandlers(parts),
      ...groupHandlers(parts),
      ...contactHandlers(parts),
      ...callHandlers(parts),
      ...chatHandlers(parts),
      ...profileHandlers(parts),
      ...voteHandlers(parts),
      ...channelHandlers(parts),
      ...statusHandlers(parts),
      ...ruleHandlers(parts),
      ...webhookHandlers(parts),
      ...botHandlers(parts, view),
      ...versionHandlers(parts),
      ...reportHandlers(parts),
      ...backupHandlers(parts, view),
    },
    { events: eventsSocket(parts) },
  )
  const makersOf = (userId: string): [string | null] | undefined => {
    const bot = service.find(userId)
    return bot === undefined ? undefined : [bot.row.madeBy]
  }
  return { ...api, ownKey: () => apiKey, makersOf }
}

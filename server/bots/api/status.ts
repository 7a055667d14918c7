/** Binds the routes of statuses. */
import type { Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { statusRoutes } from '../contract/native/status.ts'
import { chatOf } from '../engine/address.ts'
import type { Media } from '../media/media.ts'
import { give } from './media.ts'
import { postOf } from '../outgoing/post-content.ts'
import type { People } from '../people/people.ts'
import type { BotService } from '../service.ts'
import { statusChat } from '../engine/status.ts'
import type { Statuses } from '../status/statuses.ts'

export interface StatusRouteParts {
  service: BotService
  statuses: Statuses
  media: Media
  people: People
}

export function statusHandlers({ service, statuses, media, people }: StatusRouteParts): Handlers<Contract<typeof statusRoutes>['routes']> {
  const idOf = (userId: string, person: string): string => people.idOf(userId, chatOf(person))
  return {
    statuses: ({ params: { userId }, query }) => {
      const by = query.by === undefined ? null : idOf(userId, query.by)
      return { status: 200, body: { success: true, statuses: statuses.list(service.get(userId), { by, limit: query.limit }) } }
    },
    postStatus: async ({ params: { userId }, body }, call) => {
      const bot = service.get(userId)
      const content = await postOf(body, (source, kind) => media.sources.open(userId, source, kind, call.signal))
      const to = body.to === 'contacts' ? body.to : body.to.map((person) => idOf(userId, person))
      return { status: 201, body: { success: true, ...(await statuses.post(bot, to, content)) } }
    },
    statusMedia: ({ params: { userId, messageId } }, call) => {
      const bot = service.get(userId)
      statuses.judge(bot, messageId)
      return give(media, bot, { chat: statusChat, messageId }, call)
    },
    removeStatus: async ({ params }) => {
      await statuses.remove(service.get(params.userId), params.messageId)
      return { status: 200, body: { success: true } }
    },
  }
}

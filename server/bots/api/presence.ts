/** Binds the routes of presence. */
import type { Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { Presences } from '../contacts/presences.ts'
import type { presenceRoutes } from '../contract/native/presence.ts'
import { chatOf } from '../engine/address.ts'
import type { People } from '../people/people.ts'
import { BotFault } from '../fault.ts'
import type { BotService } from '../service.ts'
import { liveConnection } from './live-connection.ts'

export interface PresenceParts {
  service: BotService
  presences: Presences
  people: People
}

export function presenceHandlers({ service, presences, people }: PresenceParts): Handlers<Contract<typeof presenceRoutes>['routes']> {
  const ok = { status: 200 as const, body: { success: true as const } }
  return {
    presence: async ({ params, body: { state, chat } }) => {
      const connection = liveConnection(service.get(params.userId))
      if (state === 'available' || state === 'unavailable') await connection.presence.show(state === 'available')
      else if (chat === undefined) throw new BotFault('chat-missing', `chat is required to show ${state}`)
      else await connection.presence.write(people.idOf(params.userId, chatOf(chat)), state)
      return ok
    },
    subscribePresence: async ({ params, body }) => {
      const bot = service.get(params.userId)
      liveConnection(bot)
      await presences.follow(bot, people.idOf(params.userId, chatOf(body.chat)))
      return ok
    },
    presences: ({ params, query }) => {
      service.get(params.userId)
      return {
        status: 200,
        body: { success: true, presences: presences.of(params.userId, people.idOf(params.userId, chatOf(query.chat))) },
      }
    },
  }
}

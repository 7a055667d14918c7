/** Binds the routes of people to what is known of them, and to WhatsApp. */
import type { Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { peopleRoutes, PersonView } from '../contract/native/people.ts'
import { chatOf, numberOf } from '../engine/address.ts'
import type { People } from '../people/people.ts'
import type { BotService } from '../service.ts'
import { liveConnection } from './live-connection.ts'

export interface PeopleRouteParts {
  service: BotService
  people: People
}

export function peopleHandlers({ service, people }: PeopleRouteParts): Handlers<Contract<typeof peopleRoutes>['routes']> {
  const view = (userId: string, id: string): PersonView => {
    const chat = people.idOf(userId, id)
    return { chat, phoneNumber: numberOf(chat), hiddenId: people.hiddenIdOf(userId, chat) }
  }
  return {
    lookUp: async ({ params: { userId, number } }) => {
      const found = await liveConnection(service.get(userId)).lookUp(number)
      const person =
        found === null
          ? { chat: null, phoneNumber: null, hiddenId: null }
          : { chat: chatOf(found.number), phoneNumber: found.number, hiddenId: found.hiddenId }
      return { status: 200, body: { success: true, number, exists: found !== null, ...person } }
    },
    people: ({ params: { userId }, query: { after = '', limit } }) => {
      service.get(userId)
      const found = people.list(userId, after, limit)
      const next = found.length < limit ? null : (found.at(-1)?.other ?? null)
      return {
        status: 200,
        body: { success: true, people: found.map(({ other, id }) => ({ chat: id, phoneNumber: numberOf(id), hiddenId: other })), next },
      }
    },
    person: ({ params: { userId, id } }) => {
      service.get(userId)
      return { status: 200, body: { success: true, person: view(userId, chatOf(id)) } }
    },
  }
}

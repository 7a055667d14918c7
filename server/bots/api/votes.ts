/** Binds the routes of votes. */
import type { Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { voteRoutes } from '../contract/native/votes.ts'
import { chatOf } from '../engine/address.ts'
import type { People } from '../people/people.ts'
import type { BotService } from '../service.ts'
import type { Votes } from '../votes/votes.ts'

export interface VoteParts {
  service: BotService
  votes: Votes
  people: People
}

export function voteHandlers({ service, votes, people }: VoteParts): Handlers<Contract<typeof voteRoutes>['routes']> {
  return {
    votes: ({ params: { userId, messageId }, query: { chat } }) => {
      service.get(userId)
      return {
        status: 200,
        body: { success: true, ...votes.of(userId, messageId, chat === undefined ? null : people.idOf(userId, chatOf(chat))) },
      }
    },
  }
}

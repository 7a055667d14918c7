/** Binds the routes of calls. */
import type { Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { Calls } from '../contacts/calls.ts'
import type { callRoutes } from '../contract/native/calls.ts'
import type { BotService } from '../service.ts'

export interface CallRouteParts {
  service: BotService
  calls: Calls
}

export function callHandlers({ service, calls }: CallRouteParts): Handlers<Contract<typeof callRoutes>['routes']> {
  return {
    calls: ({ params, query }) => {
      service.get(params.userId)
      return { status: 200, body: { success: true, calls: calls.list(params.userId, query.limit) } }
    },
    rejectCall: async ({ params, body }) => {
      await calls.reject(service.get(params.userId), params.call, body.text)
      return { status: 200, body: { success: true } }
    },
  }
}

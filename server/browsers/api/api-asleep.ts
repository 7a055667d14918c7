/** Answers what is asked of sessions that sleep. */
import type { Handlers } from '../../http/api.ts'
import type { asleepRoutes } from '../contract/asleep.ts'
import { presentAsleep, presentSession } from '../session/presentation.ts'
import { actor, type ApiParts } from './parts.ts'
import { nativeCapacity } from './api-native.ts'

export function createAsleepHandlers({ service, kept }: ApiParts): Handlers<typeof asleepRoutes> {
  return {
    hibernateSession: async ({ params }, call) => {
      const row = await service.sleepers.hibernate(params.id, actor(call))
      return { status: 200, body: { session: presentAsleep(row, kept, call.origin) } }
    },
    wakeSession: async ({ params }, call) => {
      const wanted = { waitsForPerson: true, actor: actor(call), makers: [call.standing.maker] }
      const { session } = await nativeCapacity(service.sleepers.wake(params.id, wanted))
      return { status: 202, body: { session: presentSession(session, service.idleTimeout, call.origin) } }
    },
    forgetAsleep: ({ query }, call) => ({
      status: 200,
      body: {
        forgotten: service.sleepers.forgetAll(({ facts }) => query.profile === undefined || facts.profile === query.profile, actor(call)),
      },
    }),
  }
}

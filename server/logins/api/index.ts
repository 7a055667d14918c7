/** Answers the routes of the logins through the services. */
import { implement, type Api } from '../../http/api.ts'
import { loginsContract } from '../contract/index.ts'
import { createLegacyHandlers } from './api-legacy.ts'
import { createNativeHandlers } from './api-native.ts'
import { createPublishedHandlers } from './api-published.ts'
import { createStandardHandlers } from './api-standard.ts'
import type { LoginsApiParts } from './calls.ts'

export function createLoginsApi(parts: LoginsApiParts): Api {
  return implement(
    loginsContract,
    { ...createPublishedHandlers(parts), ...createStandardHandlers(parts), ...createLegacyHandlers(parts), ...createNativeHandlers(parts) },
    {
      revocations: (socket, { query }) =>
        parts.revocations.connect(socket, query['since'] === 'now' ? null : typeof query['since'] === 'number' ? query['since'] : 0),
    },
  )
}

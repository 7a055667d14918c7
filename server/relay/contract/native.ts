/** What the window needs of the relay beside the published routes. */
import { openapiRoutes } from './openapi.ts'
import { creditsRoutes } from './credits.ts'
import { approvalRoutes } from './native-approvals.ts'
import { callRoutes } from './native-calls.ts'
import { offeredRoutes } from './native-offered.ts'
import { profileRoutes } from './native-profiles.ts'
import { searchRoutes } from './native-search.ts'
import { processRoutes } from './native-processes.ts'
import { serverRoutes } from './native-servers.ts'
import { startRoutes } from './starts.ts'
import { sessionRoutes } from './native-sessions.ts'

export const nativeRoutes = {
  ...{ ...sessionRoutes, ...serverRoutes, ...startRoutes, ...callRoutes, ...openapiRoutes, ...creditsRoutes, ...processRoutes },
  ...{ ...searchRoutes, ...approvalRoutes, ...offeredRoutes, ...profileRoutes },
}

/** Binds the route of reports. */
import type { Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { reportRoutes } from '../contract/native/report.ts'
import { reportOf, type ReportParts } from '../trail/report.ts'
import type { BotRouteParts } from './bots.ts'
import type { MessageParts } from './messages.ts'
import type { VersionParts } from './version.ts'

export function reportHandlers({
  service,
  store,
  outboxStore,
  version,
}: Pick<BotRouteParts, 'service' | 'store'> & Pick<MessageParts, 'outboxStore'> & VersionParts): Handlers<
  Contract<typeof reportRoutes>['routes']
> {
  const parts: ReportParts = { store, outbox: outboxStore, whatsappVersion: async () => version.set() ?? (await version.own()) }
  return { botReport: async ({ params }) => ({ status: 200, body: await reportOf(service.get(params.userId), parts) }) }
}

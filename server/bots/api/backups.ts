/** Binds the routes of backups to their service. */
import { actorOf, type Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { Backups } from '../backups/backups.ts'
import type { backupRoutes } from '../contract/native/backups.ts'
import type { BotService } from '../service.ts'
import { backupView, isReached, type BotViewer } from './views.ts'

export function backupHandlers(
  { service, backups }: { service: BotService; backups: Pick<Backups, 'write'> },
  view: BotViewer,
): Handlers<Contract<typeof backupRoutes>['routes']> {
  return {
    backUpBot: ({ params }, call) => ({ status: 201, body: backupView(service.backUp(params.userId, actorOf(call.caller))) }),
    restoreBot: async ({ params, body }, call) => {
      await service.restore(params.userId, body.backup, actorOf(call.caller))
      return { status: 200, body: view(service.get(params.userId)) }
    },
    backupFile: ({ params, body }) => {
      service.get(params.userId)
      const file = backups.write(params.userId, params.backup, body.passphrase)
      return { status: 200, body: file, headers: { 'content-disposition': `attachment; filename="${params.userId}.wheelhouse-bot"` } }
    },
    bringIn: ({ body }, call) => {
      const { userId, backupId } = service.bringIn(Buffer.from(body.file, 'base64'), body.passphrase, actorOf(call.caller), {
        madeBy: call.standing.maker,
        mayChange: (bot) => isReached(call, bot),
      })
      return { status: 201, body: { userId, backup: backupId } }
    },
    takeOver: async ({ body: { files, ...wanted } }, call) => {
      const { bot, ignored } = await service.takeOver(files, wanted, actorOf(call.caller), call.standing.maker)
      return { status: 201, body: { bot: view(bot), ignored } }
    },
  }
}

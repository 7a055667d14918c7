/** Binds the native routes of bots to their service. */
import { iso } from '../../clock.ts'
import { actorOf, type Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { Egress } from '../../http/egress.ts'
import type { Activity } from '../activity/activity.ts'
import type { Backups } from '../backups/backups.ts'
import type { botRoutes } from '../contract/native/bots.ts'
import { BotFault } from '../fault.ts'
import type { Demo } from '../pairing/demo.ts'
import type { BotService } from '../service.ts'
import type { BotStore } from '../store.ts'
import { backupView, isReached, type BotViewer } from './views.ts'

export interface BotRouteParts {
  service: BotService
  egress: Pick<Egress, 'check'>
  activity: Activity
  store: Pick<BotStore, 'history'>
  backups: Pick<Backups, 'list'>
  demo: Demo | null
}

const historyShown = 200

export function botHandlers(
  { service, egress, activity, store, backups, demo }: BotRouteParts,
  view: BotViewer,
): Handlers<Contract<typeof botRoutes>['routes']> {
  return {
    bots: (_, call) => ({
      status: 200,
      body: {
        bots: service
          .list()
          .filter((bot) => isReached(call, bot))
          .map(view),
        demo: demo !== null,
      },
    }),
    bot: ({ params }) => {
      const bot = service.get(params.userId)
      const history = store.history(params.userId, historyShown).map((entry) => ({ ...entry, at: iso(entry.at) }))
      return { status: 200, body: { bot: view(bot), history, backups: backups.list(params.userId).map(backupView) } }
    },
    linkBot: ({ body }, call) => {
      if (body.proxy !== null) egress.check(body.proxy)
      return { status: 202, body: view(service.begin(body, actorOf(call.caller), call.standing.maker)) }
    },
    botActivity: ({ params, query }) => ({ status: 200, body: activity.view(service.get(params.userId).row, query.window) }),
    allActivity: ({ query }) => ({ status: 200, body: { bots: service.list().map(({ row }) => activity.view(row, query.window)) } }),
    changeBot: ({ params, body }, call) => {
      if (body.proxy != null) egress.check(body.proxy)
      return { status: 200, body: view(service.change(params.userId, body, actorOf(call.caller))) }
    },
    startBot: async ({ params }) => {
      const bot = service.get(params.userId)
      await bot.start()
      return { status: 200, body: view(bot) }
    },
    stopBot: async ({ params }) => {
      const bot = service.get(params.userId)
      await bot.stop('Stopped by you')
      return { status: 200, body: view(bot) }
    },
    pairBot: async ({ params }) => {
      const bot = service.get(params.userId)
      await bot.pairAgain()
      return { status: 200, body: view(bot) }
    },
    restartBot: async ({ params }) => {
      const bot = service.get(params.userId)
      await bot.restart()
      return { status: 200, body: view(bot) }
    },
    confirmPasskey: ({ params }) => {
      const bot = service.get(params.userId)
      bot.confirmPasskey()
      return { status: 200, body: view(bot) }
    },
    unlinkBot: async ({ params }, call) => {
      await service.logOut(params.userId, actorOf(call.caller))
      return { status: 204, body: null }
    },
    removeBot: async ({ params }, call) => {
      await service.remove(params.userId, actorOf(call.caller))
      return { status: 204, body: null }
    },
    pretendPhone: async ({ body }) => {
      if (demo === null) throw new BotFault('no-demo', 'There is no pretend phone: this Wheelhouse speaks with the real WhatsApp')
      return { status: 200, body: { outcome: await demo.link(body) } }
    },
  }
}

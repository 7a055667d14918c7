/** Binds the bots contract to its service. */
import { iso } from '../../clock.ts'
import type { Webhooks } from '../../events/webhooks.ts'
import { BotFault } from '../fault.ts'
import { actorOf, implement, type Api, type Call } from '../../http/api.ts'
import type { Egress } from '../../http/egress.ts'
import type { Activity } from '../activity/activity.ts'
import { backupView, isoOrNull, published, viewOf, withDash } from './views.ts'
import { eventsSocket, messageHandlers, type MessageParts } from './messages.ts'
import { ruleHandlers } from './rules.ts'
import { webhookHandlers } from './webhooks.ts'
import type { Backups } from '../backups/backups.ts'
import type { Bot } from '../bot/bot.ts'
import { botsContract, type BotView } from '../contract/index.ts'
import type { Demo } from '../pairing/demo.ts'
import type { Rules } from '../rules/rules.ts'
import type { BotStore } from '../store.ts'

export interface ApiParts extends MessageParts {
  egress: Pick<Egress, 'check'>
  webhooks: Webhooks
  rules: Rules
  activity: Activity
  /** What holds for a bot, of its own settings and the room's. */
  limits(bot: Bot): BotView['limits']
  store: BotStore
  backups: Backups
  demo: Demo | null
  /** The contract's own key, null while none is set. */
  apiKey: string | null
  /** Where the window is, null while it is not served. */
  windowUrl(): string | null
}

const historyShown = 200

export function createBotsApi(parts: ApiParts): Api {
  const { service, egress, store, backups, demo, apiKey, windowUrl, outbox, outboxStore, activity, limits } = parts
  const actor = (call: Pick<Call, 'caller'>): string => actorOf(call.caller)
  const view = (bot: Bot): BotView => {
    const { received, sent } = activity.lastHour(bot.row.userId)
    return viewOf(bot, {
      queue: outboxStore.waiting(bot.row.userId),
      cappedUntil: isoOrNull(outbox.cappedUntil(bot)),
      heldUntil: isoOrNull(outbox.heldUntil(bot)),
      limits: limits(bot),
      sentToday: outbox.sentToday(bot),
      lastHour: { received, sent },
    })
  }
  const isReached = ({ standing }: Pick<Call, 'standing'>, { row }: Bot): boolean =>
    standing.reaches('bots', { subject: row.userId, makers: [row.madeBy] })
  const done = (userId: string, message: string) => ({ status: 200 as const, body: { success: true as const, message, userId } })

  const api = implement(
    botsContract,
    {
      dashboard: () => {
        const window = windowUrl()
        if (window !== null) return { status: 302, body: 'The dashboard is in the window', headers: { location: `${window}/#/bots` } }
        return {
          status: 200,
          body: '<!doctype html><title>Bots</title><p>This Wheelhouse runs without its window. The API is under <code>/api/sessions</code>; its reference is at <a href="docs">docs</a>.</p>',
        }
      },
      stats: () => {
        const bots = service.list()
        return {
          status: 200,
          body: { success: true, activeSessions: bots.filter(({ state }) => state === 'online').length, totalUsers: bots.length },
        }
      },
      sessions: () => {
        const sessions = service.list().map(published)
        return { status: 200, body: { success: true, count: sessions.length, sessions } }
      },
      session: ({ params }) => ({ status: 200, body: { success: true, ...published(service.get(params.userId)) } }),
      createSession: async ({ body }, call) => {
        const { code } = await service.create(body, actor(call), call.standing.maker)
        return {
          status: 200,
          body: {
            success: true,
            message: 'Session created. Use the pairing code to connect.',
            pairingCode: withDash(code),
            userId: body.userId,
          },
        }
      },
      startSession: async ({ params }) => {
        await service.get(params.userId).start()
        return done(params.userId, 'Session started successfully')
      },
      stopSession: async ({ params }) => {
        await service.get(params.userId).stop()
        return done(params.userId, `Session ${params.userId} stopped`)
      },
      deleteSession: async ({ params }, call) => {
        await service.remove(params.userId, actor(call))
        return done(params.userId, `Session ${params.userId} deleted`)
      },
      logoutSession: async ({ params }, call) => {
        await service.logOut(params.userId, actor(call))
        return done(params.userId, `Session ${params.userId} logged out and deleted`)
      },
      backupSession: ({ params }, call) => {
        const { id, createdAt, checksum } = service.backUp(params.userId, actor(call))
        return {
          status: 200,
          body: {
            success: true,
            message: `Session ${params.userId} backed up`,
            userId: params.userId,
            backup: { id, createdAt: iso(createdAt), checksum },
          },
        }
      },
      restoreSession: async ({ params }, call) => {
        await service.restore(params.userId, null, actor(call))
        return done(params.userId, `Session ${params.userId} restored`)
      },
      pairing: ({ params }) => {
        const { pairing } = service.get(params.userId)
        // A code that was typed has done its part once a passkey is asked for.
        if (pairing?.code == null || pairing.passkey !== null) throw new BotFault('no-pairing')
        return { status: 200, body: { success: true, pairingCode: withDash(pairing.code), expiresAt: iso(pairing.endsAt) } }
      },

      ...messageHandlers(parts),
      ...ruleHandlers(parts),
      ...webhookHandlers(parts),

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
        return { status: 202, body: view(service.begin(body, actor(call), call.standing.maker)) }
      },
      botActivity: ({ params, query }) => ({ status: 200, body: activity.view(service.get(params.userId).row, query.window) }),
      allActivity: ({ query }) => ({ status: 200, body: { bots: service.list().map(({ row }) => activity.view(row, query.window)) } }),
      changeBot: ({ params, body }, call) => {
        if (body.proxy != null) egress.check(body.proxy)
        return { status: 200, body: view(service.change(params.userId, body, actor(call))) }
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
        await service.logOut(params.userId, actor(call))
        return { status: 204, body: null }
      },
      removeBot: async ({ params }, call) => {
        await service.remove(params.userId, actor(call))
        return { status: 204, body: null }
      },
      backUpBot: ({ params }, call) => ({ status: 201, body: backupView(service.backUp(params.userId, actor(call))) }),
      restoreBot: async ({ params, body }, call) => {
        await service.restore(params.userId, body.backup, actor(call))
        return { status: 200, body: view(service.get(params.userId)) }
      },
      backupFile: ({ params, body }) => {
        service.get(params.userId)
        const file = backups.write(params.userId, params.backup, body.passphrase)
        return { status: 200, body: file, headers: { 'content-disposition': `attachment; filename="${params.userId}.wheelhouse-bot"` } }
      },
      bringIn: ({ body }, call) => {
        const { userId, backupId } = service.bringIn(Buffer.from(body.file, 'base64'), body.passphrase, actor(call), {
          madeBy: call.standing.maker,
          mayChange: (bot) => isReached(call, bot),
        })
        return { status: 201, body: { userId, backup: backupId } }
      },
      pretendPhone: async ({ body }) => {
        if (demo === null) throw new BotFault('no-demo', 'There is no pretend phone: this Wheelhouse speaks with the real WhatsApp')
        return { status: 200, body: { outcome: await demo.link(body) } }
      },
    },
    { events: eventsSocket(parts) },
  )
  const makersOf = (userId: string): [string | null] | undefined => {
    const bot = service.find(userId)
    return bot === undefined ? undefined : [bot.row.madeBy]
  }
  return { ...api, ownKey: () => apiKey, makersOf }
}

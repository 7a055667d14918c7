/** Binds the published routes to their service. */
import { iso } from '../../clock.ts'
import { actorOf, type Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { publishedRoutes } from '../contract/published.ts'
import { BotFault } from '../fault.ts'
import type { BotService } from '../service.ts'
import { published, withDash } from './views.ts'

export interface PublishedParts {
  service: BotService
  /** Where the window is, null while it is not served. */
  windowUrl(): string | null
}

export function publishedHandlers({ service, windowUrl }: PublishedParts): Handlers<Contract<typeof publishedRoutes>['routes']> {
  const done = (userId: string, message: string) => ({ status: 200 as const, body: { success: true as const, message, userId } })
  return {
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
      const { code } = await service.create(body, actorOf(call.caller), call.standing.maker)
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
      await service.remove(params.userId, actorOf(call.caller))
      return done(params.userId, `Session ${params.userId} deleted`)
    },
    logoutSession: async ({ params }, call) => {
      await service.logOut(params.userId, actorOf(call.caller))
      return done(params.userId, `Session ${params.userId} logged out and deleted`)
    },
    backupSession: ({ params }, call) => {
      const { id, createdAt, checksum } = service.backUp(params.userId, actorOf(call.caller))
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
      await service.restore(params.userId, null, actorOf(call.caller))
      return done(params.userId, `Session ${params.userId} restored`)
    },
    pairing: ({ params }) => {
      const { pairing } = service.get(params.userId)
      // A code that was typed has done its part once a passkey is asked for.
      if (pairing?.code == null || pairing.passkey !== null) throw new BotFault('no-pairing')
      return { status: 200, body: { success: true, pairingCode: withDash(pairing.code), expiresAt: iso(pairing.endsAt) } }
    },
  }
}

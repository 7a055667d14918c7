/** Answers what the large view of a session asks for. */
import type { WebSocket } from 'ws'
import type { Handlers, SocketHandler } from '../../http/api.ts'
import type { wallRoutes } from '../contract/wall.ts'
import { BrowserFault } from '../fault.ts'
import { drive } from '../page/drive.ts'
import { navigate } from '../page/navigation.ts'
import { proxyOf } from '../process/egress-proxy.ts'
import { attachWall } from '../wall/live-wall.ts'
import { SharedCasts } from '../wall/shared-casts.ts'
import { isReached, type ApiParts } from './parts.ts'

export function createWallHandlers({ service }: Pick<ApiParts, 'service'>): Handlers<typeof wallRoutes> {
  return {
    openPage: async ({ params, body: { address } }) => {
      const session = service.get(params.id)
      session.touch()
      if (address !== undefined) proxyOf(session.page().browser())?.check(address)
      const page = await drive(session, () => session.pages.open())
      if (address !== undefined) await navigate(session, { address })
      return { status: 201, body: { page } }
    },
    closePage: ({ params }) => {
      const session = service.get(params.id)
      session.touch()
      if (!session.pages.close(params.page)) throw new BrowserFault('page-not-found', 'That page is not open any more')
      return { status: 204, body: null }
    },
  }
}

export function createWallSocket({ service, clock }: Pick<ApiParts, 'service' | 'clock'>): SocketHandler {
  const casts = new SharedCasts()
  return (socket: WebSocket, _, call) => {
    const find = (id: string) => service.list().find((session) => session.id === id && isReached(call, session)) ?? null
    attachWall(socket, { casts, find, clock })
  }
}

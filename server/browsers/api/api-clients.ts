/** Answers programs that drive a session: their addresses, what DevTools tell below them, and their sockets. */
import { z } from 'zod'
import { iso } from '../../clock.ts'
import type { Call, Handlers, SocketCall, SocketHandler, SocketInput } from '../../http/api.ts'
import { describeBrowser, describePage, describePages, keyedBase, programOf, socketUrl } from '../clients/discovery.ts'
import type { Grants, Holder } from '../clients/grants.ts'
import type { CdpHub } from '../clients/hub.ts'
import { protocolDescription } from '../clients/protocol-description.ts'
import { serveClient } from '../clients/serve-client.ts'
import type { clientsRoutes, clientsSockets } from '../contract/clients.ts'
import { BrowserFault } from '../fault.ts'
import type { Session } from '../session/session.ts'
import type { ApiParts } from './parts.ts'

export interface ClientParts extends Pick<ApiParts, 'service' | 'clock'> {
  grants: Grants
}

export function createClientsHandlers({ service, clock, grants }: ClientParts): Handlers<typeof clientsRoutes> {
  const opened = (token: string): Session => service.get(grants.check(token).sessionId)
  const hubOf = hubs(service)
  const pagesOf = (session: Session, base: string) => ({
    status: 200 as const,
    body: describePages(session.pages.list(), session.pages.active()?.id, base),
  })
  const bySecret = {
    version: async (token: string, { origin }: Call) => {
      const session = opened(token)
      return { status: 200 as const, body: await describeBrowser(await hubOf(session), session.id, secretBase(origin, token)) }
    },
    pages: (token: string, { origin }: Call) => pagesOf(opened(token), secretBase(origin, token)),
  }
  return {
    // Does not wait for a browser that starts: connecting does.
    connectClient: ({ params, body }, { origin, standing, caller }) => {
      const session = service.get(params.id)
      session.clients.checkRoom('program')
      session.touch()
      const duration = body.seconds * 1_000
      const keyId = caller.kind === 'key' ? caller.id : null
      const httpUrl = secretBase(origin, grants.issue({ sessionId: session.id, name: body.client ?? null, standing, keyId }, duration))
      const connectUrl = socketUrl(httpUrl)
      const expiresAt = iso(clock.now() + duration)
      return { status: 201, body: { connectUrl, httpUrl, expiresAt, websocketUrl: connectUrl, browserWSEndpoint: connectUrl } }
    },
    clients: ({ params }) => ({ status: 200, body: { clients: service.get(params.id).clients.list() } }),
    endClient: ({ params }) => {
      if (!service.get(params.id).clients.end(params.client)) throw new BrowserFault('client-not-found', 'No such client')
      return { status: 204, body: null }
    },
    devtoolsVersion: ({ params }, call) => bySecret.version(params.token, call),
    devtoolsPages: ({ params }, call) => bySecret.pages(params.token, call),
    devtoolsPagesShort: ({ params }, call) => bySecret.pages(params.token, call),
    devtoolsProtocol: async ({ params }) => {
      opened(params.token)
      return { status: 200, body: await protocolDescription() }
    },
    devtoolsProtocolAlone: async () => ({ status: 200, body: await protocolDescription() }),
    devtoolsWithoutPath: (_, { node }) => {
      // Of all the answer, such a program shows these words alone.
      node.response.statusMessage = 'path of the address was dropped - connect with browserWSEndpoint instead of browserURL'
      throw new BrowserFault('address-without-path', 'The path of the address names the session, and this program dropped it')
    },
    devtoolsNew: async ({ params }, { origin, node }) => {
      const session = opened(params.token)
      const [, url = ''] = /^[^?]*\?(.*)$/s.exec(node.request.url ?? '') ?? []
      const address = url === '' ? 'about:blank' : decoded(url)
      if (!/^(?:https?:\/\/|about:blank$)/i.test(address)) throw new BrowserFault('address-refused', 'Only addresses of the web are opened')
      const { targetId } = await (await hubOf(session)).ask('Target.createTarget', { url: address })
      return { status: 200, body: describePage({ id: String(targetId), url: address, title: '' }, secretBase(origin, params.token)) }
    },
    devtoolsActivate: ({ params }) => {
      const session = opened(params.token)
      pageOf(session, params.page)
      if (session.control.holder === null) session.pages.show(params.page)
      return { status: 200, body: 'Target activated' }
    },
    devtoolsClose: async ({ params }) => {
      const session = opened(params.token)
      pageOf(session, params.page)
      await (await hubOf(session)).ask('Target.closeTarget', { targetId: params.page })
      return { status: 200, body: 'Target is closing' }
    },
    keyedDevtoolsVersion: async ({ params }, { origin }) => ({
      status: 200,
      body: await describeBrowser(await hubOf(service.get(params.id)), params.id, keyedBase(origin, params.id)),
    }),
    keyedDevtoolsPages: ({ params }, { origin }) => pagesOf(service.get(params.id), keyedBase(origin, params.id)),
    keyedDevtoolsProtocol: async ({ params }) => {
      service.get(params.id)
      return { status: 200, body: await protocolDescription() }
    },
    keyedDevtoolsPagesShort: ({ params }, { origin }) => pagesOf(service.get(params.id), keyedBase(origin, params.id)),
  }
}

export function createClientsSockets({ service, grants }: ClientParts): Record<keyof typeof clientsSockets, SocketHandler> {
  const hubOf = hubs(service)
  const bySecret: SocketHandler = Object.assign(
    (socket: Parameters<SocketHandler>[0], input: SocketInput, call: SocketCall) => {
      const { token } = secretParams.parse(input.params)
      const holder = grants.check(token)
      if (holder.keyId !== null) call.endWithKey(holder.keyId)
      serve(socket, service.get(holder.sessionId), holder, input, call, grants.use(token))
    },
    {
      admit: async ({ params }: SocketInput) => admit(service.get(grants.check(secretParams.parse(params).token).sessionId), params),
    },
  )
  const byKey: SocketHandler = Object.assign(
    (socket: Parameters<SocketHandler>[0], input: SocketInput, call: SocketCall) => {
      const { id } = keyedParams.parse(input.params)
      const { client } = keyedQuery.parse(input.query)
      serve(socket, service.get(id), { name: client ?? null, standing: call.standing }, input, call, () => undefined)
    },
    { admit: async ({ params }: SocketInput) => admit(service.get(keyedParams.parse(params).id), params) },
  )
  return {
    drive: bySecret,
    driveBrowser: bySecret,
    drivePage: bySecret,
    keyedDrive: byKey,
    keyedDriveBrowser: byKey,
    keyedDrivePage: byKey,
  }

  /** Before the socket opens, so that a program is told in an answer that it can read. */
  async function admit(session: Session, params: SocketInput['params']): Promise<void> {
    await hubOf(session)
    session.clients.checkRoom('program')
    const { page } = pageParams.parse(params)
    if (page !== undefined) pageOf(session, page)
  }

  function serve(
    socket: Parameters<SocketHandler>[0],
    session: Session,
    { name, standing }: Pick<Holder, 'name' | 'standing'>,
    { params }: SocketInput,
    { headers, address }: SocketCall,
    left: () => void,
  ): void {
    const hub = session.browser.running?.hub
    if (hub === undefined) return socket.close(1_001, 'The session has ended')
    const program = programOf(headers['user-agent'])
    const mayNameFiles = standing.may('control:manage')
    const pageId = pageParams.parse(params).page ?? null
    serveClient(socket, session, hub, { name: name ?? program ?? 'a program', program, address, mayNameFiles, pageId }, left)
  }
}

const secretParams = z.object({ token: z.string() })
const keyedParams = z.object({ id: z.string() })
const keyedQuery = z.object({ client: z.string().optional() })
const pageParams = z.object({ page: z.string().optional() })

/** The hub of a session's browser, when that has started. Throws what the start throws, or `session-ended`. */
function hubs(service: ApiParts['service']): (session: Session) => Promise<CdpHub> {
  return async (session) => {
    await service.whenOpen(session)
    const hub = session.browser.running?.hub
    if (hub === undefined || !session.live) throw new BrowserFault('session-not-found', 'Session not found')
    return hub
  }
}

/** Throws `page-not-found`. */
function pageOf(session: Session, id: string): void {
  if (!session.pages.list().some((page) => page.id === id)) throw new BrowserFault('page-not-found', 'No such page')
}

const secretBase = (origin: string, token: string): string => `${origin}/cdp/${token}`

function decoded(url: string): string {
  try {
    return /^[a-z]+%3a/i.test(url) ? decodeURIComponent(url) : url
  } catch {
    return url
  }
}

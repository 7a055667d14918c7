/** Accepts WebSockets for APIs: the same guards as for requests, refused in the API's own error shape before the upgrade. */
import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { containEvents, type Scope } from '../isolation.ts'
import type { Api } from './api.ts'
import { contractError, type AppOptions } from './app.ts'
import { subjectOf, type RouteDefinition, type SocketDefinition } from './contract.ts'
import { exposureOf, type Exposure } from './guards.ts'
import { RouteTable } from './route-table.ts'
import { checkSubject } from './subjects.ts'
import { fieldIssues, Refusal } from './problem.ts'

const defaultMessageBytes = 16 * 1_048_576
/** The sub-protocol browsers offer beside `bearer.<key>`, since one of those offered has to be chosen. */
export const windowProtocol = 'wheelhouse'

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** Takes the sockets of one API, exposed at one place; paths are those of the contract. */
export function createUpgradeHandler(api: Api, outer: Exposure, options: AppOptions): UpgradeHandler {
  const exposure = exposureOf(api, outer)
  const table = tableOf(api)
  return (request, socket, head) => {
    // A peer that resets during the handshake must not surface as an uncaught error.
    socket.on('error', () => socket.destroy())
    accept({ api, exposure, options, table }, request, socket, head).catch((error: unknown) => {
      const requestId = options.newRequestId()
      const { status, body, headers, unexpected } = contractError(api, error, requestId)
      if (unexpected) options.log.error({ api: api.contract.api, requestId, error }, 'an upgrade failed unexpectedly')
      refuse(socket, status, body, headers)
    })
  }
}

interface Gate {
  api: Api
  exposure: Exposure
  options: AppOptions
  table: RouteTable<SocketRoute>
}

interface SocketRoute {
  name: string
  definition: SocketDefinition
  /** One for each route, not for each connection: thousands of idle sockets would each keep one. */
  server: WebSocketServer
}

function tableOf(api: Api): RouteTable<SocketRoute> {
  const table = new RouteTable<SocketRoute>()
  for (const [name, definition] of Object.entries(api.contract.sockets ?? {})) {
    table.add('GET', definition.path, { name, definition, server: createSocketServer(definition) })
  }
  // Last, since the first that fits is meant.
  const open = Object.values(api.contract.sockets ?? {}).find(({ anyPath }) => anyPath === true)
  const route = open === undefined ? null : table.find('GET', open.path)
  if (route !== null) table.add('GET', '/{*rest}', route.target)
  return table
}

async function accept({ api, exposure, options, table }: Gate, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const { guards } = options
  guards.checkHost(request, exposure)
  const url = URL.parse(request.url ?? '/', 'http://localhost')
  const found = url === null ? null : table.find('GET', url.pathname)
  if (url === null || found === null) throw new Refusal('not-found')
  const { name, definition, server } = found.target
  guards.checkOrigin(request, exposure, definition)
  await guards.checkRate(request)
  const subject = subjectOf(api.contract, found.params)
  const { caller, standing } = await guards.checkKey(request, exposure, api.contract.api, definition, subject)
  const { api: room } = api.contract
  const refusal = options.shelter.refusal(room)
  if (refusal !== null) throw refusal
  const params = parse(definition.params, found.params, 'invalid-params')
  const query = parse(definition.query, Object.fromEntries(url.searchParams), 'invalid-query')
  // Once it is open, a socket that closes would tell one that is not there from one that is somebody else's.
  checkSubject(api, definition, subject, standing, { isThere: true })
  const handler = api.sockets[name]
  if (handler === undefined) throw new TypeError(`${api.contract.api}: socket ${name} has no handler`)
  await handler.admit?.({ params, query })
  const opened = await upgrade(server, request, socket, head)
  if (caller.kind === 'key') options.keySockets.add(caller.id, opened)
  const requestId = options.newRequestId()
  const address = guards.addressOf(request)
  // 1011, as the protocol has it for a server that met what it did not expect.
  const scope: Scope = { room, kind: 'client', id: address, escaped: () => opened.close(1011, 'internal error') }
  options.shelter.enter(scope, () => {
    containEvents(scope, opened)
    handler(
      opened,
      { params, query },
      {
        caller,
        standing,
        requestId,
        address,
        headers: request.headers,
        origin: guards.originOf(request) + exposure.prefix,
        stream: socket,
        endWithKey: (id) => options.keySockets.add(id, opened),
      },
    )
  })
}

function createSocketServer({ protocols = [], maxMessageBytes = defaultMessageBytes }: SocketDefinition): WebSocketServer {
  const spoken = [...protocols, windowProtocol]
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => [...offered].find((protocol) => spoken.includes(protocol)) ?? false,
  })
}

function upgrade(server: WebSocketServer, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<WebSocket> {
  return new Promise((resolve) => {
    server.handleUpgrade(request, socket, head, (opened) => {
      // ws closes the socket after an error by itself; unheard, the error would end the process.
      opened.on('error', () => undefined)
      resolve(opened)
    })
  })
}

function parse(
  schema: RouteDefinition['params'],
  value: unknown,
  code: 'invalid-params' | 'invalid-query',
): Readonly<Record<string, unknown>> {
  if (schema === undefined) return {}
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new Refusal(code, undefined, { issues: fieldIssues(result.error, value) })
}

/** Answers an upgrade that was not accepted as a plain HTTP response and closes. */
export function refuse(socket: Duplex, status: number, body: string, headers: Readonly<Record<string, string>> = {}): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'connection: close',
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  // A peer that never ends its own side would hold the connection for ever: an upgraded one is under no time limit of the server's.
  socket.once('finish', () => socket.destroy())
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

/**
 * A remote MCP server that wants OAuth 2.1, and its authorization server, on one loopback port: discovery (RFC 9728, 8414), registration
 * (7591), PKCE (7636), resource indicators (8707), issuer in the answer (9207), refresh tokens that are good once.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { toNodeHandler, type NodeIncomingMessageLike } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { listenOnLoopback, stopServer } from '../fixtures/loopback.ts'

export interface OAuthHouse {
  url: string
  mcpUrl: string
  /** Registered clients, newest last. */
  clients: { client_id: string; redirect_uris: string[] }[]
  /** Token requests that were answered, by grant type. */
  granted: string[]
  /** The person says no. */
  refusesPerson: boolean
  /** Programs may register themselves. */
  registers: boolean
  /** Seconds a token is said to last. */
  lifetime: number
  /** The newest access token stops working. */
  expireToken(): void
  /** Methods of the requests whose token worked. */
  served: string[]
  /** Waited for before a request with a token that does not work is refused, by its method. */
  beforeRefusal(method: string): Promise<void>
  /** All tokens and refresh tokens stop working. */
  revokeAll(): void
  /** Answers 503 at the token endpoint. */
  tokenEndpointDown: boolean
  /** A client that a person registered by hand. */
  register(redirectUrl: string): { clientId: string; clientSecret: string }
  stop(): Promise<void>
}

export async function openOAuthHouse(): Promise<OAuthHouse> {
  const codes = new Map<string, { challenge: string; redirect: string; client: string; resource: string }>()
  const access = new Set<string>()
  const refresh = new Map<string, string>()
  const secrets = new Map<string, string>()
  let newest = ''
  const server = createServer(
    (request, response) => void answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error))),
  )
  const url = (await listenOnLoopback(server)).replace(/\/$/, '')
  const house: OAuthHouse = {
    url,
    mcpUrl: `${url}/mcp`,
    clients: [],
    granted: [],
    served: [],
    refusesPerson: false,
    registers: true,
    lifetime: 3_600,
    tokenEndpointDown: false,
    expireToken: () => void access.delete(newest),
    beforeRefusal: () => Promise.resolve(),
    revokeAll() {
      access.clear()
      refresh.clear()
    },
    register(redirectUrl) {
      const clientId = `by-hand-${house.clients.length}`
      house.clients.push({ client_id: clientId, redirect_uris: [redirectUrl] })
      secrets.set(clientId, 'a-secret-given-by-hand')
      return { clientId, clientSecret: 'a-secret-given-by-hand' }
    },
    stop: () => stopServer(server),
  }
  const handler = toNodeHandler(
    createMcpHandler(() => {
      const mcp = new McpServer({ name: 'guarded', version: '1.0.0' })
      mcp.registerTool('berth', { description: 'The free berth', inputSchema: z.object({}) }, () => ({
        content: [{ type: 'text', text: 'Berth 7' }],
      }))
      return mcp
    }),
  )

  function issue(): object {
    newest = randomBytes(16).toString('hex')
    const next = randomBytes(16).toString('hex')
    access.add(newest)
    refresh.set(next, newest)
    return { access_token: newest, token_type: 'Bearer', expires_in: house.lifetime, refresh_token: next, scope: 'berths' }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url)
    const json = (status: number, body: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body))
    if (pathname === '/mcp') {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
      const method = String(request.headers['mcp-method'])
      if (access.has(token)) {
        house.served.push(method)
        return handler(request as NodeIncomingMessageLike, response)
      }
      await house.beforeRefusal(method)
      response
        .writeHead(401, {
          'www-authenticate': `Bearer resource_metadata="${url}/.well-known/oauth-protected-resource/mcp", scope="berths"`,
        })
        .end()
      return
    }
    if (pathname === '/.well-known/oauth-protected-resource/mcp')
      return json(200, { resource: house.mcpUrl, authorization_servers: [url], scopes_supported: ['berths'] })
    if (pathname === '/.well-known/oauth-authorization-server') {
      return json(200, {
        ...{
          issuer: url,
          authorization_endpoint: `${url}/authorize`,
          token_endpoint: `${url}/token`,
          response_types_supported: ['code'],
          code_challenge_methods_supported: ['S256'],
        },
        ...{
          grant_types_supported: ['authorization_code', 'refresh_token'],
          token_endpoint_auth_methods_supported: ['none', 'client_secret_post'],
          authorization_response_iss_parameter_supported: true,
        },
        ...(house.registers ? { registration_endpoint: `${url}/register` } : {}),
      })
    }
    if (pathname === '/register' && house.registers) {
      const wanted = z
        .object({ redirect_uris: z.array(z.string()) })
        .loose()
        .parse(JSON.parse(await textOf(request)))
      const client = { ...wanted, client_id: `client-${house.clients.length}` }
      house.clients.push(client)
      return json(201, client)
    }
    if (pathname === '/authorize') return authorize(searchParams, response)
    if (pathname === '/token')
      return house.tokenEndpointDown ? json(503, { error: 'server_error' }) : token(new URLSearchParams(await textOf(request)), json)
    response.writeHead(404).end()
  }

  function authorize(query: URLSearchParams, response: ServerResponse): void {
    const client = house.clients.find(({ client_id: id }) => id === query.get('client_id'))
    const redirect = query.get('redirect_uri') ?? ''
    if (client?.redirect_uris.includes(redirect) !== true || query.get('code_challenge_method') !== 'S256')
      return void response.writeHead(400).end('not a client of ours')
    const back = new URL(redirect)
    back.searchParams.set('state', query.get('state') ?? '')
    back.searchParams.set('iss', url)
    if (house.refusesPerson) back.searchParams.set('error', 'access_denied')
    else {
      const code = randomBytes(16).toString('hex')
      codes.set(code, {
        challenge: query.get('code_challenge') ?? '',
        redirect,
        client: client.client_id,
        resource: query.get('resource') ?? '',
      })
      back.searchParams.set('code', code)
    }
    response.writeHead(302, { location: back.href }).end()
  }

  function token(given: URLSearchParams, json: (status: number, body: object) => void): void {
    const client = given.get('client_id') ?? ''
    const secret = secrets.get(client)
    if (secret !== undefined && given.get('client_secret') !== secret) return json(401, { error: 'invalid_client' })
    if (given.get('grant_type') === 'authorization_code') {
      const found = codes.get(given.get('code') ?? '')
      codes.delete(given.get('code') ?? '')
      const challenge = createHash('sha256')
        .update(given.get('code_verifier') ?? '')
        .digest('base64url')
      if (
        found === undefined ||
        found.challenge !== challenge ||
        found.redirect !== given.get('redirect_uri') ||
        found.client !== client ||
        found.resource !== house.mcpUrl
      )
        return json(400, { error: 'invalid_grant' })
    } else {
      // A refresh token is good once; used again it is a stolen one.
      if (!refresh.delete(given.get('refresh_token') ?? '')) return json(400, { error: 'invalid_grant' })
    }
    house.granted.push(given.get('grant_type') ?? '')
    json(200, issue())
  }

  return house
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

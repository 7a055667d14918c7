/** Clients as the field has them, unmodified: of the 1.x SDK over both its transports, of the 2.x SDK, and what they insist on in HTTP. */
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport as OldHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ownerStanding } from '../../../server/http/rights.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { startChromium } from '../../fixtures/chromium.ts'
import { eventually } from '../../fixtures/eventually.ts'

const odd = join(import.meta.dirname, '..', '..', 'fixtures', 'mcp', 'odd-server.ts')
let relay: ServedRelay
beforeAll(async () => {
  relay = await serveRelay()
  await new Promise((resolve) => setImmediate(resolve))
  relay.room.upstreamAdmin.create({ name: 'odd', transport: 'stdio', command: process.execPath, args: [odd] }, 'owner')
  await eventually('it is ready', () => relay.room.upstreamAdmin.list().every(({ state }) => state === 'ready'))
})
afterAll(() => relay.stop())

const oddId = (): string => relay.room.upstreamAdmin.list().find(({ name }) => name === 'odd')?.id ?? ''
const policyOf = (more: object = {}) => ({ upstreams: [oddId()], ...more })
const session = (more: object = {}) => relay.session({ body: { policy: policyOf(more) } })
const rowOf = (sessionId: string) => relay.room.sessionAdmin.all(ownerStanding).find(({ prefix }) => sessionId.startsWith(prefix))?.id ?? ''
const textOf = (result: object): string => ('content' in result && Array.isArray(result.content) ? String(result.content[0]?.text) : '')
const gateway = () => relay.room.gateway()
const older = async () => (await gateway()).older

async function connectOld(transport: SSEClientTransport | OldHttpTransport): Promise<OldClient> {
  const client = new OldClient({ name: 'test', version: '1' }, { capabilities: { elicitation: {} } })
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { city: 'Hamburg' } }))
  // The SDK's own types of its two transports do not fit its client's under strict optional fields.
  await client.connect(transport as Parameters<OldClient['connect']>[0])
  onTestFinished(() => client.close())
  return client
}

describe('a client of the 1.x SDK', () => {
  const ways = {
    'HTTP+SSE at …/sse': (url: string) => new SSEClientTransport(new URL(`${url}/sse`)),
    'HTTP+SSE at the address itself': (url: string) => new SSEClientTransport(new URL(url)),
    'HTTP+SSE with a Bearer header': (url: string) =>
      new SSEClientTransport(new URL('/sse', url), { requestInit: { headers: { authorization: `Bearer ${url.split('/').at(-1)}` } } }),
    'Streamable HTTP at …/mcp': (url: string) => new OldHttpTransport(new URL(`${url}/mcp`)),
    'Streamable HTTP at …/sse, with a slash': (url: string) => new OldHttpTransport(new URL(`${url}/sse/`)),
  }
  test.each(Object.entries(ways))('lists, calls, is asked and is told of changes over %s', async (_, way) => {
    const { sessionUrl } = await session()
    const client = await connectOld(way(sessionUrl))
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo')
    expect(textOf(await client.callTool({ name: 'echo', arguments: { text: 'ahoy' } }))).toBe('ahoy')
    expect(textOf(await client.callTool({ name: 'where', arguments: {} }))).toBe('You are in Hamburg')
    const told = new Promise<void>((resolve) => client.setNotificationHandler(ToolListChangedNotificationSchema, () => resolve()))
    await eventually('it hears', async () => {
      relay.room.upstreamAdmin.changeTool(oddId(), 'count', { enabled: false }, 'owner')
      relay.room.upstreamAdmin.changeTool(oddId(), 'count', { enabled: true }, 'owner')
      return Promise.race([told.then(() => true), new Promise((resolve) => setImmediate(() => resolve(false)))])
    })
    await client.close()
  })

  test('leaves nothing behind when its stream ends, pays like all others, and is refused with the session', async () => {
    await eventually('none is left of those before', async () => (await older()).size === 0)
    const { sessionId, sessionUrl } = await session({ maxCredits: 1 })
    const before = (await gateway()).clients
    const first = await connectOld(new SSEClientTransport(new URL(sessionUrl)))
    expect([(await older()).size, (await gateway()).clients]).toEqual([1, before + 1])
    relay.room.upstreamAdmin.changeTool(oddId(), 'echo', { price: 1 }, 'owner')
    onTestFinished(() => void relay.room.upstreamAdmin.changeTool(oddId(), 'echo', { price: 0 }, 'owner'))
    expect(textOf(await first.callTool({ name: 'echo', arguments: { text: 'paid' } }))).toBe('paid')
    await expect(first.callTool({ name: 'echo', arguments: { text: 'no' } })).rejects.toThrow('has spent the credits it may spend')
    await first.close()
    await eventually('it is gone', async () => (await older()).size === 0 && (await gateway()).clients === before)

    const second = await connectOld(new SSEClientTransport(new URL(sessionUrl)))
    await relay.call('DELETE', `/api/sessions/${sessionId}`)
    await eventually('its stream is ended', async () => (await older()).size === 0)
    await expect(second.callTool({ name: 'echo', arguments: {} })).rejects.toThrow()
  })
})

test('the address to send to is good for one stream, holds no secret of the session, and wants the header the stream had', async () => {
  const { sessionId, sessionUrl } = await session()
  const stop = new AbortController()
  const opened = await fetch(`${relay.url}/sse`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${sessionId}` },
    signal: stop.signal,
  })
  const reader = opened.body?.pipeThrough(new TextDecoderStream()).getReader()
  const said = async (): Promise<string> => String((await reader?.read())?.value)
  const endpoint = /^event: endpoint\ndata: (\/mcp\/messages\/[\w-]{32})\n\n$/.exec(await said())?.[1] ?? ''
  expect(endpoint).not.toContain(sessionId)
  const list = { jsonrpc: '2.0', id: 7, method: 'tools/list', params: {} }
  const post = (body: unknown, headers: Record<string, string> = { authorization: `Bearer ${sessionId}` }, path = endpoint) =>
    relay.call('POST', path, { user: null, body, headers })
  expect((await post(list, {})).status).toBe(401)
  expect((await post(list, { authorization: `Bearer ${(await session()).sessionId}` })).status).toBe(401)
  expect((await post('{"jsonrpc"')).body.error.code).toBe(-32700)
  expect((await post(list, { authorization: `Bearer ${sessionId}`, 'content-type': 'text/html' })).status).toBe(415)
  // It was never greeted here, as after a restart it does not know of: it is served all the same.
  expect(await post(list)).toMatchObject({ status: 202, body: 'Accepted' })
  expect(JSON.parse((await said()).replace(/^event: message\ndata: /, ''))).toMatchObject({ id: 7, result: { tools: expect.any(Array) } })
  stop.abort()
  await eventually('the address has ended with it', async () => (await post(list)).status === 404)
  expect((await post(list, {}, '/mcp/messages/nonsense')).status).toBe(404)
  expect(new URL(sessionUrl).pathname).toContain(sessionId)
})

test('a page of an origin that a person allowed uses that session from a browser, and no other', async () => {
  const origin = 'https://studio.example.test'
  const [mine, other] = [await session({ origins: [origin, 'chrome-extension://abcdef'] }), await session()]
  const preflight = (path: string, from = origin) =>
    relay.call('OPTIONS', path, {
      user: null,
      headers: {
        origin: from,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,mcp-session-id,mcp-protocol-version,x-api-key',
      },
    })
  const asked = await preflight(`/mcp/${mine.sessionId}`)
  expect(asked.status).toBe(204)
  expect(Object.fromEntries(asked.headers)).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-allow-headers': 'content-type, mcp-session-id, mcp-protocol-version',
    'access-control-allow-methods': 'GET, POST, DELETE',
    vary: expect.stringMatching(/origin/i),
  })
  expect((await preflight(`/mcp/${mine.sessionId}/sse`, 'chrome-extension://abcdef')).status).toBe(204)
  expect((await preflight('/mcp')).status).toBe(204)
  for (const [path, from] of [
    [`/mcp/${mine.sessionId}`, 'https://evil.example.test'],
    [`/mcp/${other.sessionId}`, origin],
    [`/mcp/${'A'.repeat(36)}`, origin],
    ['/mcp', 'https://evil.example.test'],
    ['/api/sessions/stats', origin],
  ] as const)
    expect((await preflight(path, from)).status, path).toBe(403)

  const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'page', version: '1' } }
  const post = (path: string, headers: Record<string, string> = {}) =>
    relay.call('POST', path, {
      user: null,
      body: { jsonrpc: '2.0', id: 1, method: 'initialize', params: hello },
      headers: { accept: 'application/json, text/event-stream', origin, ...headers },
    })
  const answered = await post(`/mcp/${mine.sessionId}`)
  expect(answered.status).toBe(200)
  expect(answered.headers.get('access-control-allow-origin')).toBe(origin)
  expect(answered.headers.get('access-control-expose-headers')).toContain('mcp-session-id')
  expect((await post('/mcp', { authorization: `Bearer ${mine.sessionId}` })).status).toBe(200)
  // The preflight could not tell; the call itself can.
  expect((await post('/mcp', { authorization: `Bearer ${other.sessionId}` })).status).toBe(403)
  expect((await post('/mcp')).status).toBe(403)

  const change = (more: object) => relay.call('PATCH', `/v1/relay-sessions/${rowOf(mine.sessionId)}`, { body: { policy: policyOf(more) } })
  const listen = async (from: string) => {
    const opened = await fetch(`${relay.url}/mcp/${mine.sessionId}/sse`, { headers: { accept: 'text/event-stream', origin: from } })
    // Cut rather than ended.
    return { over: opened.text().then(String, String) }
  }
  const [page, extension] = [await listen(origin), await listen('chrome-extension://abcdef')]
  await change({ origins: ['chrome-extension://abcdef'] })
  await page.over
  expect((await older()).size).toBe(1)
  expect((await post(`/mcp/${mine.sessionId}`)).status).toBe(403)
  await change({})
  await extension.over
  for (const wrong of ['*', 'null', 'https://studio.example.test/', 'https://Studio.example.test', 'studio.example.test'])
    expect((await relay.call('POST', '/api/sessions', { body: { policy: { origins: [wrong] } } })).status, wrong).toBe(400)
})

test('in a real browser such a page calls and listens, and finds every other session closed', async () => {
  const site = createServer((_, response) => void response.setHeader('content-type', 'text/html').end('<title>Studio</title>'))
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  const chromium = await startChromium()
  onTestFinished(async () => {
    await chromium.stop()
    site.close()
  })
  const address = site.address()
  const origin = `http://localhost:${typeof address === 'object' && address !== null ? address.port : 0}`
  const [open, closed] = [await session({ origins: [origin] }), await session()]
  const page = await chromium.freshPage()
  await page.goto(origin)
  const seen = await page.evaluate(
    async (at, mine, other) => {
      const hello = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'page', version: '1' } }
      const greet = (to: string, headers: Record<string, string> = {}) =>
        fetch(to, {
          method: 'POST',
          headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'initialize', params: hello }),
        })
      const bearer = await greet(`${at}/mcp`, { authorization: `Bearer ${mine}` })
      const refused = [await greet(`${at}/mcp`, { authorization: `Bearer ${other}` }).catch(() => 'refused')]
      refused.push(await greet(`${at}/mcp/${other}`).catch(() => 'refused'))
      const answer = await new Promise<unknown>((resolve) => {
        const stream = new EventSource(`${at}/mcp/${mine}/sse`)
        stream.addEventListener('endpoint', ({ data }) => void greet(new URL(data, at).href))
        stream.addEventListener('message', ({ data }) => {
          stream.close()
          resolve(JSON.parse(data).id)
        })
      })
      return { hasSession: bearer.headers.get('mcp-session-id') !== null, refused, answer }
    },
    relay.url,
    open.sessionId,
    closed.sessionId,
  )
  expect(seen).toEqual({ hasSession: true, refused: ['refused', 'refused'], answer: 7 })
})

test('what clients do beside the protocol is answered as the specification says, and opens nothing', async () => {
  const { sessionUrl } = await session()
  const path = new URL(sessionUrl).pathname
  const hello = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
  const both = { accept: 'application/json, text/event-stream' }
  const ask = (method: string, headers: Record<string, string> = {}, body?: unknown, at = path) =>
    relay.call(method, at, { user: null, headers, ...(body === undefined ? {} : { body }) })
  const greeted = await ask('POST', both, { jsonrpc: '2.0', id: 1, method: 'initialize', params: hello }, `${path}/`)
  expect(greeted.status).toBe(200)
  const mcpSession = greeted.headers.get('mcp-session-id') ?? ''
  const list = { jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} }
  expect((await ask('POST', { ...both, 'Mcp-Session-ID': mcpSession }, list)).status).toBe(200)
  expect((await ask('POST', { ...both, 'MCP-SESSION-ID': mcpSession, 'Mcp-Protocol-Version': '2025-06-18' }, list)).status).toBe(200)
  expect((await ask('POST', { ...both, 'mcp-session-id': mcpSession, 'mcp-protocol-version': '1999-01-01' }, list)).status).toBe(400)
  expect((await ask('POST', { ...both, 'mcp-session-id': 'no-such-session' }, list)).status).toBe(404)
  expect(
    (await ask('POST', { ...both, 'content-type': 'application/json; charset=utf-8', 'mcp-session-id': mcpSession }, list)).status,
  ).toBe(200)
  for (const [method, headers] of [
    ['HEAD', {}],
    ['OPTIONS', {}],
    ['PUT', {}],
    ['PATCH', {}],
  ] as const) {
    const refused = await ask(method, headers)
    expect(refused.status, method).toBe(405)
    expect(refused.headers.get('allow'), method).toContain('POST')
  }
  expect((await ask('GET')).status).toBe(400)
  expect((await ask('GET', { accept: 'text/html' })).status).toBe(400)
  expect((await ask('GET', { 'mcp-session-id': mcpSession })).status).toBe(406)
  expect((await older()).size).toBe(0)
  expect((await ask('DELETE', { 'mcp-session-id': mcpSession })).status).toBe(200)
  expect((await ask('POST', { ...both, 'mcp-session-id': mcpSession }, list)).status).toBe(404)
})

test('the 2.x SDK’s client works at each of the other addresses, in both eras', async () => {
  const { sessionId } = await session()
  for (const [address, mode] of [
    [`${relay.url}/mcp/${sessionId}/mcp`, 'auto'],
    [`${relay.url}/mcp/${sessionId}/sse`, 'legacy'],
    [`${relay.url}/mcp/mcp`, 'auto'],
    [`${relay.url}/sse`, 'legacy'],
  ] as const) {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
    await client.connect(
      new StreamableHTTPClientTransport(new URL(address), { requestInit: { headers: { authorization: `Bearer ${sessionId}` } } }),
    )
    expect(textOf(await client.callTool({ name: 'echo', arguments: { text: address } })), address).toBe(address)
    await client.close()
  }
})

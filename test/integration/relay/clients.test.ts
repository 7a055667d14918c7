/**
 * Real clients (the SDK's in both eras, the inspector's command line) and real servers (everything, filesystem, memory) through the
 * gateway.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, type ClientCapabilities } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { hearingTransport } from '../../fakes/hearing-transport.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { ownerStanding } from '../../../server/http/rights.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const published = (name: string) => join(root, 'node_modules', '@modelcontextprotocol', `server-${name}`, 'dist', 'index.js')
const odd = join(root, 'test', 'fixtures', 'mcp', 'odd-server.ts')

let relay: ServedRelay
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wheelhouse-mcp-'))
  writeFileSync(join(folder, 'manifest.txt'), '38 lines')
  relay = await serveRelay({ given: { backOff: [10, 20] } })
  await new Promise((resolve) => setImmediate(resolve))
  const add = (name: string, ...args: string[]) =>
    relay.room.upstreamAdmin.create({ name, transport: 'stdio', command: process.execPath, args }, 'owner')
  add('everything', published('everything'))
  add('filesystem', published('filesystem'), folder)
  relay.room.upstreamAdmin.create(
    {
      name: 'memory',
      transport: 'stdio',
      command: process.execPath,
      args: [published('memory')],
      env: { MEMORY_FILE_PATH: join(folder, 'memory.json') },
    },
    'owner',
  )
  add('odd', odd)
  await eventually('all are ready', () => relay.room.upstreamAdmin.list().every(({ state }) => state === 'ready'))
})
afterAll(async () => {
  await relay.stop()
  rmSync(folder, { recursive: true, force: true })
})

const idOf = (name: string): string => relay.room.upstreamAdmin.list().find((each) => each.name === name)?.id ?? ''
const only = async (...names: string[]) => relay.session({ body: { policy: { upstreams: names.map(idOf) } } })

async function connect(
  url: string,
  { mode = 'legacy', capabilities = {}, bearer }: { mode?: 'legacy' | 'auto'; capabilities?: ClientCapabilities; bearer?: string } = {},
): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities, versionNegotiation: { mode } })
  const headers = bearer === undefined ? {} : { requestInit: { headers: { authorization: `Bearer ${bearer}` } } }
  const { transport, hears } = hearingTransport(url, headers)
  await client.connect(transport)
  if (mode === 'legacy') await hears
  onTestFinished(() => client.close())
  return client
}

const textOf = (result: { content?: unknown }): string => (Array.isArray(result.content) ? String(result.content[0]?.text) : '')

describe.each([
  ['legacy', '2025-11-25'],
  ['auto', '2026-07-28'],
] as const)('the SDK’s client, %s', (mode, revision) => {
  test('reaches all servers under one address, each tool by its server’s name', async () => {
    const client = await connect((await relay.session()).sessionUrl, { mode })
    expect(client.getNegotiatedProtocolVersion()).toBe(revision)
    const names = (await client.listTools()).tools.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['everything__echo', 'filesystem__read_text_file', 'memory__read_graph', 'odd__echo']))
    expect(textOf(await client.callTool({ name: 'everything__echo', arguments: { message: 'hello' } }))).toBe('Echo: hello')
    expect(textOf(await client.callTool({ name: 'filesystem__read_text_file', arguments: { path: join(folder, 'manifest.txt') } }))).toBe(
      '38 lines',
    )
    await client.callTool({
      name: 'memory__create_entities',
      arguments: { entities: [{ name: `Harbor ${mode}`, entityType: 'place', observations: ['has cranes'] }] },
    })
    expect(textOf(await client.callTool({ name: 'memory__search_nodes', arguments: { query: `Harbor ${mode}` } }))).toContain('has cranes')
    expect((await client.listPrompts()).prompts.length).toBeGreaterThan(0)
    const [resource] = (await client.listResources()).resources
    expect((await client.readResource({ uri: resource?.uri ?? '' })).contents).toHaveLength(1)
  })

  test('with one server the tools keep their own names, in a fixed order', async () => {
    const client = await connect((await only('memory')).sessionUrl, { mode })
    const names = (await client.listTools()).tools.map(({ name }) => name)
    expect(names).toContain('read_graph')
    expect(names).toEqual(relay.room.upstreams.get(idOf('memory')).catalogue.tools.map(({ name }) => name))
    await expect(client.callTool({ name: 'memory__read_graph', arguments: {} })).rejects.toThrow('Unknown tool')
  })

  test('is told of progress and can cancel', async () => {
    const client = await connect((await only('everything')).sessionUrl, { mode })
    const seen: number[] = []
    await client.callTool(
      { name: 'trigger-long-running-operation', arguments: { duration: 0.4, steps: 4 } },
      { onprogress: ({ progress }) => void seen.push(progress) },
    )
    expect(seen).toEqual([1, 2, 3, 4])
    const stop = new AbortController()
    const cancelled = client.callTool(
      { name: 'trigger-long-running-operation', arguments: { duration: 30, steps: 3 } },
      { signal: stop.signal },
    )
    setTimeout(() => stop.abort('changed my mind'), 100)
    await expect(cancelled).rejects.toThrow()
  })

  test('answers what a server asks in the middle of a call', async () => {
    const client = await connect((await only('odd')).sessionUrl, { mode, capabilities: { elicitation: {} } })
    client.setRequestHandler('elicitation/create', ({ params }) => ({
      action: 'accept',
      content: { city: params.message === 'Which city?' ? 'Hamburg' : 'nowhere' },
    }))
    expect(textOf(await client.callTool({ name: 'where', arguments: {} }))).toBe('You are in Hamburg')
  })
})

test('a server sees what the client at the far end can do, and shows more tools for it', async () => {
  const { sessionUrl } = await only('everything')
  const plain = (await (await connect(sessionUrl)).listTools()).tools.length
  const able = await connect(sessionUrl, { capabilities: { sampling: {}, elicitation: {}, roots: { listChanged: true } } })
  able.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///harbor', name: 'Harbor' }] }))
  able.setRequestHandler('sampling/createMessage', () => ({
    model: 'test',
    role: 'assistant',
    content: { type: 'text', text: 'sampled here' },
  }))
  // A list does not wait for a process that takes long to start, and has no other way to know of its tools.
  await eventually('it is shown more', async () => (await able.listTools()).tools.length > plain)
  expect(
    textOf(await able.callTool({ name: 'trigger-sampling-request', arguments: { prompt: 'Say something', maxTokens: 10 } })),
  ).toContain('sampled here')
})

test('a client that servers may ask things can go on after its server was started again', async () => {
  const client = await connect((await only('odd')).sessionUrl, { capabilities: { elicitation: {} } })
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { city: 'Hamburg' } }))
  const where = async () => textOf(await client.callTool({ name: 'where', arguments: {} }))
  expect(await where()).toBe('You are in Hamburg')
  await relay.room.upstreamAdmin.restart(idOf('odd'), 'owner')
  await eventually('it runs again', () => relay.room.upstreams.get(idOf('odd')).state === 'ready')
  expect(await where()).toBe('You are in Hamburg')
})

test('the inspector’s command line lists and calls', async () => {
  const { sessionUrl } = await only('everything')
  const cli = join(root, 'node_modules', '@modelcontextprotocol', 'inspector', 'clients', 'launcher', 'build', 'index.js')
  const inspect = (...args: string[]) =>
    new Promise<string>((resolve, reject) =>
      execFile(process.execPath, [cli, '--cli', sessionUrl, '--transport', 'http', ...args], (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(`${error.message} ${stderr}`)),
      ),
    )
  expect(JSON.parse(await inspect('--method', 'tools/list')).tools.map(({ name }: { name: string }) => name)).toContain('echo')
  expect(JSON.parse(await inspect('--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'message=ahoy')).content[0].text).toBe(
    'Echo: ahoy',
  )
})

describe('what a session may reach', () => {
  test('is a list of tools, new names for them, or those that change nothing', async () => {
    const listed = async (policy: object) => {
      const { sessionUrl } = await relay.session({ body: { policy: { upstreams: [idOf('odd')], ...policy } } })
      return (await (await connect(sessionUrl)).listTools()).tools.map(({ name }) => name)
    }
    expect(await listed({ tools: ['echo', 'count'] })).toEqual(['echo', 'count'])
    expect(await listed({ tools: ['echo'], renames: { echo: 'say_back' } })).toEqual(['say_back'])
    expect(await listed({ readOnly: true })).toEqual(['echo'])
  })

  test('changes for clients that are connected, who are told', async () => {
    const { sessionUrl } = await only('odd')
    const client = await connect(sessionUrl)
    const told = new Promise<void>((resolve) => client.setNotificationHandler('notifications/tools/list_changed', () => resolve()))
    expect((await client.listTools()).tools).toHaveLength(6)
    relay.room.upstreamAdmin.changeTool(idOf('odd'), 'count', { enabled: false }, 'owner')
    await told
    expect((await client.listTools()).tools.map(({ name }) => name)).not.toContain('count')
    await expect(client.callTool({ name: 'count', arguments: {} })).rejects.toThrow('Unknown tool')
    relay.room.upstreamAdmin.changeTool(idOf('odd'), 'count', { enabled: true }, 'owner')
  })

  test('changes at once for clients that are connected when a person changes the session, or its account', async () => {
    const { sessionUrl } = await only('odd')
    const legacy = await connect(sessionUrl)
    const modern = await connect(sessionUrl, { mode: 'auto' })
    const names = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name)
    expect(await names(legacy)).toHaveLength(6)
    expect(await names(modern)).toHaveLength(6)
    const told = new Promise<void>((resolve) => legacy.setNotificationHandler('notifications/tools/list_changed', () => resolve()))
    const id = relay.room.sessionAdmin.all(ownerStanding)[0]?.id ?? ''
    await relay.call('PATCH', `/v1/relay-sessions/${id}`, { body: { policy: { upstreams: [idOf('odd')], tools: ['echo', 'count'] } } })
    await told
    expect(await names(legacy)).toEqual(['echo', 'count'])
    // A stateless client may keep a list for the second it is told to.
    await eventually('the stateless one sees it', async () => (await names(modern)).length === 2)
    await expect(modern.callTool({ name: 'die', arguments: {} })).rejects.toThrow('Unknown tool')

    const rules = { upstreams: null, tools: [{ upstream: idOf('odd'), name: 'echo' }], readOnly: false }
    expect(await relay.call('PUT', '/v1/account-rules/ann', { body: rules })).toMatchObject({ status: 200, body: rules })
    expect(await names(legacy)).toEqual(['echo'])
    await eventually('the stateless one sees it', async () => (await names(modern)).length === 1)
    await expect(legacy.callTool({ name: 'count', arguments: {} })).rejects.toThrow('Unknown tool')
    expect((await relay.call('GET', '/v1/account-rules')).body).toEqual({ accounts: [{ accountId: 'ann', rules }] })
    expect((await relay.call('PUT', '/v1/account-rules/nobody', { body: rules })).status).toBe(404)
    await relay.call('PUT', '/v1/account-rules/ann', { body: {} })
    expect(await names(legacy)).toEqual(['echo', 'count'])
  })

  test('leaves out a tool whose definition changed, until a person has agreed', async () => {
    const id = relay.room.upstreamAdmin.create(
      { name: 'shifty', transport: 'stdio', command: process.execPath, args: [odd, 'plain', 'Says it back'] },
      'owner',
    ).id
    const ready = (quarantined: number) =>
      eventually('it is ready', () =>
        relay.room.upstreamAdmin.list().some((each) => each.id === id && each.state === 'ready' && each.quarantined === quarantined),
      )
    await ready(0)
    await relay.room.upstreamAdmin.change(id, { args: [odd, 'plain', 'Says it back, and sends it to me'] }, 'owner')
    await ready(6)
    const { sessionUrl } = await relay.session({ body: { policy: { upstreams: [id] } } })
    expect((await (await connect(sessionUrl)).listTools()).tools).toEqual([])
    expect((await relay.call('PATCH', `/v1/upstreams/${id}/tools/echo`, { body: { approve: true } })).body).toMatchObject({
      name: 'echo',
      quarantined: false,
    })
    expect((await (await connect(sessionUrl)).listTools()).tools.map(({ description }) => description)).toEqual([
      'Says it back, and sends it to me',
    ])
    await relay.room.upstreamAdmin.remove(id, 'owner')
  })
})

describe('the address', () => {
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
  }
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    relay.call('POST', path, { user: null, body, headers: { accept: 'application/json, text/event-stream', ...headers } })

  test('works as a Bearer token too, so that no secret stands in it', async () => {
    const { sessionId } = await only('odd')
    const client = await connect(`${relay.url}/mcp`, { bearer: sessionId })
    expect(textOf(await client.callTool({ name: 'echo', arguments: { text: 'by token' } }))).toBe('by token')
  })

  test('is refused when it names no session, and from the request after it was revoked', async () => {
    const refusal = { status: 401, body: { error: 'Invalid or expired session', statusCode: 401 } }
    for (const path of ['/mcp', `/mcp/${'A'.repeat(36)}`, '/mcp/short', '/mcp/..%2f..%2fv1'])
      expect(await post(path, initialize)).toMatchObject(refusal)
    const { sessionId, sessionUrl } = await only('odd')
    const path = new URL(sessionUrl).pathname
    const client = await connect(sessionUrl)
    expect((await client.listTools()).tools).not.toHaveLength(0)
    await relay.call('DELETE', `/api/sessions/${sessionId}`)
    expect(await post(path, initialize)).toMatchObject(refusal)
    await expect(client.callTool({ name: 'echo', arguments: {} })).rejects.toThrow()
  })

  test('keeps one session’s protocol sessions from another', async () => {
    const [mine, yours] = [new URL((await only('odd')).sessionUrl).pathname, new URL((await only('odd')).sessionUrl).pathname]
    const opened = await post(mine, initialize)
    const id = opened.headers.get('mcp-session-id') ?? ''
    const list = { jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} }
    expect((await post(mine, list, { 'mcp-session-id': id })).status).toBe(200)
    expect((await post(yours, list, { 'mcp-session-id': id })).status).toBe(404)
  })

  test('refuses foreign names and pages, oversized and broken bodies, wrong versions and mismatched headers', async () => {
    const path = new URL((await only('odd')).sessionUrl).pathname
    const host = await new Promise<number>((resolve) => {
      const sent = httpRequest(
        `${relay.url}${path}`,
        { method: 'POST', headers: { host: 'evil.example.test', 'content-type': 'application/json' } },
        (response) => resolve(response.statusCode ?? 0),
      )
      sent.end(JSON.stringify(initialize))
    })
    expect(host).toBe(403)
    expect((await post(path, initialize, { origin: 'https://evil.example.test' })).status).toBe(403)
    expect(
      (await post(path, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"pad":"${'x'.repeat(33 * 1_048_576)}"}}`)).status,
    ).toBe(413)
    expect((await post(path, '{"jsonrpc":')).body.error.code).toBe(-32700)
    expect((await post(path, `${'['.repeat(300)}${']'.repeat(300)}`)).body.error.code).toBe(-32600)
    expect((await post(path, '[]')).status).toBe(400)
    expect(
      (
        await post(
          path,
          Array.from({ length: 101 }, () => initialize),
        )
      ).status,
    ).toBe(400)
    for (const wrong of ['null', '7', '"text"', '{}', '{"jsonrpc":"1.0","id":1,"method":"ping"}', '[[]]', '[null]'])
      expect((await post(path, wrong)).status, wrong).toBeGreaterThanOrEqual(400)
    expect((await post(path, [initialize, { ...initialize, id: 2, method: 'tools/list', params: {} }])).status).toBe(400)
    expect((await post(path, initialize, { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await post(path, initialize, { accept: 'text/html' })).status).toBe(406)
    const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} }
    const echo = { jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'echo', arguments: {}, _meta: meta } }
    const modern = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' }
    expect((await post(path, echo, modern)).status).toBe(200)
    expect((await post(path, echo, { ...modern, 'mcp-name': 'die' })).body.error.code).toBe(-32020)
    expect(
      (
        await post(
          path,
          { ...echo, params: { ...echo.params, _meta: { ...meta, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' } } },
          { ...modern, 'mcp-protocol-version': '2099-01-01' },
        )
      ).body.error.code,
    ).toBe(-32022)
    expect((await post(path, { ...echo, method: 'tools/destroy' }, { ...modern, 'mcp-method': 'tools/destroy' })).status).toBe(404)
  })
})

/**
 * Servers that misbehave at each step of being spoken to, before a real server process: that one server fails, and all rooms go on
 * answering.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openMisbehavingServer, type Manner, type Step } from '../../fakes/misbehaving-server.ts'
import { startServer, type ServerProcess } from '../../fakes/server-process.ts'
import { eventually } from '../../fixtures/eventually.ts'

const script = join(import.meta.dirname, '..', '..', 'fixtures', 'mcp', 'misbehaving-stdio.ts')
const reads: Record<string, string> = {
  brokers: '/v1/sessions',
  browsers: '/sessions',
  bots: '/api/sessions',
  logins: '/v1/status',
  relay: '/v1/relay-sessions',
}

let house: ServerProcess
let sessionUrl: string
beforeAll(async () => {
  house = await startServer()
  await house.call('/control/v1/users', { method: 'POST', json: { id: 'ann', primaryEmail: 'ann@example.test', credits: 10 } })
  const made = await fetch(`${house.ready.apis['relay']?.url}/api/sessions`, { method: 'POST', headers: { 'x-user-id': 'ann' } })
  sessionUrl = ((await made.json()) as { data: { sessionUrl: string } }).data.sessionUrl
})
afterAll(() => house.dispose())

interface Shown {
  id: string
  state: string
  error: string | null
}

const relayCall = (path: string, method = 'POST') => house.call(`${house.ready.apis['relay']?.url}${path}`, { method })
async function add(definition: object): Promise<string> {
  const made = await house.call('/control/v1/upstreams', {
    method: 'POST',
    json: { name: `odd-${Math.random().toString(36).slice(2)}`, ...definition },
  })
  expect(made.status).toBe(201)
  const { id } = (await made.json()) as { id: string }
  onTestFinished(async () => void (await house.call(`/control/v1/upstreams/${id}`, { method: 'DELETE' })))
  return id
}
const shown = async (id: string): Promise<Shown | undefined> =>
  ((await (await house.call('/control/v1/upstreams')).json()) as { upstreams: Shown[] }).upstreams.find((each) => each.id === id)
const settled = (id: string, ...states: string[]) =>
  eventually(`it is ${states.join(' or ')}`, async () => {
    const one = await shown(id)
    return one !== undefined && states.includes(one.state) ? one : null
  })
async function allRoomsAnswer(): Promise<void> {
  const statuses = await Promise.all(
    Object.entries(reads).map(async ([room, path]) => [room, (await house.call(`${house.ready.apis[room]?.url}${path}`)).status]),
  )
  expect(Object.fromEntries([...statuses, ['control', (await house.call('/control/v1/health')).status]])).toEqual({
    brokers: 200,
    browsers: 200,
    bots: 200,
    logins: 200,
    relay: 200,
    control: 200,
  })
  expect(house.child.exitCode ?? house.child.signalCode).toBeNull()
}
async function callTool(name: string): Promise<unknown> {
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} }
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': name,
  }
  return (
    await fetch(sessionUrl, {
      method: 'POST',
      headers,
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {}, _meta: meta } }),
    })
  ).json()
}

const answers: Manner[] = [
  'status 401',
  'status 404',
  'status 500',
  'status 503',
  'redirect',
  'error',
  'no result',
  'null result',
  'empty result',
  'array',
  'not json',
  'a web page',
  'cut',
  'half',
]
/** Where there is nothing that the relay could go on with; the others may end in a server that works, which is as well. */
const fatal: Manner[] = [
  'status 401',
  'status 404',
  'status 500',
  'status 503',
  'error',
  'null result',
  'empty result',
  'unknown version',
  'cut',
]

describe.each<[Step, Manner[]]>([
  ['server/discover', answers],
  ['initialize', [...answers, 'unknown version']],
  ['notifications/initialized', ['status 401', 'status 404', 'status 500', 'status 503', 'redirect', 'cut', 'half']],
  ['tools/list', answers],
  ['stream', ['status 401', 'status 404', 'status 500']],
])('a remote server that goes wrong at %s', (step, manners) => {
  test.each(manners)('with %s fails alone, also when it is started again', async (manner) => {
    const server = await openMisbehavingServer('http', { step, manner })
    onTestFinished(() => server.leave())
    const id = await add({ transport: 'http', url: server.url })
    // What is no answer at all takes the whole patience of a start; the rooms need not wait for it.
    const silent = manner === 'array'
    if (!silent) {
      const first = await settled(id, 'ready', 'retrying', 'failed', 'signed-out')
      if (step === 'initialize' && fatal.includes(manner)) expect(first.state).not.toBe('ready')
      if (first.state !== 'ready') expect(first.error).toMatch(/./)
    }
    expect((await relayCall(`/v1/upstreams/${id}/restart`)).status).toBe(200)
    if (!silent) await settled(id, 'ready', 'retrying', 'failed', 'signed-out')
    await allRoomsAnswer()
  })
})

describe.each<[Step, Manner[]]>([
  ['stream', ['status 401', 'status 404', 'status 500', 'cut', 'a web page', 'nothing', 'endpoint elsewhere', 'endpoint nonsense']],
  ['initialize', ['status 401', 'status 500', 'redirect', 'error', 'null result', 'empty result', 'unknown version', 'cut', 'half']],
  ['notifications/initialized', ['status 401', 'status 500', 'cut', 'half']],
  ['tools/list', ['status 500', 'error', 'null result', 'not json', 'cut', 'half']],
])('a server of the older stream that goes wrong at %s', (step, manners) => {
  test.each(manners)('with %s fails alone, also when it is started again', async (manner) => {
    const server = await openMisbehavingServer('sse', { step, manner })
    onTestFinished(() => server.leave())
    const id = await add({ transport: 'sse', url: server.url })
    if (manner !== 'null result' && manner !== 'not json') await settled(id, 'ready', 'retrying', 'failed', 'signed-out')
    expect((await relayCall(`/v1/upstreams/${id}/restart`)).status).toBe(200)
    await allRoomsAnswer()
  })
})

test('a server whose stream opens and then says nothing can be removed while it is being waited for', async () => {
  const server = await openMisbehavingServer('sse', { step: 'stream', manner: 'silence' })
  onTestFinished(() => server.leave())
  const id = await add({ transport: 'sse', url: server.url })
  await settled(id, 'starting')
  expect((await house.call(`/control/v1/upstreams/${id}`, { method: 'DELETE' })).status).toBe(204)
  await allRoomsAnswer()
})

describe.each<[string, string[]]>([
  ['start', ['exit', 'killed', 'not json', 'no message', 'mute']],
  ['server/discover', ['exit', 'killed', 'half', 'no message', 'mute']],
  ['initialize', ['exit', 'killed', 'half', 'deaf', 'no message', 'error', 'null result', 'empty result', 'unknown version']],
  ['notifications/initialized', ['exit', 'killed', 'half', 'error', 'not json', 'no message']],
  ['tools/list', ['exit', 'killed', 'half', 'no message', 'error', 'empty result']],
])('a command that goes wrong at %s', (step, manners) => {
  test.each(manners)('with %s fails alone, also when it is started again', async (manner) => {
    const id = await add({ transport: 'stdio', command: process.execPath, args: [script, step, manner] })
    // One that only stays silent takes as long as a start may.
    const silent = ['mute', 'deaf', 'not json', 'null result'].includes(manner)
    if (!silent) await settled(id, 'ready', 'retrying', 'failed')
    expect((await relayCall(`/v1/upstreams/${id}/restart`)).status).toBe(200)
    if (!silent) await settled(id, 'ready', 'retrying', 'failed')
    await allRoomsAnswer()
  })
})

describe('a remote server that was ready', () => {
  test.each(['http', 'sse'] as const)(
    'and goes away fails alone when it is called and when it is started again (%s)',
    async (transport) => {
      const server = await openMisbehavingServer(transport, { step: 'nowhere', manner: 'cut' })
      onTestFinished(() => server.leave())
      const id = await add({ transport, url: server.url })
      await settled(id, 'ready')
      await server.leave()
      expect(await callTool('echo')).toHaveProperty('error')
      await relayCall(`/v1/upstreams/${id}/restart`)
      expect((await settled(id, 'retrying', 'failed')).error).toContain('Connection refused')
      await allRoomsAnswer()
    },
  )

  test.each<[string, Manner]>([
    ['forgets the session and is then out of order', 'status 503'],
    ['forgets the session and then cuts every greeting', 'cut'],
    ['forgets the session and then speaks another revision', 'unknown version'],
  ])('and %s fails alone', async (_, greeting) => {
    const server = await openMisbehavingServer('http', { step: 'tools/call', manner: 'status 404' })
    onTestFinished(() => server.leave())
    const id = await add({ transport: 'http', url: server.url })
    await settled(id, 'ready')
    const asked = callTool('echo')
    server.trouble = { step: 'initialize', manner: greeting }
    // The call may have met either trouble; the next one meets the second.
    await asked
    server.trouble = { step: 'tools/call', manner: 'status 404' }
    await relayCall(`/v1/upstreams/${id}/restart`)
    await settled(id, 'ready')
    await allRoomsAnswer()
  })

  test('and wants a sign-in from one day to the next says so, also when it is started again', async () => {
    const server = await openMisbehavingServer('http', { step: 'nowhere', manner: 'cut' })
    onTestFinished(() => server.leave())
    const id = await add({ transport: 'http', url: server.url })
    await settled(id, 'ready')
    server.trouble = { step: 'tools/call', manner: 'status 401' }
    expect(await callTool('echo')).toHaveProperty('error')
    await settled(id, 'signed-out')
    server.trouble = { step: 'initialize', manner: 'status 401' }
    await relayCall(`/v1/upstreams/${id}/restart`)
    await settled(id, 'signed-out')
    await allRoomsAnswer()
  })

  test('by the older stream is greeted again when that stream was cut', async () => {
    const server = await openMisbehavingServer('sse', { step: 'nowhere', manner: 'cut' })
    onTestFinished(() => server.leave())
    const id = await add({ transport: 'sse', url: server.url })
    await settled(id, 'ready')
    server.hangUp()
    await eventually('it answers again', async () => 'result' in ((await callTool('echo')) as object))
    await allRoomsAnswer()
  })
})

describe('a connection for one client alone that goes wrong', () => {
  const steps: [Step, Manner][] = [
    ['initialize', 'status 500'],
    ['initialize', 'error'],
    ['initialize', 'unknown version'],
    ['initialize', 'cut'],
    ['notifications/initialized', 'status 500'],
    ['notifications/initialized', 'cut'],
    ['tools/list', 'status 503'],
    ['tools/list', 'cut'],
  ]
  test.each(steps)('at %s with %s leaves the server ready for others, and the client with an answer', async (step, manner) => {
    const server = await openMisbehavingServer('http', { step, manner, after: 1 })
    onTestFinished(() => server.leave())
    const id = await add({ transport: 'http', url: server.url, options: { process: 'client' } })
    await settled(id, 'ready')
    const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities: { roots: {} } })
    await client.connect(new StreamableHTTPClientTransport(new URL(sessionUrl)))
    await client.listTools()
    await client.callTool({ name: 'echo' }).catch(() => undefined)
    await client.close()
    expect((await settled(id, 'ready')).error).toBeNull()
    server.trouble = { step: 'nowhere', manner: 'cut' }
    expect(await callTool('echo')).toHaveProperty('result')
    await allRoomsAnswer()
  })

  test.each([
    ['initialize', 'exit'],
    ['initialize', 'error'],
    ['initialize', 'unknown version'],
    ['notifications/initialized', 'killed'],
    ['tools/list', 'exit'],
  ])('at %s with %s of its own process leaves the shared one alone', async (step, manner) => {
    const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-test-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const id = await add({
      transport: 'stdio',
      command: process.execPath,
      args: [script, step, manner, join(folder, 'starts')],
      options: { process: 'client' },
    })
    await settled(id, 'ready')
    const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities: { roots: {} } })
    await client.connect(new StreamableHTTPClientTransport(new URL(sessionUrl)))
    await client.listTools()
    await client.close()
    expect((await settled(id, 'ready')).error).toBeNull()
    // Its own goes wrong as well: the call is answered all the same.
    expect(await callTool('echo')).toMatchObject({ jsonrpc: '2.0', id: 1 })
    await allRoomsAnswer()
  })
})

test('what a server that goes wrong leaves configured does not end the next start', async () => {
  const server = await openMisbehavingServer('http', { step: 'initialize', manner: 'status 500' })
  onTestFinished(() => server.leave())
  const id = await add({ transport: 'http', url: server.url })
  await settled(id, 'retrying', 'failed')
  await house.end()
  house = await startServer({ dataDir: house.dataDir })
  await settled(id, 'retrying', 'failed')
  await allRoomsAnswer()
})

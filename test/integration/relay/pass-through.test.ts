/** What is not a tool call passes through as well, whichever way a server is reached and whichever era either side speaks. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { toNodeHandler, type NodeIncomingMessageLike } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { hearingTransport } from '../../fakes/hearing-transport.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'
import { reservedPort } from '../../fixtures/ports.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const everything = join(root, 'node_modules', '@modelcontextprotocol', 'server-everything', 'dist', 'index.js')
const watched = join(root, 'test', 'fixtures', 'mcp', 'watched-server.ts')
const uri = 'yard://berths'

let relay: ServedRelay
beforeEach(async () => {
  relay = await serveRelay({ given: { backOff: [20, 40] } })
  await new Promise((resolve) => setImmediate(resolve))
})
afterEach(() => relay.stop())

const add = async (definition: Parameters<ServedRelay['room']['upstreamAdmin']['create']>[0]): Promise<string> => {
  const { id } = relay.room.upstreamAdmin.create(definition, 'owner')
  await eventually(`${definition.name} is ready`, () => relay.room.upstreams.get(id).state === 'ready')
  return id
}
const stdio = (name: string, program: string) => add({ name, transport: 'stdio', command: process.execPath, args: [program] })
async function connect(mode: 'legacy' | 'auto', policy: object = {}): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } })
  const { transport, hears } = hearingTransport((await relay.session({ body: { policy } })).sessionUrl)
  await client.connect(transport)
  if (mode === 'legacy') await hears
  onTestFinished(() => client.close())
  return client
}
const textOf = ({ content }: { content?: unknown }): string => (Array.isArray(content) ? String(content[0]?.text) : '')

/** A remote server of the stateless era whose resource changes when the test says so. */
async function statelessYard(): Promise<{ url: string; changed(): void }> {
  const handler = createMcpHandler(() => {
    const mcp = new McpServer({ name: 'yard', version: '1.0.0' }, { capabilities: { resources: { subscribe: true, listChanged: true } } })
    mcp.registerResource('berths', uri, {}, () => ({ contents: [{ uri, text: '7 free' }] }))
    return mcp
  })
  const server = createServer((request, response) => void toNodeHandler(handler)(request as NodeIncomingMessageLike, response))
  const url = await listenOnLoopback(server)
  onTestFinished(async () => {
    await handler.close()
    await stopServer(server)
  })
  return { url: new URL('/mcp', url).href, changed: () => handler.notify.resourceUpdated(uri) }
}

/** `told` resolves with the resource that the client is told of. */
async function subscribe(client: Client, mode: 'legacy' | 'auto'): Promise<{ told: Promise<string> }> {
  const told = new Promise<string>((resolve) =>
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => resolve(params.uri)),
  )
  if (mode === 'legacy') await client.subscribeResource({ uri })
  else await client.listen({ resourceSubscriptions: [uri] })
  return { told }
}

describe.each(['legacy', 'auto'] as const)('a %s client', (mode) => {
  test('is told of a changed resource by a server of the session era, which is asked once for all and let go by the last', async () => {
    await stdio('watched', watched)
    const [one, two] = [await connect(mode), await connect(mode)]
    const subscribed = [await subscribe(one, mode), await subscribe(two, mode)]
    await eventually('the server knows', async () => textOf(await one.callTool({ name: 'is_watched', arguments: {} })) === 'true')
    await two.callTool({ name: 'moor', arguments: {} })
    expect(await Promise.all(subscribed.map(({ told }) => told))).toEqual([uri, uri])
    expect((await one.readResource({ uri })).contents).toMatchObject([{ text: '6 free' }])
    await one.close()
    expect(textOf(await two.callTool({ name: 'is_watched', arguments: {} }))).toBe('true')
  })

  test('is told of a changed resource by a server of the stateless era', async () => {
    const yard = await statelessYard()
    await add({ name: 'yard', transport: 'http', url: yard.url })
    expect(relay.room.upstreamAdmin.list()[0]?.protocol).toBe('2026-07-28')
    const client = await connect(mode)
    const { told } = await subscribe(client, mode)
    let heard = false
    void told.then(() => (heard = true))
    await eventually('it is told', () => {
      yard.changed()
      return heard
    })
    expect(await told).toBe(uri)
  })

  test('gets prompts, templates and completions of the server they belong to', async () => {
    await stdio('everything', everything)
    await stdio('watched', watched)
    const client = await connect(mode)
    const { prompts } = await client.listPrompts()
    const withArguments = prompts.find(({ arguments: args = [] }) => args.length > 0)
    expect(withArguments?.name).toMatch(/^everything__/)
    const { resourceTemplates } = await client.listResourceTemplates()
    const [template] = resourceTemplates
    expect(template).toBeDefined()
    const completed = await client.complete({
      ref: { type: 'ref/prompt', name: 'everything__completable-prompt' },
      argument: { name: 'department', value: 'E' },
    })
    expect(completed.completion.values).toContain('Engineering')
    expect(
      (await client.getPrompt({ name: 'everything__args-prompt', arguments: { city: 'Hamburg', state: 'HH' } })).messages[0],
    ).toMatchObject({ content: { text: expect.stringContaining('Hamburg') } })
    await expect(client.getPrompt({ name: 'args-prompt', arguments: { city: 'Hamburg' } })).rejects.toThrow('Unknown prompt')
  })
})

test.each([
  ['http', 'streamableHttp', '/mcp'],
  ['sse', 'sse', '/sse'],
] as const)('the published server over %s is reached like a program', async (transport, argument, path) => {
  const port = await reservedPort()
  const child = spawn(process.execPath, [everything, argument], { env: { ...process.env, PORT: String(port) }, stdio: 'ignore' })
  onTestFinished(() => ended(child))
  await eventually('it listens', () =>
    fetch(`http://127.0.0.1:${port}/nothing`).then(
      () => true,
      () => false,
    ),
  )
  await add({ name: 'everything', transport, url: `http://127.0.0.1:${port}${path}`, headers: { 'x-yard': 'north' } })
  for (const mode of ['legacy', 'auto'] as const)
    expect(textOf(await (await connect(mode)).callTool({ name: 'echo', arguments: { message: transport } }))).toBe(`Echo: ${transport}`)
})

test('a configuration is looked at first; only what was agreed to by its exact command is run', async () => {
  const config = (args: string[]) =>
    JSON.stringify({ mcpServers: { yard: { command: process.execPath, args, env: { TOKEN: 'hush' } }, broken: { command: '' } } })
  const text = config([watched])
  const { servers } = (await relay.call('POST', '/v1/upstream-imports/preview', { body: { text } })).body
  expect(servers).toMatchObject([
    { name: 'yard', transport: 'stdio', envNames: ['TOKEN'], problem: null },
    { name: 'broken', problem: expect.any(String) },
  ])
  expect(JSON.stringify(servers)).not.toContain('hush')
  expect(relay.room.upstreamAdmin.list()).toEqual([])

  const { commandLine } = servers[0]
  const take = (body: object) => relay.call('POST', '/v1/upstream-imports', { body })
  // The file was changed between the look and the agreement.
  expect((await take({ text: config([watched, '--send-it-to-me']), accept: [{ name: 'yard', commandLine }] })).status).toBe(400)
  expect((await take({ text, accept: [{ name: 'broken', commandLine: '' }] })).status).toBe(400)
  expect(relay.room.upstreamAdmin.list()).toEqual([])
  expect((await take({ text, accept: [{ name: 'yard', as: 'north-yard', commandLine }] })).status).toBe(201)
  await eventually('it runs', () => relay.room.upstreamAdmin.list().some(({ name, state }) => name === 'north-yard' && state === 'ready'))
  expect((await take({ text, accept: [{ name: 'yard', as: 'north-yard', commandLine }] })).status).toBe(409)
})

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

/** A call whose server asks its client something is one call: a person says yes to it once, and nobody says it in their place. */
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { toNodeHandler, type NodeIncomingMessageLike } from '@modelcontextprotocol/node'
import { createMcpHandler, inputRequired, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { statelessCall, type RawMessage } from '../../../fakes/raw-mcp-client.ts'
import { serveRelay, type ServedRelay } from '../../../fakes/served-relay.ts'
import { testTicks, type Ticks } from '../../../fakes/ticks.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { listenOnLoopback, stopServer } from '../../../fixtures/loopback.ts'

const program = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'mcp', 'asking-server.ts')
const long = '.'.repeat(1_000)
/** What the server of the stateless era was sent. */
const rounds: object[] = []

/** Each tool asks for a city before it answers: `ask` gives a state, `ask_plainly` none, `ask_twice` asks again. */
function modernServer(): McpServer {
  const mcp = new McpServer({ name: 'modern', version: '1.0.0' })
  const inputSchema = z.object({ of: z.string().optional(), by: z.string().optional() })
  const tool = (name: string, firstState: string | undefined): void =>
    void mcp.registerTool(name, { description: name, inputSchema, annotations: { readOnlyHint: true } }, (args, { mcpReq }) => {
      const state = mcpReq.requestState()
      rounds.push({ name, args, state })
      const more = args.of === 'much' ? long : ''
      const again = name === 'ask_twice' && state === 'first'
      if (mcpReq.inputResponses !== undefined && !again)
        return { content: [{ type: 'text', text: `You are in ${cityOf(mcpReq.inputResponses['city'])}${more}` }] }
      const requestState = again ? 'second' : firstState
      return inputRequired({
        inputRequests: {
          city: inputRequired.elicit({ message: `Which city?${more}`, requestedSchema: { type: 'object', properties: {} } }),
        },
        ...(requestState === undefined ? {} : { requestState }),
      })
    })
  tool('ask', 'first')
  tool('ask_plainly', undefined)
  tool('ask_twice', 'first')
  return mcp
}
// As the client of a test has answered it.
const cityOf = (given: unknown): string => (given as { content: { city: string } }).content.city

let http: Server
let relay: ServedRelay
let ticks: Ticks
let time = 0
const clock = { now: () => 1_800_000_000_000 + time, monotonic: () => time }
beforeAll(async () => {
  // One that speaks both eras is greeted in the older, once a client can be asked.
  const handler = toNodeHandler(createMcpHandler(modernServer, { legacy: 'reject' }))
  http = createServer((request, response) => void handler(request as NodeIncomingMessageLike, response).catch(() => response.destroy()))
  ticks = testTicks(clock)
  relay = await serveRelay({ clock, given: { approvalTimers: ticks } })
  await new Promise((resolve) => setImmediate(resolve))
  const { upstreamAdmin } = relay.room
  upstreamAdmin.create({ name: 'older', transport: 'stdio', command: process.execPath, args: [program] }, 'owner')
  upstreamAdmin.create({ name: 'modern', transport: 'http', url: await listenOnLoopback(http) }, 'owner')
  await eventually('both are ready', () => upstreamAdmin.list().every(({ state }) => state === 'ready'))
  for (const name of servers) upstreamAdmin.changeTool(idOf(name), 'ask', { price: 10 }, 'owner')
})
afterAll(async () => {
  await relay.stop()
  await stopServer(http)
})
beforeEach(() => {
  rounds.length = 0
  relay.users.change('ann', { credits: 350 }, 'owner')
})

const servers = ['older', 'modern'] as const
const able = { elicitation: { form: {} } }
const hamburg = { action: 'accept', content: { city: 'Hamburg' } }
const idOf = (name: string): string => relay.room.upstreamAdmin.list().find((each) => each.name === name)?.id ?? ''
/** A session that reaches one server, each tool of which asks a person first. */
async function session(server: string, policy: object = {}): Promise<{ id: string; sessionUrl: string }> {
  const tools = ['ask', 'ask_plainly', 'ask_twice'].map((name) => ({ upstream: idOf(server), name }))
  const { body } = await relay.call('POST', '/v1/relay-sessions', {
    body: { accountId: 'ann', name: 'agent', policy: { upstreams: [idOf(server)], approvals: { tools }, ...policy } },
  })
  return { id: body.session.id as string, sessionUrl: body.sessionUrl as string }
}
const approvals = async () => (await relay.call('GET', '/v1/relay-approvals')).body
const waiting = () => eventually('a call waits', async () => (await approvals()).waiting[0])
const answer = (id: string, decision: string) => relay.call('POST', `/v1/relay-approvals/${id}`, { body: { decision } })

/** What a client is answered, and how often a person was asked before: each time they say yes. */
async function withYes<Result>(call: Promise<Result>): Promise<{ result: Result; asked: number }> {
  let asked = 0
  let isDone = false
  const ended = call.finally(() => (isDone = true))
  ended.catch(() => undefined)
  await eventually('the call is answered', async () => {
    const [next] = (await approvals()).waiting
    if (next !== undefined && (await answer(next.id, 'once')).status === 204) asked += 1
    return isDone
  })
  return { result: await ended, asked }
}

async function connect(url: string, mode: 'legacy' | 'auto', city = 'Hamburg'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { capabilities: able, versionNegotiation: { mode } })
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { city } }))
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  onTestFinished(() => client.close())
  return client
}

/** One round of a stateless client. */
async function round(url: string, name: string, args: object, more: object = {}, signal?: AbortSignal): Promise<RawMessage['result']> {
  const messages = await (await statelessCall(url, name, args, able, signal, {}, more)).rest()
  const { result, error } = messages.at(-1) ?? {}
  return result ?? { error }
}
/** The first round of a call, to which a person says yes; answers what the server wants to know, as it is to be answered. */
async function begun(url: string, name: string, args: object): Promise<{ requestState?: string; inputResponses: object }> {
  const { result } = await withYes(round(url, name, args))
  expect(result).toMatchObject({ resultType: 'input_required' })
  const { requestState, inputRequests } = result as { requestState?: string; inputRequests: object }
  const inputResponses = Object.fromEntries(Object.keys(inputRequests).map((key) => [key, hamburg]))
  return { inputResponses, ...(requestState === undefined ? {} : { requestState }) }
}
const inHamburg = { content: [{ type: 'text', text: 'You are in Hamburg' }] }

const ways = (['legacy', 'auto'] as const).flatMap((mode) => servers.map((server) => ({ mode, server })))
test.each(ways)(
  'a person says yes once to a call that asks back, and it costs its price once ($mode, $server)',
  async ({ mode, server }) => {
    const client = await connect((await session(server)).sessionUrl, mode)
    const { result, asked } = await withYes(client.callTool({ name: 'ask', arguments: { of: 'a' } }))
    expect(result).toMatchObject(inHamburg)
    expect(asked).toBe(1)
    expect(relay.users.get('ann').credits).toBe(340)
    expect(relay.room.ledger.heldBy('ann')).toBe(0)
    // The next one waits again.
    expect((await withYes(client.callTool({ name: 'ask', arguments: { of: 'a' } }))).asked).toBe(1)
  },
)

test.each(['ask_plainly', 'ask_twice'])('however a stateless server asks back, a person says yes once (%s)', async (name) => {
  const client = await connect((await session('modern')).sessionUrl, 'auto')
  const { result, asked } = await withYes(client.callTool({ name, arguments: { of: 'a' } }))
  expect([result, asked, rounds.length]).toEqual([expect.objectContaining(inHamburg), 1, name === 'ask_twice' ? 3 : 2])
})

test.each(servers)('a state that nobody was given asks a person (%s)', async (server) => {
  const { sessionUrl } = await session(server)
  for (const requestState of ['pending-made-up', 'first', undefined]) {
    const made = { inputResponses: { city: hamburg }, ...(requestState === undefined ? {} : { requestState }) }
    const result = round(sessionUrl, 'ask', {}, made)
    await answer((await waiting()).id, 'refuse')
    expect(await result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('refused') }] })
  }
  expect(rounds).toEqual([])
})

test.each(servers)('another session, another tool and a second use of a state ask a person (%s)', async (server) => {
  const { sessionUrl } = await session(server)
  const later = await begun(sessionUrl, 'ask', { of: 'a' })
  const before = rounds.length
  const refused = async (url: string, name: string) => {
    const result = round(url, name, { of: 'a' }, later)
    await answer((await waiting()).id, 'refuse')
    expect(await result).toMatchObject({ isError: true })
  }
  await refused((await session(server)).sessionUrl, 'ask')
  if (server === 'modern') await refused(sessionUrl, 'ask_twice')
  expect(rounds).toHaveLength(before)
  expect(await withYes(round(sessionUrl, 'ask', { of: 'a' }, later))).toMatchObject({ result: inHamburg, asked: 0 })
  await refused(sessionUrl, 'ask')
})

test.each(servers)('other arguments than those a person said yes to ask again (%s)', async (server) => {
  const { sessionUrl } = await session(server)
  const later = await begun(sessionUrl, 'ask', { of: 'a', by: 'me' })
  const before = rounds.length
  const result = round(sessionUrl, 'ask', { of: 'b', by: 'me' }, later)
  const call = await waiting()
  expect(call.arguments).toEqual({ of: 'b', by: 'me' })
  await answer(call.id, 'refuse')
  expect(await result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('refused') }] })
  expect(rounds).toHaveLength(before)
  // In another order they are the same.
  const again = await begun(sessionUrl, 'ask', { of: 'a', by: 'me' })
  expect((await withYes(round(sessionUrl, 'ask', { by: 'me', of: 'a' }, again))).asked).toBe(0)
})

test('a later round that nobody allows in time says what was not done, and keeps its server waiting no longer', async () => {
  const { sessionUrl } = await session('older')
  const later = await begun(sessionUrl, 'ask', { of: 'a' })
  const result = round(sessionUrl, 'ask', { of: 'b' }, later)
  await waiting()
  time += 60_000
  await ticks.run()
  expect(await result).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining('What the server has asked was not answered') }],
  })
  expect(await withYes(round(sessionUrl, 'ask', { of: 'a' }, later))).toMatchObject({
    result: { error: { message: expect.stringContaining('expired requestState') } },
  })
  // The server takes the next question up: it works on one at a time.
  const next = await begun(sessionUrl, 'ask', { of: 'c' })
  expect(await withYes(round(sessionUrl, 'ask', { of: 'c' }, next))).toMatchObject({ result: inHamburg, asked: 0 })
})

test('a session that is over keeps no server waiting for what its client would have answered', async () => {
  const { id, sessionUrl } = await session('older')
  await begun(sessionUrl, 'ask', { of: 'a' })
  await relay.call('DELETE', `/v1/relay-sessions/${id}`)
  const { sessionUrl: other } = await session('older')
  const next = await begun(other, 'ask', { of: 'a' })
  expect(await withYes(round(other, 'ask', { of: 'a' }, next))).toMatchObject({ result: inHamburg, asked: 0 })
})

test('what a person has allowed is good for ten minutes', async () => {
  const { sessionUrl } = await session('modern')
  const later = await begun(sessionUrl, 'ask', { of: 'a' })
  time += 600_001
  expect(await withYes(round(sessionUrl, 'ask', { of: 'a' }, later))).toMatchObject({ result: inHamburg, asked: 1 })
})

test('each round is sent with the arguments that a person has fixed, and only the end of the call is cut', async () => {
  const handle = (pinned: object[]) =>
    relay.call('PATCH', `/v1/upstreams/${idOf('modern')}/tools/ask_plainly`, { body: { handling: { arguments: pinned } } })
  expect((await handle([{ name: 'by', mode: 'pinned', value: 'owner' }])).status).toBe(200)
  onTestFinished(async () => void (await handle([])))
  const { sessionUrl } = await session('modern', { cap: { bytes: 500 } })
  const { result: question } = await withYes(round(sessionUrl, 'ask_plainly', { of: 'much' }))
  expect(question).toMatchObject({ inputRequests: { city: { params: { message: `Which city?${long}` } } } })
  const { result, asked } = await withYes(round(sessionUrl, 'ask_plainly', { of: 'much' }, { inputResponses: { city: hamburg } }))
  expect([asked, result?.content?.[1]?.text]).toEqual([0, expect.stringContaining('These are the first')])
  expect(rounds).toEqual([1, 2].map(() => ({ name: 'ask_plainly', args: { of: 'much', by: 'owner' }, state: undefined })))
})

test.each(['legacy', 'auto'] as const)('what one client has said decides no answer to another from memory (%s)', async (mode) => {
  const cache = { tools: ['ask', 'ask_plainly'].map((name) => ({ upstream: idOf('modern'), name })), seconds: 600, shared: true }
  const policy = { approvals: {}, cache }
  for (const name of ['ask', 'ask_plainly'])
    for (const city of ['Hamburg', 'Bremen']) {
      const client = await connect((await session('modern', policy)).sessionUrl, mode, city)
      expect(await client.callTool({ name, arguments: {} })).toMatchObject({ content: [{ text: `You are in ${city}` }] })
    }
})

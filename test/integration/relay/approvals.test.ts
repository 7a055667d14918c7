/** Calls of chosen tools wait for a person: allowed, they go on; refused, late or taken back, they never reach their server. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { openPortHouse, type PortHouse } from '../../fakes/port-house.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { testTicks, type Ticks } from '../../fakes/ticks.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { portTools } from '../../fixtures/tools/port-tools.ts'

let house: PortHouse
let relay: ServedRelay
let ticks: Ticks
let time = 0
let wall = 1_800_000_000_000
const clock = { now: () => wall + time, monotonic: () => time }
beforeAll(async () => {
  ticks = testTicks(clock)
  house = await openPortHouse(portTools.filter(({ server }) => server === 'yard' || server === 'mail'))
  relay = await serveRelay({ clock, given: { approvalTimers: ticks } })
  await new Promise((resolve) => setImmediate(resolve))
  for (const server of house.servers)
    relay.room.upstreamAdmin.create({ name: server, transport: 'http', url: house.urlOf(server) }, 'owner')
  await eventually('all are ready', () => relay.room.upstreamAdmin.list().every(({ state }) => state === 'ready'))
  await relay.call('PATCH', `/v1/upstreams/${idOf('yard')}/tools/delete_container`, { body: { price: 10 } })
})
afterAll(async () => {
  await relay.stop()
  await house.stop()
})
beforeEach(() => {
  house.calls.length = 0
  relay.users.change('ann', { credits: 350 }, 'owner')
})

const idOf = (name: string): string => relay.room.upstreamAdmin.list().find((each) => each.name === name)?.id ?? ''
const asked = () => ({ tools: [{ upstream: idOf('yard'), name: 'delete_container' }] })

async function session(policy: object): Promise<{ id: string; sessionUrl: string }> {
  const { body } = await relay.call('POST', '/v1/relay-sessions', { body: { accountId: 'ann', name: 'agent', policy } })
  return { id: body.session.id as string, sessionUrl: body.sessionUrl as string }
}
async function connect(url: string, mode: 'legacy' | 'auto' = 'legacy'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } })
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  return client
}
const approvals = async () => (await relay.call('GET', '/v1/relay-approvals')).body
const waiting = () => eventually('a call waits', async () => (await approvals()).waiting[0])
const answer = (id: string, decision: string) => relay.call('POST', `/v1/relay-approvals/${id}`, { body: { decision } })
const remove = { name: 'yard__delete_container', arguments: { container: 'TRHU4471902', reason: 'sold' } }
const kinds = () => relay.context.emitted.map(({ type }) => type).filter((type) => type.startsWith('call-'))

test.each(['legacy', 'auto'] as const)(
  'a call waits with its price held, is shown as it would be sent, and goes on when allowed (%s)',
  async (mode) => {
    const { id, sessionUrl } = await session({ approvals: asked() })
    const client = await connect(sessionUrl, mode)
    const heard: (string | undefined)[] = []
    const result = client.callTool(remove, { onprogress: ({ message }) => heard.push(message) })
    const call = await waiting()
    expect(call).toMatchObject({
      ...{ sessionId: id, sessionName: 'agent', accountId: 'ann', server: 'yard', toolName: 'delete_container', price: 10 },
      ...{ arguments: remove.arguments, destructive: true, saidDestructive: true, left: 60, timeout: 60 },
    })
    expect(relay.room.ledger.heldBy('ann')).toBe(10)
    expect(relay.room.attention()).toMatchObject([
      { kind: 'call-waits', action: 'answer-call', facts: { server: 'yard', tool: 'delete_container' } },
    ])
    expect(house.calls).toEqual([])
    await eventually('the client hears that it waits', () => heard[0]?.includes('60 s left'))
    expect((await answer(call.id, 'once')).status).toBe(204)
    expect((await result).isError).not.toBe(true)
    expect(house.calls).toEqual([{ server: 'yard', name: 'delete_container', args: remove.arguments }])
    expect(relay.users.find('ann')?.credits).toBe(340)
    expect((await answer(call.id, 'once')).status).toBe(404)
    expect((await approvals()).answered[0]).toMatchObject({ id: call.id, toolName: 'delete_container', outcome: 'once', actor: 'owner' })
    expect(kinds().slice(-2)).toEqual(['call-waits', 'call-allowed'])
    // The next one waits again.
    const next = client.callTool(remove)
    await answer((await waiting()).id, 'refuse')
    expect(await next).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('refused') }] })
    expect(house.calls).toHaveLength(1)
    expect(relay.users.find('ann')?.credits).toBe(340)
    expect(relay.room.ledger.heldBy('ann')).toBe(0)
    await client.close()
  },
)

test('nobody answers: the call is refused when its time is over, and costs nothing', async () => {
  const { sessionUrl } = await session({ approvals: { ...asked(), timeout: 20 } })
  const client = await connect(sessionUrl)
  const heard: number[] = []
  const result = client.callTool(remove, { onprogress: ({ progress }) => heard.push(progress) })
  await waiting()
  time += 5_000
  await ticks.run()
  await eventually('it hears of each five seconds', () => heard.length === 2)
  expect(heard).toEqual([-20, -15])
  wall += 3_600_000
  expect((await waiting()).left).toBe(15)
  wall -= 3_600_000
  time += 15_000
  await ticks.run()
  expect(await result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('nobody answered in time') }] })
  expect((await approvals()).answered[0]).toMatchObject({ outcome: 'late', actor: 'system' })
  expect(house.calls).toEqual([])
  expect(relay.users.find('ann')?.credits).toBe(350)
  await client.close()
})

test('“always” stays in the session’s policy and lets through what else waits for the same', async () => {
  const { id, sessionUrl } = await session({ approvals: asked() })
  const client = await connect(sessionUrl)
  const both = Promise.all([client.callTool(remove), client.callTool(remove)])
  const first = await eventually('both wait', async () => {
    const { waiting: calls } = await approvals()
    return calls.length === 2 ? calls[0] : undefined
  })
  await answer(first.id, 'always')
  await both
  await client.callTool(remove)
  expect(house.calls).toHaveLength(3)
  const { body } = await relay.call('GET', '/v1/relay-sessions')
  expect(body.sessions.find((each: { id: string }) => each.id === id).policy.approvals.always).toEqual(asked().tools)
  await client.close()
})

test.each(['legacy', 'auto'] as const)('a client that takes its call back finds it gone from the window (%s)', async (mode) => {
  const client = await connect((await session({ approvals: asked() })).sessionUrl, mode)
  const stop = new AbortController()
  const result = client.callTool(remove, { signal: stop.signal })
  await waiting()
  stop.abort()
  await expect(result).rejects.toThrow()
  await eventually('nothing waits', async () => (await approvals()).waiting.length === 0)
  expect(relay.room.ledger.heldBy('ann')).toBe(0)
  expect(house.calls).toEqual([])
  await client.close()
})

test('no way leads around it: not call_tool, not a batch, not another name; a person in the window is not asked', async () => {
  const policy = {
    search: 'on',
    approvals: { destructive: true },
    renames: [{ upstream: idOf('yard'), name: 'delete_container', as: 'tidy' }],
  }
  const { id, sessionUrl } = await session(policy)
  const client = await connect(sessionUrl)
  const through = client.callTool({ name: 'call_tool', arguments: { name: 'tidy', arguments: remove.arguments } })
  const call = await waiting()
  expect(call).toMatchObject({ tool: 'tidy', toolName: 'delete_container' })
  await answer(call.id, 'refuse')
  expect(await through).toMatchObject({ isError: true })
  await client.close()

  const send = (body: object, protocol: object = {}) =>
    fetch(sessionUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...protocol },
      body: JSON.stringify(body),
    })
  const opened = await send({
    ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
    params: { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
  })
  const protocol = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '', 'mcp-protocol-version': '2025-03-26' }
  await opened.text()
  await send({ jsonrpc: '2.0', method: 'notifications/initialized' }, protocol)
  const named = (number: number) => ({ jsonrpc: '2.0', id: number, method: 'tools/call', params: { name: 'tidy', arguments: {} } })
  const batch = send([named(2), named(3)], protocol).then((response) => response.text())
  for (const each of await eventually('both wait', async () => {
    const { waiting: calls } = await approvals()
    return calls.length === 2 ? (calls as { id: string }[]) : undefined
  }))
    await answer(each.id, 'refuse')
  expect((await batch).match(/refused this call/g)).toHaveLength(2)
  expect(house.calls).toEqual([])

  const made = await relay.call('POST', '/v1/relay-calls', { body: { sessionId: id, tool: 'tidy', arguments: remove.arguments } })
  expect(made.status).toBe(200)
  expect(house.calls).toHaveLength(1)
  expect(made.body.call.steps).toEqual([{ step: 'approval', did: 'Called by a person' }])
})

test('a server that asks first is asked about in every session, by what its tools say of themselves', async () => {
  await relay.call('GET', '/v1/relay-approvals')
  await relay.room.upstreamAdmin.change(idOf('mail'), { options: { asksFirst: 'destructive' } }, 'owner')
  await eventually('it is ready', () => relay.room.upstreamAdmin.list().every(({ state }) => state === 'ready'))
  const client = await connect((await session({})).sessionUrl)
  // Says that it changes nothing; the other says nothing of it, which the specification reads as destructive.
  await client.callTool({ name: 'mail__search_messages', arguments: { query: 'yard' } })
  expect(house.calls).toHaveLength(1)
  const portal = portTools.find(({ name }) => name === 'send_message')
  expect(portal?.annotations.destructiveHint).toBe(false)
  await client.callTool({ name: 'mail__send_message', arguments: { to: 'ann' } })
  expect(house.calls).toHaveLength(2)
  await relay.room.upstreamAdmin.change(idOf('mail'), { options: { asksFirst: 'everything' } }, 'owner')
  await eventually('it is ready', () => relay.room.upstreamAdmin.list().every(({ state }) => state === 'ready'))
  const result = client.callTool({ name: 'mail__send_message', arguments: { to: 'ann' } })
  await answer((await waiting()).id, 'refuse')
  expect(await result).toMatchObject({ isError: true })
  await client.close()
})

test('when two hundred wait, the next one reads that there are too many', async () => {
  const { id, sessionUrl } = await session({ approvals: { tools: [{ upstream: idOf('mail'), name: 'send_message' }] } })
  const client = await connect(sessionUrl)
  const send = () => client.callTool({ name: 'mail__send_message', arguments: { to: 'ann' } })
  const all = Array.from({ length: 200 }, () => send().catch((error: unknown) => error))
  await eventually('all of them wait', async () => (await approvals()).waiting.length === 200)
  expect(await send()).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('200 others wait') }] })
  await relay.call('DELETE', `/v1/relay-sessions/${id}`)
  await client.close()
  await Promise.all(all)
})

test('with its session a waiting call is over', async () => {
  const { id, sessionUrl } = await session({ approvals: asked() })
  const client = await connect(sessionUrl)
  const result = client.callTool(remove).catch((error: unknown) => error)
  await waiting()
  await relay.call('DELETE', `/v1/relay-sessions/${id}`)
  await eventually('nothing waits', async () => (await approvals()).waiting.length === 0)
  await client.close()
  await result
  expect(house.calls).toEqual([])
})

test('a restart ends what waits and forgets no answer', async () => {
  const { sessionUrl } = await session({ approvals: asked() })
  const client = await connect(sessionUrl)
  const refused = client.callTool(remove)
  await answer((await waiting()).id, 'refuse')
  await refused
  const before = (await approvals()).answered
  const result = client.callTool(remove).catch((error: unknown) => error)
  await waiting()
  await relay.room.stop()
  await relay.room.start()
  expect(await approvals()).toEqual({ waiting: [], answered: before })
  expect(before[0]).toMatchObject({ outcome: 'refuse' })
  await client.close()
  await result
  expect(house.calls).toEqual([])
})

/** A session with tool search: three tools for all, found, described and called as if they had been named. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { openPortHouse, type PortHouse } from '../../fakes/port-house.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'

let house: PortHouse
let relay: ServedRelay
beforeAll(async () => {
  house = await openPortHouse()
  relay = await serveRelay()
  await new Promise((resolve) => setImmediate(resolve))
  for (const server of house.servers)
    relay.room.upstreamAdmin.create({ name: server, transport: 'http', url: house.urlOf(server) }, 'owner')
  await eventually('all are ready', () => relay.room.upstreamAdmin.list().every(({ state }) => state === 'ready'))
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

async function session(policy: object = {}): Promise<{ id: string; sessionUrl: string; change(policy: object): Promise<unknown> }> {
  const { body } = await relay.call('POST', '/v1/relay-sessions', { body: { accountId: 'ann', policy: { search: 'on', ...policy } } })
  const { id } = body.session as { id: string }
  const change = (next: object) => relay.call('PATCH', `/v1/relay-sessions/${id}`, { body: { policy: next } })
  return { id, sessionUrl: body.sessionUrl as string, change }
}
async function connect(url: string, mode: 'legacy' | 'auto' = 'legacy'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } })
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  return client
}
const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
const modernMeta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1.0.0' },
}
const namesOf = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name)
const textOf = (result: Awaited<ReturnType<Client['callTool']>>) => (result.content as { text: string }[])[0]?.text ?? ''

test.each(['legacy', 'auto'] as const)('an agent finds a tool by what it wants, reads its schema and calls it (%s)', async (mode) => {
  const client = await connect((await session()).sessionUrl, mode)
  expect(await namesOf(client)).toEqual(['search_tools', 'describe_tool', 'call_tool'])
  const found = JSON.parse(
    textOf(await client.callTool({ name: 'search_tools', arguments: { query: 'remove a container from the yard plan' } })),
  )
  expect(found.tools[0]).toMatchObject({
    name: 'yard__delete_container',
    server: 'yard',
    arguments: expect.stringContaining('container?: string'),
  })
  const described = JSON.parse(textOf(await client.callTool({ name: 'describe_tool', arguments: { name: 'yard__delete_container' } })))
  expect(Object.keys(described.inputSchema.properties)).toEqual(['container', 'terminal', 'reason'])
  const answer = await client.callTool({
    name: 'call_tool',
    arguments: { name: 'yard__delete_container', arguments: { container: 'TRHU4471902' } },
  })
  expect(textOf(answer)).toBe('delete_container {"container":"TRHU4471902"}')
  expect(house.calls).toEqual([{ server: 'yard', name: 'delete_container', args: { container: 'TRHU4471902' } }])
  await client.close()
})

test.each(['legacy', 'auto'] as const)(
  'a call through it costs, is refused and stands in the log as the tool itself (%s)',
  async (mode) => {
    const made = await session()
    await relay.call('PATCH', `/v1/upstreams/${idOf('yard')}/tools/move_container`, { body: { price: 10 } })
    relay.users.change('ann', { credits: 15 }, 'owner')
    const client = await connect(made.sessionUrl, mode)
    const call = () => client.callTool({ name: 'call_tool', arguments: { name: 'yard__move_container', arguments: { slot: 'C-14-3' } } })
    await call()
    expect(relay.users.find('ann')?.credits).toBe(5)
    await expect(call()).rejects.toThrow(/Insufficient credits|402/)
    const { body } = await relay.call('GET', `/v1/relay-calls?session=${made.id}`)
    expect(body.calls.map(({ tool, state, credits }: Record<string, unknown>) => ({ tool, state, credits }))).toEqual([
      { tool: 'yard__move_container', state: 'refused', credits: 0 },
      { tool: 'yard__move_container', state: 'succeeded', credits: 10 },
    ])
    await client.close()
  },
)

test('the short way and the long one give a call through it the same answer, and 402 has the shape it has', async () => {
  const { sessionUrl } = await session()
  await relay.call('PATCH', `/v1/upstreams/${idOf('yard')}/tools/open_slot`, { body: { price: 400 } })
  const send = (body: object, header: string) =>
    fetch(sessionUrl, {
      method: 'POST',
      headers: {
        ...json,
        ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': header },
      },
      body: JSON.stringify(body),
    })
  const through = (name: string, more: object = {}) => ({
    ...{ jsonrpc: '2.0', id: 7, method: 'tools/call' },
    params: { name: 'call_tool', arguments: { name, arguments: { slot: 'C' } }, _meta: { ...modernMeta, ...more } },
  })
  const plain = await (await send(through('yard__close_slot'), 'call_tool')).json()
  const long = await (await send(through('yard__close_slot', { 'example.test/trace': '1' }), 'call_tool')).json()
  expect(plain).toMatchObject({ id: 7, result: { content: [{ type: 'text', text: 'close_slot {"slot":"C"}' }] } })
  expect(long).toEqual(plain)
  const refused = await send(through('yard__open_slot'), 'call_tool')
  expect(refused.status).toBe(402)
  expect(await refused.json()).toMatchObject({
    id: 7,
    error: { data: { service: 'yard', userCredits: 350, requiredCredits: 400, shortBy: 50 } },
  })
  // A header that says something else than the body is refused as ever.
  expect((await (await send(through('yard__close_slot'), 'yard__close_slot')).json()).error.code).toBe(-32020)
  expect(house.calls).toHaveLength(2)
})

test('what is off or not there is neither found nor called, and the model is told what to do', async () => {
  await relay.call('PATCH', `/v1/upstreams/${idOf('yard')}/tools/void_gate_pass`, { body: { enabled: false } })
  const client = await connect((await session()).sessionUrl)
  const search = async (query: string) =>
    JSON.parse(textOf(await client.callTool({ name: 'search_tools', arguments: { query } }))).tools as { name: string }[]
  expect((await search('void gate pass')).map(({ name }) => name)).not.toContain('yard__void_gate_pass')
  await expect(client.callTool({ name: 'call_tool', arguments: { name: 'yard__void_gate_pass', arguments: {} } })).rejects.toThrow(
    /Unknown tool/,
  )
  expect(await client.callTool({ name: 'call_tool', arguments: { name: 'call_tool' } })).toMatchObject({ isError: true })
  expect(await client.callTool({ name: 'search_tools', arguments: {} })).toMatchObject({ isError: true })
  expect(await client.callTool({ name: 'describe_tool', arguments: { name: 'yard__void_gate_pass' } })).toMatchObject({ isError: true })
  expect(house.calls).toEqual([])
  await relay.call('PATCH', `/v1/upstreams/${idOf('yard')}/tools/void_gate_pass`, { body: { enabled: true } })
  expect((await search('void gate pass'))[0]?.name).toBe('yard__void_gate_pass')
  await client.close()
})

test('a question longer than the tool says is refused in words, and is no search', async () => {
  const made = await session()
  const client = await connect(made.sessionUrl)
  const { tools } = await client.listTools()
  expect(tools[0]).toMatchObject({ name: 'search_tools', inputSchema: { properties: { query: { maxLength: 500 } } } })
  const search = (query: string) => client.callTool({ name: 'search_tools', arguments: { query } })
  const refused = await search('A'.repeat(501))
  expect(refused.isError).toBe(true)
  expect(textOf(refused)).toContain('at most 500 characters, not 501')
  expect(JSON.parse(textOf(await search(`void gate pass ${'A'.repeat(485)}`))).tools[0].name).toBe('yard__void_gate_pass')
  expect((await relay.call('GET', `/v1/relay-sessions/${made.id}/tool-search`)).body.searches).toBe(1)
  await client.close()
})

test('switching it on shows three tools in place of all at once, with the pinned ones; hidden tools still answer to their names', async () => {
  const made = await session({ search: 'off' })
  const client = await connect(made.sessionUrl)
  const all = await namesOf(client)
  expect(all.length).toBeGreaterThan(150)
  const told = new Promise<void>((resolve) => client.setNotificationHandler('notifications/tools/list_changed', () => resolve()))
  await made.change({ search: 'on', pinned: [{ upstream: idOf('mail'), name: 'send_message' }] })
  await told
  expect(await namesOf(client)).toEqual(['search_tools', 'describe_tool', 'call_tool', 'mail__send_message'])
  expect(textOf(await client.callTool({ name: 'web__web_search', arguments: { query: 'tides' } }))).toContain('web_search')
  await made.change({ search: 'off' })
  expect(await namesOf(client)).toEqual(all)
  await client.close()
})

test('what it shows and saves is measured on the lists as they are sent, and what an agent found and called is counted', async () => {
  const made = await session()
  const client = await connect(made.sessionUrl)
  const search = (query: string) => client.callTool({ name: 'search_tools', arguments: { query } })
  await search('tide tables of a harbour')
  await search('remove a container from the yard plan')
  await client.callTool({ name: 'call_tool', arguments: { name: 'yard__delete_container', arguments: {} } })
  await client.callTool({ name: 'call_tool', arguments: { name: 'yard__move_container', arguments: {} } })
  const { body } = await relay.call('GET', `/v1/relay-sessions/${made.id}/tool-search`)
  expect(body).toMatchObject({
    ...{ on: true, shown: ['search_tools', 'describe_tool', 'call_tool'], tools: 161, behind: 161, searches: 2, found: 1 },
    latest: { query: 'remove a container from the yard plan', of: 161 },
  })
  expect(body.latest.results[0]).toMatchObject({ name: 'yard__delete_container', state: 'on', usedAt: expect.any(String) })
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base')
  // As it came over the wire, before a client’s library makes its own of it.
  const sent = async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: modernMeta } })
    const protocol = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' }
    const answer = await fetch(made.sessionUrl, { method: 'POST', headers: { ...json, ...protocol }, body })
    return countTokens(JSON.stringify({ tools: (await answer.json()).result.tools }))
  }
  expect(body.tokens.search).toBe(await sent())
  await made.change({ search: 'off' })
  expect(body.tokens).toMatchObject({ all: await sent(), tokeniser: 'o200k_base' })
  expect(body.tokens.all).toBeGreaterThan(body.tokens.search * 10)
  await client.close()
})

test('a person finds what is off and held back too, marked as such', async () => {
  const made = await session({ approvals: { tools: [{ upstream: idOf('yard'), name: 'delete_container' }] } })
  await relay.call('PATCH', `/v1/upstreams/${idOf('yard')}/tools/void_gate_pass`, { body: { enabled: false } })
  const found = async (query: string) =>
    (await relay.call('GET', `/v1/relay-sessions/${made.id}/search?query=${encodeURIComponent(query)}`)).body.results[0]
  expect(await found('void gate pass')).toMatchObject({ name: 'void_gate_pass', server: 'yard', state: 'off', asks: false, usedAt: null })
  expect(await found('remove container from yard plan')).toMatchObject({ name: 'yard__delete_container', state: 'on', asks: true })
  await relay.call('PATCH', `/v1/upstreams/${idOf('yard')}/tools/void_gate_pass`, { body: { enabled: true } })
})

/** What a person decides of what servers offer: changed definitions, switches, notes and arguments, groups and profiles. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { openOfferingServer, tool, type OfferingServer } from '../../fakes/offering-server.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'

let relay: ServedRelay
let yard: OfferingServer
let rail: OfferingServer
const ids = { yard: '', rail: '' }
const reading = { annotations: { readOnlyHint: true } }
const argument = {
  inputSchema: { type: 'object', properties: { path: { type: 'string' }, depth: { type: 'number' } }, required: ['path'] },
}
const offers = () => ({
  tools: [tool('list', reading), tool('remove', { annotations: { destructiveHint: true } }), tool('read', argument)],
  prompts: [{ name: 'greet', description: 'Says hello' }],
  resources: [
    { uri: 'yard://plan', name: 'plan' },
    { uri: 'yard://crew', name: 'crew' },
  ],
  resourceTemplates: [{ uriTemplate: 'yard://slot/{id}', name: 'slot' }],
})
beforeAll(async () => {
  relay = await serveRelay()
  yard = await openOfferingServer(offers())
  rail = await openOfferingServer({ tools: [tool('list', reading), tool('cancel')] })
  await new Promise((resolve) => setImmediate(resolve))
})
afterAll(async () => {
  await relay.stop()
  await Promise.all([yard.stop(), rail.stop()])
})
beforeEach(async () => {
  yard.offers = offers()
  yard.asked.length = 0
  const add = (name: string, { url }: OfferingServer) => relay.room.upstreamAdmin.create({ name, transport: 'http', url }, 'owner').id
  Object.assign(ids, { yard: add('yard', yard), rail: add('rail', rail) })
  await ready()
  return async () => {
    for (const id of Object.values(ids)) await relay.room.upstreamAdmin.remove(id, 'owner')
  }
})

const ready = () => eventually('all are ready', () => relay.room.upstreamAdmin.list().every(({ state }) => state === 'ready'))
async function restarted(): Promise<void> {
  await relay.room.upstreamAdmin.restart(ids.yard, 'owner')
  await ready()
}
async function client(policy: object = { upstreams: [ids.yard] }): Promise<Client & { row: string }> {
  const { sessionUrl } = await relay.session({ body: { policy } })
  const made = new Client({ name: 'test', version: '1.0.0' })
  await made.connect(new StreamableHTTPClientTransport(new URL(sessionUrl)))
  onTestFinished(() => made.close())
  const { sessions } = (await relay.call('GET', '/v1/relay-sessions')).body
  const row = sessions.find(({ prefix }: { prefix: string }) => sessionUrl.split('/').at(-1)?.startsWith(prefix)).id
  return Object.assign(made, { row })
}
const toolsOf = async (of: Client) => (await of.listTools()).tools.map(({ name }) => name)
const offered = (body: object) => relay.call('PATCH', '/v1/offered', { body })
const changes = async () => (await relay.call('GET', '/v1/definition-changes')).body.changes
const catalogue = async () => (await relay.call('GET', '/v1/catalogue')).body.servers.find(({ id }: { id: string }) => id === ids.yard)

test('a changed tool is held back, its calls are counted, and both definitions can be read before a person agrees', async () => {
  const agent = await client()
  expect(await toolsOf(agent)).toEqual(['list', 'remove', 'read'])
  yard.offers.tools[1] = tool('remove', { description: 'Removes it and tells all guests', annotations: { destructiveHint: true } })
  await restarted()
  for (let call = 0; call < 3; call += 1)
    await expect(agent.callTool({ name: 'remove', arguments: {} })).rejects.toThrow('remove is held back: its definition has changed')
  await expect(agent.callTool({ name: 'nothing', arguments: {} })).rejects.toThrow('Unknown tool: nothing')
  expect(await changes()).toMatchObject([
    { upstream: ids.yard, server: 'yard', kind: 'tool', name: 'remove', heldCalls: 3, known: true, onlyTexts: true },
  ])
  expect((await changes())[0].lines.filter(({ kind }: { kind: string }) => kind !== 'same')).toEqual([
    { kind: 'removed', text: '"description": "Does remove",' },
    { kind: 'added', text: '"description": "Removes it and tells all guests",' },
  ])
  const both = (await relay.call('GET', `/v1/upstreams/${ids.yard}/tools/remove/definitions`)).body
  expect([both.agreed.description, both.now.description]).toEqual(['Does remove', 'Removes it and tells all guests'])
  // Kept off, it waits for nobody, and is held back all the same.
  await offered({ items: [{ upstream: ids.yard, name: 'remove' }], enabled: false })
  expect([await changes(), (await catalogue()).quarantined]).toEqual([[], 0])
  await offered({ items: [{ upstream: ids.yard, name: 'remove' }], enabled: true })
  expect(await changes()).toHaveLength(1)
  // A start of ours forgets nothing of it.
  await relay.room.stop()
  await relay.room.start()
  await new Promise((resolve) => setImmediate(resolve))
  await ready()
  expect(await changes()).toMatchObject([{ name: 'remove', heldCalls: 3, known: true }])
  expect((await relay.call('POST', `/v1/upstreams/${ids.yard}/agree`)).body).toEqual({ agreed: 1 })
  expect([await changes(), await toolsOf(await client())]).toEqual([[], ['list', 'remove', 'read']])
})

test('a server whose texts are trusted may say another day at each start, and may not take another argument', async () => {
  await offered({ items: [{ upstream: ids.yard, kind: 'prompt', name: 'greet' }], enabled: true })
  const dated = (day: string) => {
    yard.offers.tools = yard.offers.tools.map((each) => ({ ...each, description: `Today is ${day}` }))
    yard.offers.prompts = [{ name: 'greet', description: `Today is ${day}` }]
  }
  dated('Monday')
  await restarted()
  expect((await changes()).map(({ name }: { name: string }) => name).sort()).toEqual(['greet', 'list', 'read', 'remove'])
  await relay.room.upstreamAdmin.change(ids.yard, { options: { trustTexts: true } }, 'owner')
  await ready()
  expect(await changes()).toEqual([])
  dated('Tuesday')
  yard.offers.tools[2] = { ...tool('read'), description: 'Today is Tuesday' }
  await restarted()
  expect(await changes()).toMatchObject([{ name: 'read', onlyTexts: false }])
  const agent = await client()
  expect((await agent.listTools()).tools.map(({ name, description }) => `${name}: ${description}`)).toEqual([
    'list: Today is Tuesday',
    'remove: Today is Tuesday',
  ])
})

test('many are switched at once, by server, by text and by hint, and clients that are connected see it', async () => {
  const agent = await client({})
  expect(await toolsOf(agent)).toHaveLength(5)
  expect((await offered({ hint: 'changes', enabled: false })).body).toEqual({ changed: 3 })
  expect(await toolsOf(agent)).toEqual(['yard__list', 'rail__list'])
  expect((await offered({ upstream: ids.yard, kind: 'tool', enabled: true, price: 2 })).body).toEqual({ changed: 3 })
  expect((await offered({ text: 'CANCEL', enabled: true })).body).toEqual({ changed: 1 })
  expect(await toolsOf(agent)).toHaveLength(5)
  expect((await catalogue()).toolList.map(({ price }: { price: number }) => price)).toEqual([2, 2, 2])
  expect((await offered({ enabled: false })).status).toBe(400)
  expect((await offered({ text: 'list' })).status).toBe(400)
  expect((await offered({ upstream: 'up_nothingherex', enabled: false })).status).toBe(404)
})

test('prompts and resources that are off are not listed, read, got, completed or followed', async () => {
  const agent = await client()
  await agent.readResource({ uri: 'yard://crew' })
  await agent.getPrompt({ name: 'greet' })
  const off = [
    { upstream: ids.yard, kind: 'prompt', name: 'greet' },
    { upstream: ids.yard, kind: 'resource', name: 'yard://crew' },
    { upstream: ids.yard, kind: 'template', name: 'yard://slot/{id}' },
  ]
  expect((await offered({ items: off, enabled: false })).body).toEqual({ changed: 3 })
  yard.asked.length = 0
  expect((await agent.listPrompts()).prompts).toEqual([])
  expect((await agent.listResources()).resources.map(({ uri }) => uri)).toEqual(['yard://plan'])
  expect((await agent.listResourceTemplates()).resourceTemplates).toEqual([])
  await expect(agent.getPrompt({ name: 'greet' })).rejects.toThrow('Unknown prompt')
  for (const uri of ['yard://crew', 'yard://cr%65w', 'yard://slot/7', 'yard://elsewhere']) {
    await expect(agent.readResource({ uri })).rejects.toThrow()
    await expect(agent.subscribeResource({ uri })).rejects.toThrow()
  }
  await expect(agent.complete({ ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'a', value: 'b' } })).rejects.toThrow()
  await expect(
    agent.complete({ ref: { type: 'ref/resource', uri: 'yard://slot/{id}' }, argument: { name: 'a', value: 'b' } }),
  ).rejects.toThrow()
  expect(yard.asked).toEqual([])
  expect((await catalogue()).itemList.map(({ name, enabled }: { name: string; enabled: boolean }) => `${name} ${enabled}`)).toEqual([
    'greet false',
    'yard://plan true',
    'yard://crew false',
    'yard://slot/{id} false',
  ])
  const named = await client({ upstreams: [ids.yard], resources: [{ upstream: ids.yard, uri: 'yard://plan' }], prompts: [] })
  await offered({ items: off, enabled: true })
  expect((await named.listResources()).resources.map(({ uri }) => uri)).toEqual(['yard://plan'])
  await expect(named.readResource({ uri: 'yard://crew' })).rejects.toThrow()
  expect((await agent.listPrompts()).prompts).toHaveLength(1)
})

test('a note, a pinned argument and a default reach the model and the server, whichever way a call comes', async () => {
  const path = `/v1/upstreams/${ids.yard}/tools/read`
  const handling = {
    note: 'Only the yard of today',
    arguments: [
      { name: 'path', mode: 'pinned', value: '/yard' },
      { name: 'depth', mode: 'default', value: 2 },
    ],
  }
  expect(
    (await relay.call('PATCH', path, { body: { handling: { arguments: [{ name: 'nope', mode: 'pinned', value: 1 }] } } })).status,
  ).toBe(400)
  expect((await relay.call('PATCH', path, { body: { handling } })).body.handling).toMatchObject({ note: 'Only the yard of today' })
  const agent = await client()
  const listed = (await agent.listTools()).tools.find(({ name }) => name === 'read')
  expect(listed).toMatchObject({
    description: 'Does read\n\nOnly the yard of today',
    inputSchema: { properties: { depth: { default: 2 } }, required: [] },
  })
  expect(Object.keys(listed?.inputSchema.properties ?? {})).toEqual(['depth'])
  const text = async (args: Record<string, unknown>) => {
    const { content, isError = false } = await agent.callTool({ name: 'read', arguments: args })
    return `${isError} ${(content as { text: string }[])[0]?.text}`
  }
  expect(await text({ depth: 5 })).toBe('false {"depth":5,"path":"/yard"}')
  expect(await text({})).toBe('false {"path":"/yard","depth":2}')
  expect(await text({ path: '/etc' })).toContain('true The argument path is fixed here')
  const made = await relay.call('POST', '/v1/relay-calls', { body: { sessionId: agent.row, tool: 'read', arguments: {} } })
  expect(made.body.result.content[0].text).toBe('{"path":"/yard","depth":2}')
  expect(yard.asked).toHaveLength(3)
})

test('a group of tools is followed by the sessions that take it', async () => {
  const group = (await relay.call('POST', '/v1/tool-groups', { body: { name: 'Looking', tools: [{ upstream: ids.yard, name: 'list' }] } }))
    .body
  expect((await relay.call('POST', '/v1/tool-groups', { body: { name: 'looking', tools: [] } })).status).toBe(409)
  const agent = await client({ groups: [group.id] })
  expect(await toolsOf(agent)).toEqual(['yard__list'])
  const told = new Promise<void>((resolve) => agent.setNotificationHandler('notifications/tools/list_changed', () => resolve()))
  const more = [...group.tools, { upstream: ids.rail, name: 'cancel' }]
  expect((await relay.call('PATCH', `/v1/tool-groups/${group.id}`, { body: { tools: more } })).body).toMatchObject({ sessions: 1 })
  await told
  expect(await toolsOf(agent)).toEqual(['yard__list', 'rail__cancel'])
  expect((await relay.call('DELETE', `/v1/tool-groups/${group.id}`)).status).toBe(204)
  expect(await toolsOf(agent)).toEqual([])
})

test('what a session reaches is kept as a profile, cloned under the same names, and goes elsewhere as a file that says what it misses', async () => {
  const group = (await relay.call('POST', '/v1/tool-groups', { body: { name: 'Yard', tools: [{ upstream: ids.yard, name: 'list' }] } }))
    .body
  onTestFinished(async () => void (await relay.call('DELETE', `/v1/tool-groups/${group.id}`)))
  const policy = {
    ...{ upstreams: [ids.yard, ids.rail], groups: [group.id], tools: [{ upstream: ids.rail, name: 'cancel' }] },
    renames: [{ upstream: ids.rail, name: 'cancel', as: 'stop' }],
    resources: [{ upstream: ids.yard, uri: 'yard://plan' }],
    maxCredits: 5,
  }
  const agent = await client(policy)
  expect(await toolsOf(agent)).toEqual(['yard__list', 'stop'])
  await relay.room.upstreamAdmin.change(ids.yard, { name: 'harbour' }, 'owner')
  await ready()
  const clone = (await relay.call('POST', `/v1/relay-sessions/${agent.row}/clone`, { body: { name: 'Again' } })).body
  expect(clone.session).toMatchObject({ accountId: 'ann', name: 'Again', policy: { maxCredits: 5 } })
  const tools = (await relay.call('GET', `/v1/relay-sessions/${clone.session.id}/tools`)).body.tools
  expect(tools.map(({ name }: { name: string }) => name)).toEqual(['yard__list', 'stop'])
  const profile = (await relay.call('POST', '/v1/session-profiles', { body: { name: 'Yard master', session: agent.row } })).body
  expect((await relay.call('POST', '/v1/session-profiles', { body: { name: 'yard MASTER', session: agent.row } })).status).toBe(409)
  const file = (await relay.call('GET', `/v1/session-profiles/${profile.id}/export`)).body
  expect(JSON.stringify(file)).not.toMatch(/up_|group_/)
  expect(file).toMatchObject({
    policy: { upstreams: ['harbour', 'rail'], groups: ['Yard'], renames: [{ server: 'rail', name: 'cancel', as: 'stop' }] },
    groups: [{ name: 'Yard', tools: [{ server: 'harbour', name: 'list' }] }],
  })
  // Elsewhere: the group is not there yet, and neither is one of the servers.
  await relay.call('DELETE', `/v1/tool-groups/${group.id}`)
  await relay.room.upstreamAdmin.change(ids.rail, { name: 'tracks' }, 'owner')
  await ready()
  const imported = (await relay.call('POST', '/v1/session-profiles/import', { body: { file, name: 'From elsewhere' } })).body
  expect(imported.unmatched).toEqual(['There is no server rail', 'There is no server rail, which has cancel'])
  expect(imported.profile.policy).toMatchObject({ upstreams: [ids.yard], tools: [], renames: [], maxCredits: 5 })
  expect(imported.profile.policy.groups).toHaveLength(1)
  expect(
    (await relay.call('POST', '/v1/session-profiles/import', { body: { file: { ...file, policy: { tools: 7 } }, name: 'x' } })).status,
  ).toBe(400)
  // Limited to groups that are nowhere, it reaches nothing.
  const bare = { ...file, groups: [], policy: { groups: ['Gone'] } }
  const closed = (await relay.call('POST', '/v1/session-profiles/import', { body: { file: bare, name: 'Closed' } })).body
  expect([closed.profile.policy.tools, closed.unmatched]).toEqual([[], ['There is no group Gone']])
  for (const { id } of (await relay.call('GET', '/v1/session-profiles')).body.profiles)
    expect((await relay.call('DELETE', `/v1/session-profiles/${id}`)).status).toBe(204)
})

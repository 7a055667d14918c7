/** What a person puts between a session and its tools: patterns taken out, answers cut with a handle for the rest, reads from memory. */
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { serveRelay, type ServedRelay } from '../../../fakes/served-relay.ts'
import { hearingTransport } from '../../../fakes/hearing-transport.ts'
import { eventually } from '../../../fixtures/eventually.ts'

const program = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'mcp', 'private-server.ts')
let relay: ServedRelay
let upstream: string
beforeAll(async () => {
  relay = await serveRelay()
  await new Promise((resolve) => setImmediate(resolve))
  const definition = { name: 'private', transport: 'stdio' as const, command: process.execPath, args: [program] }
  upstream = relay.room.upstreamAdmin.create(definition, 'owner').id
  await isReady()
  relay.room.upstreamAdmin.changeTool(upstream, 'read', { price: 2 }, 'owner')
})
afterAll(() => relay.stop())

const isReady = () => eventually('it is ready', () => relay.room.upstreams.get(upstream).state === 'ready')
const open = (policy: object) => relay.session({ body: { policy } })
async function connect(url: string, mode: 'legacy' | 'auto' = 'legacy', roots = false): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { capabilities: roots ? { roots: {} } : {}, versionNegotiation: { mode } })
  if (roots) client.setRequestHandler('roots/list', () => ({ roots: [] }))
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  onTestFinished(() => client.close())
  return client
}
const lastCall = async () => (await relay.call('GET', '/v1/relay-calls?limit=1')).body.calls[0]
const textOf = ({ content }: { content?: unknown }, at = 0): string => (Array.isArray(content) ? String(content[at]?.text) : '')

const redact = { kinds: ['email', 'phone', 'card', 'key'], patterns: [{ name: 'case', pattern: 'WH-[0-9]+' }] }
const clean = 'Write to [e-mail] or [phone], pay with [card], key [key], case [case]'

test.each([
  { way: 'the short way', mode: 'legacy', roots: false },
  { way: 'the long way', mode: 'legacy', roots: true },
  { way: 'the way of a stateless client', mode: 'auto', roots: false },
] as const)('what is private is taken out of answers, errors and what is said meanwhile, on $way', async ({ mode, roots }) => {
  const client = await connect((await open({ redact })).sessionUrl, mode, roots)
  const said: unknown[] = []
  client.setNotificationHandler('notifications/message', ({ params }) => void said.push(params.data))
  const answer = await client.callTool({ name: 'tell' }, { onprogress: ({ message }) => void said.push(message) })
  expect(answer).toMatchObject({
    content: [
      { type: 'text', text: clean },
      { type: 'resource', resource: { uri: 'notes://one', text: clean } },
      { type: 'image', data: 'YW5uQGV4YW1wbGUudGVzdA==' },
    ],
    structuredContent: { '[e-mail]': { note: clean, card: '[card]', at: 1767322800000 } },
  })
  await eventually('progress is heard', () => said.length > 0)
  expect(said.filter((each) => each !== clean)).toEqual([])
  expect(await lastCall()).toMatchObject({ steps: [{ step: 'redact', did: expect.stringContaining('3 case') }] })
  const logged = (await relay.call('GET', `/v1/relay-calls/${(await lastCall()).id}`)).body.response
  expect(logged).not.toContain('ann@example.test')
  await expect(client.callTool({ name: 'fail' })).rejects.toMatchObject({
    code: -32050,
    message: expect.stringContaining(clean),
    data: { to: '[e-mail]' },
  })
  expect((await client.readResource({ uri: 'notes://one' })).contents).toMatchObject([{ text: clean }])
})

test.each(['legacy', 'auto'] as const)('what a server asks its client is cleaned, and its form stays as it is (%s)', async (mode) => {
  const { sessionUrl } = await open({ redact })
  const client = new Client({ name: 'test', version: '1' }, { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } })
  const asked: string[] = []
  client.setRequestHandler('elicitation/create', ({ params }) => {
    asked.push(params.message)
    const { to } = 'requestedSchema' in params ? (params.requestedSchema.properties as { to?: { enum?: string[] } }) : {}
    return { action: 'accept', content: { to: to?.enum?.[0] ?? '' } }
  })
  await client.connect(new StreamableHTTPClientTransport(new URL(sessionUrl)))
  onTestFinished(() => client.close())
  expect([textOf(await client.callTool({ name: 'ask' })), asked]).toEqual(['known', [clean]])
})

test('what a server asks its client some time after a call is cleaned too', async () => {
  const { id } = relay.room.upstreamAdmin.create(
    { name: 'later', transport: 'stdio', command: process.execPath, args: [program], options: { process: 'client' } },
    'owner',
  )
  onTestFinished(() => relay.room.upstreamAdmin.remove(id, 'owner'))
  await eventually('it is ready', () => relay.room.upstreams.get(id).state === 'ready')
  const { sessionUrl } = await open({ redact, upstreams: [id] })
  const client = new Client({ name: 'test', version: '1' }, { capabilities: { sampling: {} }, versionNegotiation: { mode: 'legacy' } })
  const asked: unknown[] = []
  client.setRequestHandler('sampling/createMessage', ({ params }) => {
    asked.push(params.systemPrompt, ...params.messages)
    return { model: 'test', role: 'assistant', content: { type: 'text', text: 'sampled' } }
  })
  const { transport, hears } = hearingTransport(sessionUrl)
  await client.connect(transport)
  onTestFinished(() => client.close())
  await hears
  await client.callTool({ name: 'later' })
  await eventually('it is asked', () => asked.length > 0)
  expect(asked).toEqual([clean, { role: 'user', content: { type: 'text', text: clean } }])
})

test('what a server says to whoever wants to hear of a resource is cleaned', async () => {
  const client = await connect((await open({ redact })).sessionUrl)
  await expect(client.subscribeResource({ uri: 'notes://one' })).rejects.toThrow(clean)
})

test('a pattern that is none is refused with its own words, however it comes, and nothing is kept of it', async () => {
  const policy = { redact: { patterns: [{ name: 'case', pattern: '(a' }] } }
  const { body: profile } = await relay.call('POST', '/v1/session-profiles', { body: { name: 'Clean', policy: {} } })
  const { body: file } = await relay.call('GET', `/v1/session-profiles/${profile.id}/export`)
  const imported = { file: { ...file, policy, groups: [{ name: 'Readers', tools: [] }] }, name: 'Imported' }
  for (const refused of [
    await relay.call('POST', '/api/sessions', { body: { policy } }),
    await relay.call('POST', '/v1/session-profiles', { body: { name: 'Bad', policy } }),
    await relay.call('PATCH', `/v1/session-profiles/${profile.id}`, { body: { policy } }),
    await relay.call('POST', '/v1/session-profiles/import', { body: imported }),
  ])
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([400, expect.stringContaining('The pattern “case” is not valid')])
  expect((await relay.call('GET', '/v1/session-profiles')).body.profiles).toEqual([profile])
  expect((await relay.call('GET', '/v1/tool-groups')).body.groups).toEqual([])
})

test('an answer that is too large begins the same, and the rest is read by its handle, by its own session alone', async () => {
  const { sessionUrl } = await open({ cap: { bytes: 1_000 } })
  const client = await connect(sessionUrl)
  const other = await connect((await open({ cap: { tokens: 250 } })).sessionUrl)
  const whole = Array.from({ length: 200 }, (_, row) => `row ${row} of the list\n`).join('')
  const cut = await client.callTool({ name: 'large', arguments: { size: 200 } })
  const { 1: handle = '' } = /"handle":"([\w-]+)"/.exec(textOf(cut, 1)) ?? []
  let read = textOf(cut)
  expect(read.length).toBeLessThanOrEqual(1_000)
  expect((await client.listTools()).tools.some(({ name }) => name === 'read_rest')).toBe(true)
  const stranger = await other.callTool({ name: 'read_rest', arguments: { handle } })
  expect([stranger.isError, textOf(stranger)]).toEqual([true, expect.stringContaining('nothing under this handle')])
  for (let part = 0; part < 10; part += 1) {
    const rest = await client.callTool({ name: 'read_rest', arguments: { handle } })
    read += textOf(rest)
    if (textOf(rest, 1).includes('This is the end')) break
  }
  expect(read).toBe(whole)
  expect(textOf(await client.callTool({ name: 'read_rest', arguments: { handle, from: 4 } }))).toMatch(/^0 of the list/)
  // The window, whose calls are cut as well, reads on the same way.
  const { body: known } = await relay.call('GET', '/v1/relay-sessions')
  const row = known.sessions.find(({ policy }: { policy: { cap: { bytes: number | null } } }) => policy.cap.bytes === 1_000)?.id
  const reading = { sessionId: row, tool: 'read_rest', arguments: { handle, from: 4 } }
  const inWindow = (await relay.call('POST', '/v1/relay-calls', { body: reading })).body
  expect([textOf(inWindow.result).slice(0, 10), inWindow.call.credits]).toEqual(['0 of the l', 0])
  // What fits stays as it is, and a tool that says what its answers look like keeps that shape.
  expect(textOf(await client.callTool({ name: 'large', arguments: { size: 2 } }), 0)).toBe('row 0 of the list\nrow 1 of the list\n')
  const table = await client.callTool({ name: 'table', arguments: { size: 500 } })
  const { rows } = table.structuredContent as { rows: string[] }
  expect(rows[0]).toBe('row 0')
  expect(JSON.stringify(rows).length).toBeLessThan(1_000)
  expect(textOf(table)).toContain('"row 20"')
  expect(await lastCall()).toMatchObject({ steps: [{ step: 'cap', did: expect.stringContaining('characters handed out') }] })
})

test('a chosen read is answered from memory for free until its server starts anew or its list changes', async () => {
  const cache = { tools: ['read', 'write'].map((name) => ({ upstream, name })), seconds: 600 }
  const client = await connect((await open({ cache })).sessionUrl)
  const read = async (of: string, from = client) => textOf(await from.callTool({ name: 'read', arguments: { of } }))
  const before = relay.users.get('ann').credits
  const first = await read('a')
  expect([await read('a'), (await read('b')) === first]).toEqual([first, false])
  expect(relay.users.get('ann').credits).toBe(before - 4)
  expect(await read('a')).toBe(first)
  expect(await lastCall()).toMatchObject({ credits: 0, price: 2, steps: [{ step: 'cache', did: expect.stringContaining('from memory') }] })
  // What changes something is never kept, whoever chose it; nor does another session read what this one was answered.
  const write = async () => textOf(await client.callTool({ name: 'write' }))
  expect(await write()).not.toBe(await write())
  const other = await connect((await open({ cache })).sessionUrl)
  expect(await read('a', other)).not.toBe(first)
  await client.callTool({ name: 'rename' })
  await eventually('the list is read again', async () => (await read('a')) !== first)
  const second = await read('a')
  await relay.room.upstreamAdmin.restart(upstream, 'owner')
  await isReady()
  expect(await read('a')).not.toBe(second)
})

test('sessions that share read what the others were answered, at the full price where that is chosen', async () => {
  const cache = { tools: [{ upstream, name: 'read' }], seconds: 600, shared: true, price: 'full' }
  const [one, two] = [await connect((await open({ cache })).sessionUrl), await connect((await open({ cache })).sessionUrl)]
  const before = relay.users.get('ann').credits
  const read = async (client: Client) => textOf(await client.callTool({ name: 'read', arguments: { of: 'shared' } }))
  expect(await read(two)).toBe(await read(one))
  expect(relay.users.get('ann').credits).toBe(before - 4)
})

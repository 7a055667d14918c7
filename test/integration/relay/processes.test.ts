/** How many processes a server has: one that all clients share, who are asked over it, or one for each where a person wants that. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport, type ClientCapabilities } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { hearingTransport } from '../../fakes/hearing-transport.ts'
import { isAlive, processesNaming } from '../../fakes/processes.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { Caller } from '../../../server/relay/upstreams/callers.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const everything = join(root, 'node_modules', '@modelcontextprotocol', 'server-everything', 'dist', 'index.js')
const misbehaving = join(root, 'test', 'fixtures', 'mcp', 'misbehaving-stdio.ts')
const asking = join(root, 'test', 'fixtures', 'mcp', 'asking-server.ts')
const odd = join(root, 'test', 'fixtures', 'mcp', 'odd-starts.ts')
const able = { sampling: {}, elicitation: {}, roots: { listChanged: true } }

let relay: ServedRelay
beforeAll(async () => {
  relay = await serveRelay({ given: { backOff: [10, 20] } })
  await new Promise((resolve) => setImmediate(resolve))
})
afterAll(() => relay.stop())

const textOf = ({ content }: { content?: unknown }): string => (Array.isArray(content) ? String(content[0]?.text) : '')

const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
async function add(program: string, options: object = {}, args: readonly string[] = ['stdio'], began?: (notes: () => string[]) => unknown) {
  count += 1
  const marker = join(folder, `own-${process.pid}-${count}`)
  const notes = (): string[] => (existsSync(marker) ? readFileSync(marker, 'utf8').trim().split('\n') : [])
  const { id } = relay.room.upstreamAdmin.create(
    { name: `s${count}`, transport: 'stdio', command: process.execPath, args: [program, ...args, marker], options },
    'owner',
  )
  const upstream = relay.room.upstreams.get(id)
  await began?.(notes)
  await eventually('it is ready', () => upstream.state === 'ready')
  onTestFinished(() => relay.room.upstreamAdmin.remove(id, 'owner'))
  const session = async () => (await relay.session({ body: { policy: { upstreams: [id] } } })).sessionUrl
  return { id, upstream, session, notes, running: () => processesNaming(marker).length }
}

const pidsIn = (notes: string[]): number[] => notes.flatMap((note) => /^start (\d+)$/.exec(note)?.[1] ?? []).map(Number)
/** A server of which each process reads nothing before it is let on; the shared one has been. */
async function addSlow(options: object) {
  const letOn = (pid: number | undefined): boolean => pid !== undefined && process.kill(pid, 'SIGUSR2')
  const added = await add(odd, options, ['late-plain'], async (notes) =>
    letOn(await eventually('the shared one loads', () => pidsIn(notes())[0])),
  )
  const starts = () => pidsIn(added.notes()).slice(1)
  const started = (nth: number) => eventually(`process ${nth} of its own has started`, () => starts()[nth - 1])
  return { ...added, starts, started, letOn }
}

/** A client without a connection to us. */
const caller = (name: string, capabilities: ClientCapabilities = {}): Caller => ({
  ...{ client: name, session: 'row', account: 'ann', capabilities },
  ask: () => Promise.reject(new Error('It cannot be asked')),
  notify: () => undefined,
  onTools: () => undefined,
})
const echo = { method: 'tools/call', params: { name: 'echo', arguments: {} } }

/** A client that answers with its city and its root. */
async function connect(url: string, city: string, capabilities: ClientCapabilities = able, mode: 'legacy' | 'auto' = 'legacy') {
  const client = new Client({ name: city, version: '1.0.0' }, { capabilities, versionNegotiation: { mode } })
  if (capabilities.elicitation) client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { city } }))
  if (capabilities.roots) client.setRequestHandler('roots/list', () => ({ roots: [{ uri: `file:///${city}` }] }))
  const { transport, hears } = hearingTransport(url)
  await client.connect(transport)
  if (mode === 'legacy') await hears
  onTestFinished(() => client.close())
  const say = async (name: string): Promise<string> => textOf(await client.callTool({ name, arguments: {} }))
  const tools = async (): Promise<string[]> => (await client.listTools()).tools.map(({ name }) => name)
  return { client, say, tools }
}

test('fifteen short clients that can be asked, and leave without a word, leave no process beyond the shared one', async () => {
  const { session, running, upstream } = await add(everything)
  const url = await session()
  for (let each = 0; each < 15; each += 1) {
    const client = new Client({ name: 'short', version: '1.0.0' }, { capabilities: able })
    const transport = new StreamableHTTPClientTransport(new URL(url))
    await client.connect(transport)
    expect((await client.listTools()).tools.length).toBeGreaterThan(0)
    // Gone without DELETE, as a program that is ended.
    await client.close()
    expect(running()).toBeLessThanOrEqual(1)
  }
  await eventually('the shared one is left', () => upstream.state === 'ready' && running() === 1)
})

test('a server shows each client what it can do something for, over one process', async () => {
  const { session, running, upstream } = await add(everything)
  const url = await session()
  const plain = await connect(url, 'Ham', {})
  const shown = (await plain.tools()).length
  const full = await connect(url, 'Kiel')
  await eventually('the able one is shown more', async () => (await full.tools()).length > shown)
  expect(await plain.tools()).toHaveLength(shown)
  const more = (await full.tools()).filter((name) => name.startsWith('trigger') || name.includes('roots'))
  expect(more).toEqual(expect.arrayContaining(['get-roots-list', 'trigger-elicitation-request', 'trigger-sampling-request']))
  const rooted = await (await connect(url, 'Bremen', { roots: {} })).tools()
  expect([rooted.includes('get-roots-list'), rooted.includes('trigger-sampling-request')]).toEqual([true, false])
  expect([upstream.state, running()]).toEqual(['ready', 1])
})

test('what a server asks in a call goes to the client of that call, in both eras; a tool that asks waits until it runs alone', async () => {
  const { session, running, upstream } = await add(asking)
  const url = await session()
  const [kiel, ham] = [await connect(url, 'Kiel'), await connect(await session(), 'Ham')]
  const bremen = await connect(url, 'Bremen', { elicitation: {} }, 'auto')
  expect([await kiel.say('ask'), await ham.say('ask'), await bremen.say('ask')]).toEqual([
    'You are in Kiel',
    'You are in Ham',
    'You are in Bremen',
  ])
  expect(await ham.say('roots')).toBe('file:///Ham')
  // It is known by now that `ask` asks: it lets what runs come to its end, and those that come meanwhile wait for it.
  const holding = kiel.say('hold')
  await eventually('it holds', () => upstream.log.some(({ text }) => text === 'holding'))
  const behind = ham.say('ask')
  expect(await kiel.say('free')).toBe('freed')
  expect([await holding, await behind]).toEqual(['let go', 'You are in Ham'])
  expect(running()).toBe(1)
})

test.each([
  ['initialize', 'exit'],
  ['initialize', 'error'],
  ['tools/list', 'exit'],
])('a server that goes wrong at %s with %s once it is told of clients that can be asked serves all without that', async (step, manner) => {
  const { session, upstream } = await add(misbehaving, {}, [step, manner, 'told'])
  const [plain, able] = [await connect(await session(), 'Ham', {}), await connect(await session(), 'Kiel')]
  expect(await able.tools()).toContain('echo')
  await eventually('it is there again', () => upstream.state === 'ready' && upstream.error === null)
  for (const { client } of [plain, able]) expect(await client.callTool({ name: 'echo', arguments: {} })).toHaveProperty('content')
})

test('what nobody can tell whom it is for is refused with the reason, and a client that cannot is not asked', async () => {
  const { session, upstream } = await add(asking)
  const [kiel, plain] = [await connect(await session(), 'Kiel'), await connect(await session(), 'Ham', {})]
  await kiel.tools()
  expect(await plain.say('ask')).toContain('cannot be asked')
  const holding = plain.say('hold')
  await eventually('it holds', () => upstream.log.some(({ text }) => text === 'holding'))
  // Asked by a tool of which nobody knew that it asks, while another client's call runs.
  const asked = await upstream.request({ method: 'tools/call', params: { name: 'secret_elicit' } })
  expect(JSON.stringify(asked)).toContain('Nobody can tell which client elicitation/create is for')
  expect(upstream.log.at(-1)?.text).toContain('A process for each client would tell')
  await plain.say('free')
  await holding
})

test('one process for each client, or each session, where a person wants it: bounded, shown, ended by a person or when unused', async () => {
  const { id, session, running, upstream } = await add(asking, { process: 'client', ownAtMost: 2 })
  const runsAgain = () => eventually('it runs again', () => relay.room.upstreams.get(id).state === 'ready')
  const [url, other] = [await session(), await session()]
  const [kiel, ham, bremen] = [await connect(url, 'Kiel', {}), await connect(url, 'Ham', {}), await connect(other, 'Bremen', {})]
  const pids = [await kiel.say('pid'), await ham.say('pid')]
  expect(new Set([...pids, String(upstream.pid)]).size).toBe(3)
  expect(await kiel.say('pid')).toBe(pids[0])
  const { own } = relay.room.upstreamAdmin.list().find((each) => each.id === id) ?? { own: [] }
  expect(own.map(({ pid, busy }) => [String(pid), busy])).toEqual(pids.map((pid) => [pid, 0]))
  // A third one takes the place of that which was idle for longest.
  const third = await bremen.say('pid')
  expect([pids.includes(third), upstream.clients.own.length]).toEqual([false, 2])
  await eventually('one of the first two has ended', () => running() === 3)
  const [shown] = upstream.clients.own
  const end = () => relay.call('DELETE', `/v1/upstreams/${id}/own/${shown?.id}`)
  expect([(await end()).status, (await end()).status]).toEqual([200, 404])
  await eventually('it is gone', () => running() === 2)

  await relay.room.upstreamAdmin.change(id, { options: { process: 'session' } }, 'owner')
  await runsAgain()
  const session1 = await kiel.say('pid')
  expect(await ham.say('pid')).toBe(session1)
  expect(await bremen.say('pid')).not.toBe(session1)
  await relay.room.upstreamAdmin.change(id, { options: { ownIdle: 1 } }, 'owner')
  await runsAgain()
  expect(await kiel.say('pid')).not.toBe(session1)
  await eventually('they end when nobody uses them', () => running() === 1 && relay.room.upstreams.get(id).clients.own.length === 0)
})

test('the first requests of a client that come in the same moment open one process', async () => {
  const { running, upstream } = await add(everything, { process: 'client' })
  const one = caller('one')
  const say = (message: string) =>
    upstream.request({ method: 'tools/call', params: { name: 'echo', arguments: { message } } }, { caller: one }).then(textOf)
  expect(await Promise.all([say('one'), say('two'), say('three')])).toEqual(['Echo: one', 'Echo: two', 'Echo: three'])
  expect([upstream.clients.own.length, running()]).toEqual([1, 2])
})

test('a process of a session’s own that says with every reading that its list changed is read ever more seldom, and serves meanwhile', async () => {
  const { upstream, notes } = await add(odd, { process: 'session' }, ['restless'])
  let told = 0
  const one = { ...caller('one'), onTools: () => void (told += 1) }
  for (let call = 0; call < 200; call += 1) expect(textOf(await upstream.request(echo, { caller: one }))).toBe('here')
  const [own] = upstream.clients.own
  const readings = notes().filter((note) => note === `listed ${own?.pid}`).length
  expect(readings).toBeGreaterThan(1)
  expect(readings).toBeLessThan(20)
  expect(told).toBe(0)
})

test('a second client of a session that can be asked ends nothing that is being opened for the first', async () => {
  const { upstream, started, letOn } = await addSlow({ process: 'session' })
  const first = upstream.request(echo, { caller: caller('plain') })
  const pid = await started(1)
  const second = upstream.request(echo, { caller: caller('able', { elicitation: {} }) })
  letOn(pid)
  expect((await Promise.all([first, second])).map(textOf)).toEqual(['here', 'here'])
})

test('clients that come and go while a slow server starts leave no process, and none beyond the bound ever lives', async () => {
  const { upstream, starts, started, running } = await addSlow({ process: 'client', ownAtMost: 2 })
  const outcomes: Promise<unknown>[] = []
  for (let nth = 1; nth <= 5; nth += 1) {
    const each = caller(`client ${nth}`)
    outcomes.push(upstream.request(echo, { caller: each }).catch((error: Error) => error.message))
    await started(nth)
    expect(starts().filter(isAlive).length).toBeLessThanOrEqual(2)
    upstream.clients.left(each)
  }
  expect(await Promise.all(outcomes)).toEqual(Array.from({ length: 5 }, () => 'It is of no more use'))
  await eventually('the shared one is left', () => running() === 1)
  expect(upstream.clients.own).toEqual([])
})

test('one that a person ends while it starts has ended at once, and makes room', async () => {
  const { upstream, starts, started, letOn } = await addSlow({ process: 'client', ownAtMost: 1 })
  const first = upstream.request(echo, { caller: caller('one') }).catch((error: Error) => error.message)
  await started(1)
  await expect(upstream.request(echo, { caller: caller('two') })).rejects.toThrow('all are in use')
  expect(await upstream.clients.endOne(upstream.clients.own[0]?.id ?? '')).toBe(true)
  expect([await first, starts().filter(isAlive)]).toEqual(['It is of no more use', []])
  const next = upstream.request(echo, { caller: caller('two') })
  letOn(await started(2))
  expect(textOf(await next)).toBe('here')
})

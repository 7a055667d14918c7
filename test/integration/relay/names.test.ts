/** The names that a session shows stay what they are, whatever happens to its servers; what it may reach is kept by server and tool. */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../../server/store/database.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'
import { openOfferingServer, tool, type OfferingServer } from '../../fakes/offering-server.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'

const long = 'read_the_manifest_of_a_container_that_stands_in_a_yard_at_the_harbour'
let relay: ServedRelay
let first: OfferingServer
let second: OfferingServer
beforeAll(async () => {
  relay = await serveRelay()
  first = await openOfferingServer({ tools: [tool('echo'), tool('files.read'), tool(long)], prompts: [{ name: 'greet' }] })
  second = await openOfferingServer({ tools: [tool('echo'), tool('say')], prompts: [{ name: 'greet' }] })
  await new Promise((resolve) => setImmediate(resolve))
})
afterAll(async () => {
  await relay.stop()
  await Promise.all([first.stop(), second.stop()])
})

async function add(name: string, { url }: OfferingServer): Promise<string> {
  const { id } = relay.room.upstreamAdmin.create({ name, transport: 'http', url }, 'owner')
  onTestFinished(() => relay.room.upstreamAdmin.remove(id, 'owner'))
  await ready()
  return id
}
const ready = () => eventually('all are ready', () => relay.room.upstreamAdmin.list().every(({ state }) => state === 'ready'))
async function connect(url: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  onTestFinished(() => client.close())
  return client
}
const shown = async (client: Client): Promise<string[]> => (await client.listTools()).tools.map(({ name }) => name)
const rowOf = async (sessionUrl: string): Promise<string> => {
  const { sessions } = (await relay.call('GET', '/v1/relay-sessions')).body
  return sessions.find(({ prefix }: { prefix: string }) => sessionUrl.split('/').at(-1)?.startsWith(prefix)).id
}

test('a session that had one server keeps its names when a second is added, and one that is renamed keeps them too', async () => {
  const a = await add('A', first)
  const { sessionUrl } = await relay.session()
  const client = await connect(sessionUrl)
  const alone = await shown(client)
  expect(alone).toEqual(['echo', 'files_read', expect.stringMatching(/^read_the_manifest[\w-]+$/)])
  for (const name of alone) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
  await add('B', second)
  expect(await shown(client)).toEqual([...alone, 'B__echo', 'B__say'])
  expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual(['greet', 'B__greet'])
  await relay.room.upstreamAdmin.change(a, { name: 'Renamed' }, 'owner')
  await ready()
  await relay.room.stop()
  await relay.room.start()
  await new Promise((resolve) => setImmediate(resolve))
  await ready()
  const again = await connect(sessionUrl)
  expect(await shown(again)).toEqual([...alone, 'B__echo', 'B__say'])
  for (const name of await shown(again)) await again.callTool({ name, arguments: { text: name } })
  expect(first.asked.map(({ params }) => params['name'])).toEqual(['echo', 'files.read', long])
  // Another session has never seen the one server alone.
  expect(await shown(await connect((await relay.session()).sessionUrl))).toEqual(
    expect.arrayContaining(['Renamed__echo', 'Renamed__files_read', 'B__echo']),
  )
})

test('an allow list and new names go on meaning the same tools when another server comes, whichever way they were given', async () => {
  const a = await add('A', first)
  const policy = { tools: ['echo', { upstream: a, name: 'files.read' }], renames: { echo: 'say' } }
  const { sessionUrl } = await relay.session({ body: { policy } })
  const b = await add('B', second)
  const client = await connect(sessionUrl)
  expect(await shown(client)).toEqual(['say', 'files_read'])
  const path = `/v1/relay-sessions/${await rowOf(sessionUrl)}`
  const changed = await relay.call('PATCH', path, { body: { policy: { tools: ['echo', 'B__say'], renames: { B__say: 'speak' } } } })
  expect(changed.body.policy).toMatchObject({
    tools: [
      { upstream: a, name: 'echo' },
      { upstream: b, name: 'say' },
    ],
    renames: [{ kind: 'tool', upstream: b, name: 'say', as: 'speak' }],
  })
  expect(await shown(client)).toEqual(['echo', 'speak'])
  // What is read is what may be sent back.
  expect((await relay.call('PATCH', path, { body: { policy: changed.body.policy } })).body.policy).toEqual(changed.body.policy)
})

test('a new name that would mean two things, and a name that no tool can have, are refused in words', async () => {
  const a = await add('A', first)
  const b = await add('B', second)
  const { sessionUrl } = await relay.session()
  await shown(await connect(sessionUrl))
  const path = `/v1/relay-sessions/${await rowOf(sessionUrl)}`
  const refused = async (policy: object) => {
    const { status, body } = await relay.call('PATCH', path, { body: { policy } })
    return `${status} ${body.error}`
  }
  const alias = (upstream: string, as: string) => ({ upstream, name: 'echo', as })
  expect(await refused({ renames: [alias(a, 'B__echo')] })).toContain('400 The session already shows echo')
  expect(await refused({ renames: [alias(a, 'x'), alias(b, 'x')] })).toContain('could not be told apart')
  expect(await refused({ renames: [alias(a, 'with.dot')] })).toContain('at most 64')
  expect(await refused({ tools: ['C__echo'] })).toContain('400 No server of this session has a tool it shows as C__echo')
})

test('sessions of an older version show the names they showed and reach what they reached', async () => {
  const a = await add('A', first)
  const one = await relay.session()
  const { database } = relay.context
  // As version 27 left it: no names, and tools by the names that were shown.
  const older = { tools: ['echo'], renames: { echo: 'say.it' }, readOnly: false }
  database.prepare('UPDATE relay_sessions SET policy = ? WHERE id = ?').run(JSON.stringify(older), await rowOf(one.sessionUrl))
  await relay.room.stop()
  database.prepare('DELETE FROM relay_session_names').run()
  database.prepare('INSERT INTO relay_session_names (session_id, names) SELECT id, NULL FROM relay_sessions').run()
  await relay.room.start()
  await new Promise((resolve) => setImmediate(resolve))
  await add('B', second)
  const client = await connect(one.sessionUrl)
  expect(await shown(client)).toEqual(['say_it'])
  const row = await rowOf(one.sessionUrl)
  const { sessions } = (await relay.call('GET', '/v1/relay-sessions')).body
  expect(sessions.find(({ id }: { id: string }) => id === row).policy).toMatchObject({
    tools: [{ upstream: a, name: 'echo' }],
    renames: [{ kind: 'tool', upstream: a, name: 'echo', as: 'say_it' }],
  })
  await relay.call('PATCH', `/v1/relay-sessions/${row}`, { body: { policy: {} } })
  expect(await shown(client)).toEqual(expect.arrayContaining(['echo', 'files_read', 'B__echo']))
})

test('a database of an older version keeps what its sessions and accounts may reach, by server and tool', async () => {
  const dataDir = temporaryFolder()
  const file = join(dataDir, 'wheelhouse.db')
  copyFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'databases', 'version-27.db'), file)
  const upstream = 'up_0123456789ab'
  const rules = { upstreams: [upstream], tools: [{ upstream, name: 'read_graph' }], readOnly: true }
  const older = openDatabase(file)
  older
    .prepare('UPDATE relay_sessions SET policy = ?, expires_at = ?')
    .run(JSON.stringify({ tools: ['read_graph'], renames: { read_graph: 'graph' }, maxCredits: 9 }), Date.now() + 3_600_000)
  older.prepare('INSERT OR REPLACE INTO relay_account_rules (account_id, rules) SELECT id, ? FROM users').run(JSON.stringify(rules))
  older.close()
  const updated = await serveRelay({ dataDir })
  onTestFinished(() => updated.stop())
  const [session] = (await updated.call('GET', '/v1/relay-sessions')).body.sessions
  expect(session.policy).toMatchObject({
    tools: [{ upstream, name: 'read_graph' }],
    renames: [{ kind: 'tool', upstream, name: 'read_graph', as: 'graph' }],
    ...{ prompts: null, resources: null, groups: [], maxCredits: 9 },
  })
  expect((await updated.call('GET', '/v1/account-rules')).body.accounts).toContainEqual({ accountId: session.accountId, rules })
  const kept = updated.context.database.prepare<[], string>('SELECT names FROM relay_session_names').pluck().all()
  expect(kept.map((names) => JSON.parse(names))).toContainEqual([
    { upstream, prefix: '', tools: [['read_graph', 'read_graph']], prompts: [] },
  ])
})

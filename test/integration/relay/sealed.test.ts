/**
 * What servers are run with and what addresses are worth: shown to nobody who only reads, sealed on the disk, and locked, not lost, without
 * the key.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openMisbehavingServer } from '../../fakes/misbehaving-server.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'
import { serveRelay, type ServedRelay, type ServeOptions } from '../../fakes/served-relay.ts'
import { startServer } from '../../fakes/server-process.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { lockedInWords } from '../../fakes/words.ts'

const odd = join(import.meta.dirname, '..', '..', 'fixtures', 'mcp', 'odd-server.ts')
const command = (...args: string[]) => ({ name: 'yard', transport: 'stdio' as const, command: process.execPath, args: [odd, ...args] })

/** A relay in `dataDir` whose servers have begun to start. */
async function openRelay(options: ServeOptions = {}): Promise<ServedRelay> {
  const relay = await serveRelay({ ...options, given: { backOff: [10] } })
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  return relay
}
const inState = (relay: ServedRelay, name: string, state: string) =>
  eventually(`${name} is ${state}`, () => relay.room.upstreamAdmin.list().find((each) => each.name === name && each.state === state))
/** All bytes of the database and its log. */
const onDisk = (folder: string): string =>
  readdirSync(folder)
    .filter((name) => name.includes('.db'))
    .map((name) => readFileSync(join(folder, name), 'latin1'))
    .join('\n')

test('no list, log, event or catalogue shows what arguments and addresses carry; who may change a server is told, and it is noted', async () => {
  const dataDir = temporaryFolder()
  const relay = await openRelay({ dataDir })
  onTestFinished(() => relay.stop())
  const remote = await openMisbehavingServer('http', { step: 'nowhere', manner: 'cut' })
  onTestFinished(() => remote.leave())
  const { upstreams, upstreamAdmin } = relay.room
  const url = `${remote.url}?key=canary-2&s=canary-3`
  const { id } = upstreamAdmin.create({ ...command('plain', 'Says it', '--token', 'canary-1'), env: { KEY: 'canary-4' } }, 'owner')
  upstreamAdmin.create({ name: 'berths', transport: 'http', url, headers: { 'x-key': 'canary-5' } }, 'owner')
  upstreamAdmin.create(
    {
      name: 'crash',
      transport: 'stdio',
      command: process.execPath,
      args: ['-e', 'console.error(`given ${process.argv[1]}`); process.exit(3)', 'canary-6'],
    },
    'owner',
  )
  await inState(relay, 'yard', 'ready')
  await inState(relay, 'berths', 'ready')
  remote.trouble = { step: 'tools/call', manner: 'quotes its address' }
  const { sessionUrl } = await relay.session()
  const asClient = {
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'berths__echo',
  }
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} }
  const called = await relay.call('POST', new URL(sessionUrl).pathname, {
    headers: asClient,
    body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'berths__echo', arguments: {}, _meta: meta } },
  })
  expect(called.body.error.message).toContain('Cannot POST /http?key=…&s=…')
  const crash = await inState(relay, 'crash', 'failed')

  const read = await Promise.all(
    ['/v1/catalogue', '/v1/relay-sessions', '/v1/relay-calls', ...upstreamAdmin.list().map((each) => `/v1/upstreams/${each.id}/log`)].map(
      (path) => relay.call('GET', path),
    ),
  )
  expect(read.map(({ status }) => status)).toEqual(read.map(() => 200))
  expect(
    JSON.stringify([
      read.map(({ body }) => body),
      upstreamAdmin.list(),
      relay.context.emitted,
      relay.room.attention(),
      relay.context.log.lines,
    ]),
  ).not.toContain('canary')
  expect(upstreams.get(crash.id).log.map(({ text }) => text)).toContain('given …')
  expect(upstreamAdmin.list()[0]).toMatchObject({ command: process.execPath, args: [odd, '…', '…', '--token', '…'] })
  expect(upstreamAdmin.list()[1]?.url).toBe(`${remote.url}?…`)

  expect(upstreamAdmin.reveal(id, 'owner')).toEqual({
    command: process.execPath,
    args: [odd, 'plain', 'Says it', '--token', 'canary-1'],
    cwd: null,
    url: null,
    env: { KEY: 'canary-4' },
    headers: {},
  })
  expect(relay.context.emitted.at(-1)).toMatchObject({ type: 'upstream-settings-shown', subject: 'yard', actor: 'owner' })
  expect(onDisk(dataDir).includes('canary')).toBe(false)
})

test('what an older version kept in the clear is sealed at the next start, and nothing of it stays in the file', async () => {
  const dataDir = temporaryFolder()
  const sealingKey = randomBytes(32)
  const before = await openRelay({ dataDir, sealingKey })
  const { id } = before.room.upstreamAdmin.create(command('plain', 'Says it', 'canary-of-old'), 'owner')
  // As versions before wrote it.
  const { database, sealer } = before.context
  database
    .prepare('UPDATE relay_upstreams SET args = ?, secrets = ? WHERE id = ?')
    .run(
      JSON.stringify([odd, 'plain', 'Says it', 'canary-of-old']),
      sealer.seal(JSON.stringify({ env: { KEY: 'kept' }, headers: {} }), `relay:upstream:${id}`),
      id,
    )
  await before.stop()
  expect(onDisk(dataDir).includes('canary-of-old')).toBe(true)

  const after = await openRelay({ dataDir, sealingKey })
  onTestFinished(() => after.stop())
  await inState(after, 'yard', 'ready')
  expect(after.room.upstreamAdmin.reveal(id, 'owner')).toMatchObject({
    args: [odd, 'plain', 'Says it', 'canary-of-old'],
    env: { KEY: 'kept' },
  })
  expect(onDisk(dataDir).includes('canary-of-old')).toBe(false)
})

test('without the key servers, sign-ins and shown addresses are locked and named, everything else goes on; with the key they are back', async () => {
  const dataDir = temporaryFolder()
  const sealingKey = randomBytes(32)
  const first = await openRelay({ dataDir, sealingKey })
  const { id } = first.room.upstreamAdmin.create(command(), 'owner')
  const { sessionId } = await first.session()
  await inState(first, 'yard', 'ready')
  await first.stop()

  const second = await openRelay({ dataDir })
  const { upstreamAdmin } = second.room
  await inState(second, 'yard', 'locked')
  expect(lockedInWords(second.room.locked())).toEqual(['1 server (yard)', 'the shown address of 1 session'])
  expect(upstreamAdmin.list()[0]).toMatchObject({
    state: 'locked',
    error: 'What it runs with was sealed with a key that is not here',
    args: [],
    envNames: [],
  })
  // The address is good; only showing it again is not possible.
  expect((await second.call('GET', `/api/sessions/${sessionId}/validate`)).status).toBe(200)
  const listed = await second.call('GET', '/api/sessions')
  expect(listed.body.data[0].sessionId).toBe(`${sessionId.slice(0, 6)}…`)
  const [session] = (await second.call('GET', '/v1/relay-sessions')).body.sessions
  expect((await second.call('POST', `/v1/relay-sessions/${session.id}/address`)).status).toBe(409)
  // Nothing that is sealed is lost by the way.
  await expect(upstreamAdmin.change(id, { args: [odd] }, 'owner')).rejects.toThrow('Put the key back')
  expect(() => upstreamAdmin.reveal(id, 'owner')).toThrow('a key that is not here')
  expect(await upstreamAdmin.change(id, { name: 'harbor' }, 'owner')).toMatchObject({ name: 'harbor', state: 'locked' })
  expect(await upstreamAdmin.restart(id, 'owner')).toMatchObject({ state: 'locked' })
  // Others are set up and work.
  upstreamAdmin.create({ ...command(), name: 'other' }, 'owner')
  await inState(second, 'other', 'ready')
  await second.stop()

  const third = await openRelay({ dataDir, sealingKey })
  await inState(third, 'harbor', 'ready')
  await inState(third, 'other', 'locked')
  expect((await third.call('GET', '/api/sessions')).body.data[0].sessionId).toBe(sessionId)
  expect(lockedInWords(third.room.locked())).toEqual(['1 server (other)'])
  await third.room.giveUpLocked()
  expect(lockedInWords(third.room.locked())).toEqual([])
  const given = third.room.upstreamAdmin.list().find(({ name }) => name === 'other')
  expect(given).toMatchObject({ enabled: false, state: 'disabled', command: process.execPath })
  await third.room.upstreamAdmin.change(String(given?.id), { args: [odd], enabled: true }, 'owner')
  await inState(third, 'other', 'ready')
  await third.stop()
})

test('a row that cannot be read costs nobody the others', async () => {
  const dataDir = temporaryFolder()
  const sealingKey = randomBytes(32)
  const first = await openRelay({ dataDir, sealingKey })
  first.room.upstreamAdmin.create(command(), 'owner')
  const { id } = first.room.upstreamAdmin.create({ ...command(), name: 'broken' }, 'owner')
  first.context.database
    .prepare('UPDATE relay_upstreams SET secrets = ? WHERE id = ?')
    .run(first.context.sealer.seal('{"env":7}', `relay:upstream:${id}`), id)
  await first.stop()
  const second = await openRelay({ dataDir, sealingKey })
  onTestFinished(() => second.stop())
  await inState(second, 'yard', 'ready')
  expect((await inState(second, 'broken', 'locked')).error).toBe('What is kept of it cannot be read')
  await second.room.upstreamAdmin.remove(id, 'owner')
  expect(second.room.upstreamAdmin.list().map(({ name }) => name)).toEqual(['yard'])
})

test('a server process whose sealing key is another one starts, serves, and says what is locked', async () => {
  let house = await startServer()
  onTestFinished(() => house.dispose())
  expect((await house.call('/control/v1/upstreams', { method: 'POST', json: command() })).status).toBe(201)
  await house.end()
  writeFileSync(
    join(house.dataDir, 'sealing-key.json'),
    JSON.stringify({ version: 1, kind: 'plain', key: randomBytes(32).toString('base64') }),
  )
  house = await startServer({ dataDir: house.dataDir })
  await eventually('it is locked', async () =>
    JSON.stringify(await (await house.call('/control/v1/upstreams')).json()).includes('"locked"'),
  )
  expect((await house.call(`${house.ready.apis['relay']?.url}/v1/catalogue`)).status).toBe(200)
  expect(house.child.exitCode).toBeNull()
})

test('a key that may only read is given no address, no argument and no settings that it could use', async () => {
  const house = await startServer()
  onTestFinished(() => house.dispose())
  const relay = String(house.ready.apis['relay']?.url)
  const keyFor = async (json: object): Promise<string> =>
    ((await (await house.call('/control/v1/keys', { method: 'POST', json })).json()) as { secret: string }).secret
  const older = await keyFor({
    name: 'older',
    scopes: [
      { room: 'relay', verb: 'read' },
      { room: 'control', verb: 'read' },
    ],
  })
  const newer = await keyFor({ name: 'newer', rights: ['control:use', 'relay:manage', 'activity:use'] })
  await house.call('/control/v1/users', { method: 'POST', json: { id: 'ann', primaryEmail: 'ann@example.test', credits: 10 } })
  const issued = (await (await fetch(`${relay}/api/sessions`, { method: 'POST', headers: { 'x-user-id': 'ann' } })).json()) as {
    data: { sessionId: string }
  }
  const { id } = (await (
    await house.call('/control/v1/upstreams', { method: 'POST', json: command('plain', 'Says it', 'canary-1', '--key', 'canary-2') })
  ).json()) as { id: string }
  await house.call('/control/v1/upstreams', {
    method: 'POST',
    json: { name: 'berths', transport: 'http', url: 'http://127.0.0.1:9/s/canary-3?key=canary-4' },
  })

  const get = (path: string, key: string, method = 'GET') =>
    fetch(new URL(path, path.startsWith('/control') ? house.ready.control.url : relay), {
      method,
      headers: { 'x-api-key': key, 'x-user-id': 'ann' },
    })
  const paths = [
    '/api/sessions',
    '/v1/relay-sessions',
    '/v1/catalogue',
    '/v1/relay-calls',
    `/v1/upstreams/${id}/log`,
    '/control/v1/upstreams',
    '/control/v1/audit',
    '/control/v1/overview',
    '/control/v1/keys',
    '/openapi.json',
  ]
  for (const key of [older, newer]) {
    for (const path of paths) {
      const text = await (await get(path, key)).text()
      expect(text, path).not.toContain('canary')
      if (key === older) expect(text, path).not.toContain(issued.data.sessionId)
    }
    expect((await get(`/control/v1/upstreams/${id}/reveal`, key, 'POST')).status).toBe(403)
  }
  expect(await (await get('/api/sessions', older)).json()).toMatchObject({ data: [{ sessionId: `${issued.data.sessionId.slice(0, 6)}…` }] })
  // Who may use sessions lists them as the contract has it.
  expect(await (await get('/api/sessions', newer)).json()).toMatchObject({ data: [{ sessionId: issued.data.sessionId }] })
  expect(await (await house.call(`/control/v1/upstreams/${id}/reveal`, { method: 'POST' })).json()).toMatchObject({
    args: [odd, 'plain', 'Says it', 'canary-1', '--key', 'canary-2'],
  })
})

/** What keys open in the whole house: programs, Wheelhouse's own tools, and the sessions of others. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startServer, type ServerProcess } from '../../fakes/server-process.ts'
import { eventually } from '../../fixtures/eventually.ts'

let house: ServerProcess
let made = 0

beforeAll(async () => {
  house = await startServer()
  await house.call('/control/v1/users', { method: 'POST', json: { id: 'ann', primaryEmail: 'ann@example.test', credits: 100 } })
})

afterAll(() => house.dispose())

// Tests look into answers by name and fail by their own expectations.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Facts = any

interface Reply {
  status: number
  body: Facts
}

/** A call under the control port, as the owner, as the holder of a key, or as nobody. */
async function call(
  key: string | 'owner' | null,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const secret = key === 'owner' ? house.token : key
  const response = await fetch(`${house.ready.control.url}${path}`, {
    method,
    headers: {
      'x-user-id': 'ann',
      ...(secret === null ? {} : { 'x-api-key': secret }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? null : JSON.parse(text) }
}

async function makeKey(key: object): Promise<{ id: string; secret: string }> {
  const { status, body } = await call('owner', 'POST', '/control/v1/keys', { name: `key ${(made += 1)}`, ...key })
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString()
const keyOf = async (...rights: string[]): Promise<string> => (await makeKey({ rights })).secret

describe('a program to be run', () => {
  const config = JSON.stringify({ mcpServers: { shell: { command: 'sh', args: ['-c', 'true'] } } })
  const wanted = { text: config, accept: [{ name: 'shell', commandLine: 'sh -c true' }] }

  test.each([
    ['relay:use', { rights: ['relay:use'] }],
    ['relay:manage', { rights: ['relay:manage'] }],
    [
      'relay read and write of the older form',
      {
        scopes: [
          { room: 'relay', verb: 'read' },
          { room: 'relay', verb: 'write' },
        ],
      },
    ],
  ])('is not taken from a key with %s, neither by import nor as a server', async (_, key) => {
    const { secret } = await makeKey(key)
    expect((await call(secret, 'POST', '/relay/v1/upstream-imports', wanted)).status).toBe(403)
    expect((await call(secret, 'POST', '/control/v1/upstreams', { name: 'shell', transport: 'stdio', command: 'sh' })).status).toBe(403)
    expect((await call('owner', 'GET', '/control/v1/upstreams')).body.upstreams.map(({ name }: Facts) => name)).not.toContain('shell')
  })

  test('is taken from a key with control:manage', async () => {
    const { secret } = await makeKey({ rights: ['control:manage'], expiresAt: inDays(7) })
    const imported = await call(secret, 'POST', '/relay/v1/upstream-imports', {
      ...wanted,
      accept: [{ ...wanted.accept[0], as: 'agreed' }],
    })
    expect(imported.status, JSON.stringify(imported.body)).toBe(201)
    await call('owner', 'DELETE', `/control/v1/upstreams/${imported.body.servers[0].id}`)
  })
})

describe('Wheelhouse’s own tools', () => {
  const all = { upstreams: ['wheelhouse'], wheelhouseTools: ['bot_send', 'login_revoke', 'broker_publish', 'browser_open'] }
  const create = (key: string | null, policy: object): Promise<Reply> => call(key, 'POST', '/relay/api/sessions', { policy })

  async function connect(sessionUrl: string): Promise<Client> {
    const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
    await client.connect(new StreamableHTTPClientTransport(new URL(sessionUrl)))
    onTestFinished(() => client.close())
    return client
  }
  const names = async (client: Client): Promise<string[]> => (await client.listTools()).tools.map(({ name }) => name)

  test('are not handed to himself by who may only use or manage the relay, nor by a caller without a key', async () => {
    for (const key of [null, await keyOf('relay:use'), await keyOf('relay:manage')]) {
      for (const policy of [all, { wheelhouseTools: ['bot_send'] }, { upstreams: ['wheelhouse'] }]) {
        const refused = await create(key, policy)
        expect([refused.status, refused.body.statusCode], JSON.stringify(policy)).toEqual([403, 403])
      }
      expect((await create(key, {})).status).toBe(200)
    }
    const manager = await keyOf('relay:manage')
    expect((await call(manager, 'POST', '/relay/v1/relay-sessions', { accountId: 'ann', policy: all })).status).toBe(403)
    const { body } = await call(manager, 'POST', '/relay/v1/relay-sessions', { accountId: 'ann' })
    expect((await call(manager, 'PATCH', `/relay/v1/relay-sessions/${body.session.id}`, { policy: all })).status).toBe(403)
  })

  test('a session has those that its maker may use, until the key may do less', async () => {
    await call(null, 'POST', '/brokers/api/createSession', { sessionName: 'of-the-house', password: 'harbor-demo' })
    const { id, secret } = await makeKey({ rights: ['relay:use', 'brokers:manage', 'bots:use'] })
    expect((await create(secret, all)).status).toBe(403)
    const { body } = await create(secret, { upstreams: ['wheelhouse'], wheelhouseTools: ['broker_publish'] })
    const client = await connect(body.data.sessionUrl)
    await eventually('the tools are there', async () => (await names(client)).length > 0)
    const listed = (await names(client)).filter((name) => !name.startsWith('bot_') || name === 'bot_read')
    const ofBrokers = ['brokers_list', 'broker_peek', 'broker_publish', 'broker_subscribe', 'broker_topics', 'broker_dead_letters']
    expect(listed).toEqual(['bots_list', 'bot_read', ...ofBrokers])
    expect(JSON.stringify((await client.callTool({ name: 'brokers_list', arguments: {} })).content)).toContain('of-the-house')

    expect((await call('owner', 'PATCH', `/control/v1/keys/${id}`, { rights: ['relay:use', 'brokers:use'] })).status).toBe(200)
    // The client keeps what it has listed until it hears that it changed.
    await expect.poll(() => names(client)).toEqual(ofBrokers)
    expect(JSON.stringify((await client.callTool({ name: 'brokers_list', arguments: {} })).content)).not.toContain('of-the-house')
    expect(await client.callTool({ name: 'broker_peek', arguments: { sessionName: 'of-the-house' } })).toMatchObject({ isError: true })

    await call('owner', 'DELETE', `/control/v1/keys/${id}`)
    await expect.poll(() => names(client)).toEqual([])
    await expect(client.callTool({ name: 'brokers_list', arguments: {} })).rejects.toThrow('brokers_list')
  })

  test('a person with control:manage may allow them to a session that has none, and nobody else takes them over', async () => {
    const { body } = await create(null, {})
    const [session] = (await call('owner', 'GET', '/relay/v1/relay-sessions')).body.sessions
    expect(
      (
        await call('owner', 'PATCH', `/relay/v1/relay-sessions/${session.id}`, {
          policy: { upstreams: ['wheelhouse'], wheelhouseTools: ['broker_publish'] },
        })
      ).status,
    ).toBe(200)
    const client = await connect(body.data.sessionUrl)
    expect(await names(client)).toContain('broker_publish')

    // One that the owner has made with them: neither its address nor calls as it are for who holds less.
    const { body: owned } = await call('owner', 'POST', '/relay/v1/relay-sessions', {
      accountId: 'ann',
      policy: { upstreams: ['wheelhouse'], wheelhouseTools: ['login_revoke'] },
    })
    const manager = await keyOf('relay:manage')
    expect((await call(manager, 'GET', '/relay/v1/relay-sessions')).body.sessions.map(({ id }: Facts) => id)).toContain(owned.session.id)
    expect((await call(manager, 'POST', `/relay/v1/relay-sessions/${owned.session.id}/address`)).status).toBe(403)
    expect((await call(manager, 'POST', '/relay/v1/relay-calls', { sessionId: owned.session.id, tool: 'login_find' })).status).toBe(403)
    expect(
      (
        await call(manager, 'PATCH', `/relay/v1/relay-sessions/${owned.session.id}`, {
          policy: { upstreams: ['wheelhouse'], wheelhouseTools: ['login_revoke', 'bot_send'] },
        })
      ).status,
    ).toBe(403)
    expect(
      (await call(manager, 'PATCH', `/relay/v1/relay-sessions/${owned.session.id}`, { policy: { upstreams: ['wheelhouse'] } })).status,
    ).toBe(200)
    const listed = (await call(null, 'GET', '/relay/api/sessions')).body.data.map(({ sessionId }: Facts) => sessionId)
    expect(listed).toContain(body.data.sessionId)
    expect(listed).not.toContain(owned.sessionId)
  })
})

describe('the sessions of others', () => {
  test('of the relay are not seen, changed or ended by who may only use it', async () => {
    const [ann, eve, manager] = [await keyOf('relay:use'), await keyOf('relay:use'), await keyOf('relay:manage')]
    const { body } = await call(ann, 'POST', '/relay/v1/relay-sessions', { accountId: 'ann', name: 'hers' })
    const { id } = body.session
    const seen = async (key: string | null): Promise<boolean> =>
      (await call(key, 'GET', '/relay/v1/relay-sessions')).body.sessions.some((session: Facts) => session.id === id)
    expect([await seen(ann), await seen(eve), await seen(manager), await seen('owner')]).toEqual([true, false, true, true])
    for (const [method, path, given] of [
      ['PATCH', '', { name: 'mine' }],
      ['POST', '/address', undefined],
      ['GET', '/tools', undefined],
      ['DELETE', '', undefined],
    ] as const) {
      expect((await call(eve, method, `/relay/v1/relay-sessions/${id}${path}`, given)).status, `${method} ${path}`).toBe(404)
    }
    const secretsOf = async (key: string | null): Promise<string[]> =>
      (await call(key, 'GET', '/relay/api/sessions')).body.data.map(({ sessionId }: Facts) => sessionId)
    expect([
      (await secretsOf(ann)).includes(body.sessionId),
      (await secretsOf(eve)).includes(body.sessionId),
      (await secretsOf(null)).includes(body.sessionId),
    ]).toEqual([true, false, false])
    await call(eve, 'DELETE', '/relay/api/sessions')
    expect(await seen(ann)).toBe(true)
    expect((await call(manager, 'DELETE', `/relay/v1/relay-sessions/${id}`)).status).toBe(204)
  })

  test('of the brokers are answered as not there, and left out of the list', async () => {
    const [ann, eve] = [await keyOf('brokers:use'), await keyOf('brokers:use')]
    await call(ann, 'POST', '/brokers/api/createSession', { sessionName: 'hers', password: 'harbor-demo' })
    const list = async (key: string) => (await call(key, 'GET', '/brokers/v1/sessions')).body.sessions.map(({ name }: Facts) => name)
    expect(await list(ann)).toEqual(['hers'])
    expect(await list(eve)).toEqual([])
    expect(await list(await keyOf('brokers:manage'))).toContain('hers')
    const refused = await call(eve, 'GET', '/brokers/v1/sessions/hers')
    expect(refused).toEqual({ ...(await call(eve, 'GET', '/brokers/v1/sessions/nobody-s')), status: 404 })
    expect((await call(eve, 'POST', '/brokers/v1/sessions/hers/secret')).status).toBe(404)
    expect((await call(ann, 'DELETE', '/brokers/v1/sessions/hers')).status).toBe(204)
  })

  test('of the brokers are open to a key limited to them, which ends with the last', async () => {
    for (const sessionName of ['fleet', 'orders'])
      await call('owner', 'POST', '/brokers/api/createSession', { sessionName, password: 'harbor-demo' })
    const made = await makeKey({ rights: ['brokers:use', 'bots:use'], only: { brokers: ['fleet'] } })
    expect(made).toMatchObject({ only: { brokers: ['fleet'] } })
    const status = async (method: string, path: string, body?: object) => (await call(made.secret, method, `/brokers${path}`, body)).status
    expect([
      await status('GET', '/v1/sessions/fleet'),
      await status('POST', '/v1/sessions/fleet/passes'),
      await status('PATCH', '/v1/sessions/fleet', { suspended: true }),
    ]).toEqual([200, 200, 200])
    for (const [method, path] of [
      ['GET', '/v1/sessions/orders'],
      ['DELETE', '/v1/sessions/orders'],
      ['GET', '/v1/sessions'],
      ['GET', '/api/admin/sessions'],
      ['GET', '/v1/sessions/%66leet%2f..%2forders'],
    ] as const) {
      expect([403, 404], `${method} ${path}`).toContain(await status(method, path))
    }
    const keysNow = async () => (await call('owner', 'GET', '/control/v1/keys')).body.keys.find(({ id }: Facts) => id === made.id)
    expect((await call('owner', 'DELETE', '/brokers/v1/sessions/fleet')).status).toBe(204)
    expect(await keysNow()).toMatchObject({ rights: ['bots:use'], only: {} })
    await call('owner', 'POST', '/brokers/api/createSession', { sessionName: 'fleet', password: 'harbor-demo' })
    expect(await status('GET', '/v1/sessions/fleet')).toBe(403)
    for (const name of ['fleet', 'orders']) await call('owner', 'DELETE', `/brokers/v1/sessions/${name}`)
  })

  test('stay with their maker over a restart, and with a key of the older form everybody’s are seen', async () => {
    const dataDir = house.dataDir
    const ann = await keyOf('brokers:use')
    const { secret: reader } = await makeKey({ scopes: [{ room: 'brokers', verb: 'read' }] })
    await call(ann, 'POST', '/brokers/api/createSession', { sessionName: 'kept', password: 'harbor-demo' })
    await house.end()
    house = await startServer({ dataDir })
    const list = async (key: string) =>
      (await eventually('the brokers answer', async () => (await call(key, 'GET', '/brokers/v1/sessions')).body.sessions as Facts[])).map(
        ({ name }) => name,
      )
    expect(await list(ann)).toEqual(['kept'])
    expect(await list(reader)).toEqual(expect.arrayContaining(['kept', 'of-the-house']))
    expect((await call(reader, 'DELETE', '/brokers/v1/sessions/kept')).status).toBe(403)
  })
})

test('a key tells who holds it what it may do', async () => {
  const { secret } = await makeKey({ rights: ['brokers:use'], from: '127.0.0.0/8' })
  expect((await call(secret, 'GET', '/control/v1/session')).body).toMatchObject({ rights: ['brokers:use'], scopes: [] })
  const { secret: elsewhere } = await makeKey({ rights: ['brokers:use'], from: '192.0.2.0/24' })
  expect((await call(elsewhere, 'GET', '/control/v1/session')).status).toBe(403)
  expect(
    await makeKey({
      scopes: [
        { room: 'bots', verb: 'use', subject: 'gate' },
        { room: 'relay', verb: 'manage' },
      ],
    }),
  ).toMatchObject({ rights: ['bots:use', 'relay:manage'], only: { bots: ['gate'] }, scopes: [] })
})

test('a key with control:manage ends within a week, or is not made and the answer says why', async () => {
  for (const key of [
    { rights: ['control:manage'], expiresAt: null },
    { rights: ['control:manage'], expiresAt: inDays(8) },
    { scopes: [{ room: 'control', verb: 'manage' }], expiresAt: inDays(30) },
  ]) {
    const { status, body } = await call('owner', 'POST', '/control/v1/keys', { name: 'for ever', ...key })
    expect([status, body.error.code, body.error.message]).toEqual([400, 'key-too-lasting', expect.stringContaining('7 days')])
  }
  expect(await makeKey({ rights: ['control:manage'], expiresAt: inDays(7) })).toMatchObject({ rights: ['control:manage'] })
  for (const [name, key] of Object.entries({
    rights: { rights: ['control:manage'] },
    scopes: { scopes: [{ room: 'control', verb: 'manage' }] },
  })) {
    const { status, body: unsaid } = await call('owner', 'POST', '/control/v1/keys', { name: `unsaid, by ${name}`, ...key })
    expect(status).toBe(201)
    expect(Date.parse(unsaid.expiresAt)).toBeLessThanOrEqual(Date.parse(inDays(7)))
  }
  expect(
    await makeKey({
      scopes: [
        { room: 'control', verb: 'read' },
        { room: 'control', verb: 'write' },
      ],
    }),
  ).toMatchObject({ rights: null, expiresAt: null })
})

test.each([
  ['nothing', {}],
  ['both forms', { rights: ['brokers:use'], scopes: [{ room: 'brokers', verb: 'read' }] }],
  [
    'verbs of both forms',
    {
      scopes: [
        { room: 'brokers', verb: 'read' },
        { room: 'brokers', verb: 'use' },
      ],
    },
  ],
  ['a right that is none', { rights: ['brokers:write'] }],
  ['a network that is none', { rights: ['brokers:use'], from: 'office' }],
])('a key that says %s is not made', async (_, key) => {
  expect((await call('owner', 'POST', '/control/v1/keys', { name: 'odd', ...key })).status).toBe(400)
})

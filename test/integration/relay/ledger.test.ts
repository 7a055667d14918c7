/** Credits: never overspent, taken only for what succeeded, on the disk before the caller hears of it. */
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { serveRelay, type Reply, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'

const odd = join(import.meta.dirname, '..', '..', 'fixtures', 'mcp', 'odd-server.ts')
let relay: ServedRelay
let upstream: string
beforeEach(async () => {
  relay = await serveRelay()
  await new Promise((resolve) => setImmediate(resolve))
  upstream = relay.room.upstreamAdmin.create({ name: 'odd', transport: 'stdio', command: process.execPath, args: [odd] }, 'owner').id
  await eventually('it is ready', () => relay.room.upstreamAdmin.list()[0]?.state === 'ready')
})
afterEach(() => relay.stop())

const price = (tool: string, credits: number) => relay.room.upstreamAdmin.changeTool(upstream, tool, { price: credits }, 'owner')
const credits = () => relay.users.get('ann').credits

/** By the short way, or by the long one as a stateless client that can be asked things. */
function call(sessionId: string, name: string, { long = false, args = {} }: { long?: boolean; args?: object } = {}): Promise<Reply> {
  return relay.call('POST', '/mcp', {
    user: null,
    headers: {
      authorization: `Bearer ${sessionId}`,
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: {
      jsonrpc: '2.0',
      id: 7,
      method: 'tools/call',
      params: {
        name,
        arguments: args,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
          'io.modelcontextprotocol/clientCapabilities': long ? { experimental: {} } : {},
        },
      },
    },
  })
}

test.each([false, true])('a hundred calls at once on ten credits succeed exactly ten times (long way: %s)', async (long) => {
  relay.users.change('ann', { credits: 10 }, 'owner')
  price('echo', 1)
  const { sessionId } = await relay.session()
  const replies = await Promise.all(Array.from({ length: 100 }, () => call(sessionId, 'echo', { long, args: { text: 'hello' } })))
  expect(replies.filter(({ status, body }) => status === 200 && body.result.content[0].text === 'hello')).toHaveLength(10)
  const refused = replies.filter(({ status }) => status === 402)
  expect(refused).toHaveLength(90)
  expect(refused[0]?.body).toMatchObject({
    jsonrpc: '2.0',
    id: 7,
    error: { code: -32000, data: { service: 'odd', userCredits: 0, requiredCredits: 1, shortBy: 1 } },
  })
  expect(credits()).toBe(0)
  expect(relay.context.database.prepare('SELECT count(*) AS count, sum(credits) AS credits FROM relay_charges').get()).toEqual({
    count: 10,
    credits: 10,
  })
  const calls = await relay.room.upstreams.get(upstream).request({ method: 'tools/call', params: { name: 'count', arguments: {} } })
  expect(calls['content']).toEqual([{ type: 'text', text: '11' }])
})

test('a call that failed, in words or by the death of its server, costs nothing', async () => {
  for (const tool of ['fail', 'die']) price(tool, 5)
  const { sessionId } = await relay.session()
  expect((await call(sessionId, 'fail')).body.result).toMatchObject({ isError: true })
  expect((await call(sessionId, 'die')).body.error.code).toBe(-32603)
  expect(credits()).toBe(350)
  await eventually('it runs again', () => relay.room.upstreamAdmin.list()[0]?.state === 'ready')
  price('echo', 5)
  expect((await call(sessionId, 'echo')).status).toBe(200)
  expect(credits()).toBe(345)
})

test('a charge that could not be written takes nothing, and the call is still counted', async () => {
  price('echo', 5)
  const { sessionId } = await relay.session()
  relay.context.database.exec("CREATE TRIGGER disk_is_full BEFORE INSERT ON relay_charges BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
  expect((await call(sessionId, 'echo')).status).toBe(500)
  relay.context.database.exec('DROP TRIGGER disk_is_full')
  relay.room.ledger.flush()
  expect([credits(), relay.room.ledger.heldBy('ann')]).toEqual([350, 0])
  expect(relay.context.database.prepare('SELECT calls, failed, credits FROM relay_usage').all()).toEqual([
    { calls: 1, failed: 1, credits: 0 },
  ])
})

test('a disk that refuses for a while ends neither the relay nor what it keeps in mind for it', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const own = await serveRelay()
  onTestFinished(() => own.stop())
  const { database, log } = own.context
  const { sessionId } = await own.session()
  own.room.sessions.validate(sessionId)
  database.exec("CREATE TRIGGER disk_is_full BEFORE UPDATE ON relay_sessions BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
  vi.advanceTimersByTime(5_000)
  await eventually('it is said', () =>
    log.lines.some(({ level, message }) => level === 'error' && message === 'upkeep of the relay failed'),
  )
  database.exec('DROP TRIGGER disk_is_full')
  vi.advanceTimersByTime(5_000)
  expect(database.prepare('SELECT last_used_at FROM relay_sessions').pluck().get()).not.toBeNull()
})

test('a batch pays for each of its calls, and requests that share an id are refused before any runs', async () => {
  price('echo', 5)
  const { sessionUrl } = await relay.session()
  const post = (body: object | object[], headers: Record<string, string> = {}) =>
    relay.call('POST', new URL(sessionUrl).pathname, {
      user: null,
      body,
      headers: { accept: 'application/json, text/event-stream', ...headers },
    })
  const opened = await post({
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
  })
  const of = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  await post({ jsonrpc: '2.0', method: 'notifications/initialized' }, of)
  const echo = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo', arguments: { text: `number ${id}` } } })
  expect((await post([echo(1), echo(2)], of)).body).toContain('number 2')
  expect(credits()).toBe(340)
  expect(await post([echo(3), echo(3), echo(3)], of)).toMatchObject({ status: 400, body: { error: { code: -32600 } } })
  expect(await post([echo(4), { ...echo(4), method: 'tools/list', params: {} }], of)).toMatchObject({ status: 400 })
  expect([credits(), relay.room.ledger.heldBy('ann')]).toEqual([340, 0])
})

test('a tool that only some clients are shown is paid for too, also when it is called before anybody has listed it', async () => {
  const everything = join(
    import.meta.dirname,
    '..',
    '..',
    '..',
    'node_modules',
    '@modelcontextprotocol',
    'server-everything',
    'dist',
    'index.js',
  )
  const { id } = relay.room.upstreamAdmin.create(
    { name: 'everything', transport: 'stdio', command: process.execPath, args: [everything] },
    'owner',
  )
  await eventually('it is ready', () => relay.room.upstreams.get(id).state === 'ready')
  const connect = async (): Promise<Client> => {
    const client = new Client(
      { name: 'test', version: '1.0.0' },
      { capabilities: { sampling: {} }, versionNegotiation: { mode: 'legacy' } },
    )
    client.setRequestHandler('sampling/createMessage', () => ({
      model: 'test',
      role: 'assistant',
      content: { type: 'text', text: 'sampled' },
    }))
    await client.connect(
      new StreamableHTTPClientTransport(new URL((await relay.session({ body: { policy: { upstreams: [id] } } })).sessionUrl)),
    )
    onTestFinished(() => client.close())
    return client
  }
  const sample = { name: 'trigger-sampling-request', arguments: { prompt: 'Say something', maxTokens: 10 } }
  // A list does not wait for a server that takes long to start; the call below does.
  const first = await connect()
  await eventually('it is known', async () => (await first.listTools()).tools.some(({ name }) => name === sample.name))
  relay.room.upstreamAdmin.changeTool(id, sample.name, { price: 5 }, 'owner')
  expect((await (await connect()).callTool(sample)).isError).not.toBe(true)
  expect(credits()).toBe(345)
  relay.users.change('ann', { credits: 4 }, 'owner')
  await expect((await connect()).callTool(sample)).rejects.toThrow('Insufficient credits')
  expect([credits(), relay.room.ledger.heldBy('ann')]).toEqual([4, 0])
})

test('credits are held while a call runs, so that none is spent twice', async () => {
  relay.users.change('ann', { credits: 5 }, 'owner')
  price('slow', 5)
  const { sessionId } = await relay.session()
  const first = call(sessionId, 'slow', { args: { text: 'until count' } })
  await eventually('the first is under way', () => relay.room.ledger.heldBy('ann') === 5)
  expect((await call(sessionId, 'slow')).body.error.data).toEqual({ service: 'odd', userCredits: 0, requiredCredits: 5, shortBy: 5 })
  await relay.room.upstreams.get(upstream).request({ method: 'tools/call', params: { name: 'count', arguments: {} } })
  expect((await first).status).toBe(200)
  expect(credits()).toBe(0)
})

test('a session keeps to the credits and the calls a minute it was given', async () => {
  price('echo', 2)
  const capped = await relay.session({ body: { policy: { maxCredits: 4 } } })
  const statuses = []
  for (let index = 0; index < 3; index += 1) statuses.push((await call(capped.sessionId, 'echo')).status)
  expect(statuses).toEqual([200, 200, 402])
  const slow = await relay.session({ body: { policy: { maxCallsPerMinute: 1 } } })
  expect((await call(slow.sessionId, 'echo')).status).toBe(200)
  const refused = await call(slow.sessionId, 'echo')
  expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, expect.any(Number)])
})

test('usage is counted by account, tool and month, and can be taken elsewhere', async () => {
  price('echo', 3)
  const { sessionId } = await relay.session()
  for (let index = 0; index < 2; index += 1) await call(sessionId, 'echo')
  await call(sessionId, 'fail')
  const { rows } = (await relay.call('GET', '/v1/usage')).body
  expect(rows).toEqual([
    { accountId: 'ann', month: expect.stringMatching(/^\d{4}-\d{2}$/), upstream: 'odd', tool: 'echo', calls: 2, failed: 0, credits: 6 },
    { accountId: 'ann', month: rows[0].month, upstream: 'odd', tool: 'fail', calls: 1, failed: 1, credits: 0 },
  ])
  expect((await relay.call('GET', '/v1/usage.csv')).body).toBe(
    `month,account,server,tool,calls,failed,credits\r\n${rows[0].month},ann,odd,echo,2,0,6\r\n${rows[0].month},ann,odd,fail,1,1,0\r\n`,
  )
})

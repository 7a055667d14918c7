/** MCP servers under supervision: started, lost, given up, ended with all they started, and never in each other's way. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { testClock } from '../../fakes/kernel.ts'
import { openMisbehavingServer } from '../../fakes/misbehaving-server.ts'
import { processesNaming } from '../../fakes/processes.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { startServer } from '../../fakes/server-process.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { reservedPort } from '../../fixtures/ports.ts'
import { inWords } from '../../fakes/words.ts'

const hour = 3_600_000
const odd = join(import.meta.dirname, '..', '..', 'fixtures', 'mcp', 'odd-server.ts')
const stdio = (name: string, ...args: string[]) => ({ name, transport: 'stdio' as const, command: process.execPath, args: [odd, ...args] })

let relay: ServedRelay
beforeEach(async () => {
  relay = await serveRelay({ given: { backOff: [10, 20] } })
  // Servers start right after the listeners, so that these find the room ready for more.
  await new Promise((resolve) => setImmediate(resolve))
})
afterEach(() => relay.stop())

const upstreams = () => relay.room.upstreams
const admin = () => relay.room.upstreamAdmin
const inState = (id: string, state: string) =>
  eventually(`${id} is ${state}`, () =>
    admin()
      .list()
      .find((each) => each.id === id && each.state === state),
  )
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function call(sessionUrl: string, name: string, args: object = {}) {
  const response = await fetch(sessionUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name,
        arguments: args,
        _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} },
      },
    }),
  })
  return response.json()
}

/** The pid that a deaf server writes to its log. */
const childIn = (log: readonly { text: string }[]): number | undefined =>
  log.flatMap(({ text }) => /child (\d+)/.exec(text)?.[1] ?? []).map(Number)[0]

/** Processes whose command line has the marker in it. */
const running = (marker: string): number => processesNaming(marker).length

describe('a stdio server', () => {
  test('is started once, asked what it offers, and shown without its secrets', async () => {
    const { id } = admin().create({ ...stdio('odd'), env: { TOKEN: 'hush' } }, 'owner')
    const view = await inState(id, 'ready')
    expect(view).toMatchObject({ name: 'odd', tools: 6, envNames: ['TOKEN'], protocol: '2025-06-18', error: null })
    expect(JSON.stringify([admin().list(), relay.context.emitted])).not.toContain('hush')
    expect(JSON.stringify(relay.context.database.prepare('SELECT CAST(secrets AS TEXT) AS text FROM relay_upstreams').all())).not.toContain(
      'hush',
    )
  })

  test('is started again after it died, and answers again', async () => {
    const { id } = admin().create(stdio('odd'), 'owner')
    const { pid } = await inState(id, 'ready')
    const { sessionUrl } = await relay.session()
    process.kill(Number(pid), 'SIGKILL')
    await eventually('another process answers', async () => (await admin().list()[0])?.pid !== pid && admin().list()[0]?.state === 'ready')
    expect((await call(sessionUrl, 'echo', { text: 'back' })).result.content).toEqual([{ type: 'text', text: 'back' }])
    expect(admin().list()[0]?.tools).toBe(6)
  })

  test('is left alone after it has died again and again, with its last words, until a person starts it', async () => {
    const { id } = admin().create(stdio('odd', 'crash'), 'owner')
    const failed = await inState(id, 'failed')
    expect(failed.error).toBe('The process ended with code 3: cannot find my settings. Stopped after 3 tries')
    expect(
      upstreams()
        .get(id)
        .log.map(({ text }) => text),
    ).toContain('cannot find my settings')
    expect(relay.context.emitted.map(({ type }) => type)).toContain('upstream-failed')
    expect(inWords(relay.room.attention())[0]).toMatchObject({ tone: 'bad', title: 'Server odd failed' })
    await admin().change(id, { args: [odd, 'plain'] }, 'owner')
    expect((await inState(id, 'ready')).attempts).toBe(0)
  })

  test('started again by a person between two tries is tried and given up like any other', async () => {
    const patient = await serveRelay({ given: { backOff: [3_600_000] } })
    onTestFinished(() => patient.stop())
    await new Promise((resolve) => setImmediate(resolve))
    const { id } = patient.room.upstreamAdmin.create(stdio('odd', 'crash'), 'owner')
    const retrying = () => eventually('it waits for its next try', () => patient.room.upstreams.get(id).state === 'retrying')
    await retrying()
    await patient.room.upstreamAdmin.restart(id, 'owner')
    await retrying()
    expect(patient.room.upstreams.get(id)).toMatchObject({ attempts: 1, error: 'The process ended with code 3: cannot find my settings' })
  })

  test('changed twice, and started again, in the same moment has both changes and one process', async () => {
    const marker = `twice-${process.pid}`
    const { id } = admin().create(stdio('odd', 'plain', marker), 'owner')
    await inState(id, 'ready')
    await Promise.all([
      admin().change(id, { env: { ONE: '1' } }, 'owner'),
      admin().restart(id, 'owner'),
      admin().change(id, { env: { TWO: '2' } }, 'owner'),
    ])
    expect((await inState(id, 'ready')).envNames).toEqual(['ONE', 'TWO'])
    await admin().restart(id, 'owner')
    await inState(id, 'ready')
    expect(running(marker)).toBe(1)
  })

  test('that does not say what tools it has keeps no process for each client that asked', async () => {
    const marker = `listless-${process.pid}`
    const { id } = admin().create(stdio('odd', 'listless', marker), 'owner')
    await inState(id, 'ready')
    const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities: { elicitation: {} } })
    await client.connect(new StreamableHTTPClientTransport(new URL((await relay.session()).sessionUrl)))
    for (let time = 0; time < 3; time += 1) await client.listTools()
    await eventually('only the shared one is left', () => running(marker) === 1)
    await client.close()
  })

  test('that speaks while several call it is heard by none of them', async () => {
    const { id } = admin().create(stdio('odd', 'chatty'), 'owner')
    await inState(id, 'ready')
    const heard: unknown[] = []
    const say = (text: string, more: object = {}) =>
      upstreams()
        .get(id)
        .request({ method: 'tools/call', params: { name: 'slow', arguments: { text } } }, more)
    const onNotification = ({ params }: { params?: Record<string, unknown> | undefined }) => void heard.push(params?.['data'])
    await say('mine alone', { onNotification })
    await Promise.all([say('mine', { onNotification }), say('of another')])
    expect(heard).toEqual(['mine alone'])
  })

  test('that refuses to be watched is asked by everybody who wants to watch', async () => {
    const { id } = admin().create(stdio('odd'), 'owner')
    await inState(id, 'ready')
    for (let time = 0; time < 2; time += 1) await expect(upstreams().get(id).watch('yard://berths')).rejects.toThrow('Method not found')
  })

  test('that cannot be found says so', async () => {
    const { id } = admin().create({ name: 'nowhere', transport: 'stdio', command: '/no/such/program' }, 'owner')
    const { error, remedy, attempts } = await inState(id, 'failed')
    expect(error).toContain('/no/such/program was not found')
    expect(remedy).toContain('Install the program')
    // Another try would find it no more than the first.
    expect(attempts).toBe(1)
  })

  test('is ended with all it started, even when it will not listen', async () => {
    const { id } = admin().create(stdio('odd', 'deaf'), 'owner')
    const { pid } = await inState(id, 'ready')
    // What it writes to its log comes by another way than its answers.
    const child = await eventually('it names its child', () => childIn(upstreams().get(id).log))
    expect(isAlive(child)).toBe(true)
    await admin().remove(id, 'owner')
    expect(isAlive(Number(pid))).toBe(false)
    await eventually('the child is gone', () => !isAlive(child))
  })
})

test('a hung, a dead and an unreachable server keep nobody waiting for the others', async () => {
  const clock = testClock()
  await relay.stop()
  relay = await serveRelay({ clock, given: { backOff: [10, 20] } })
  const port = await reservedPort()
  const { id } = admin().create(stdio('good'), 'owner')
  const hung = admin().create(stdio('hung', 'hang'), 'owner')
  admin().create(stdio('dead', 'crash'), 'owner')
  admin().create({ name: 'gone', transport: 'http', url: `http://127.0.0.1:${port}/mcp` }, 'owner')
  await inState(id, 'ready')
  await eventually('what cannot be reached says why', () =>
    admin()
      .list()
      .some(({ name, error }) => name === 'gone' && error?.startsWith('Connection refused') === true),
  )
  const { sessionUrl } = await relay.session()
  expect((await call(sessionUrl, 'good__echo', { text: 'here' })).result.content[0].text).toBe('here')

  const list = async (): Promise<string[]> => {
    const client = new Client({ name: 'test', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(new URL(sessionUrl)))
    const { tools } = await client.listTools()
    await client.close()
    return tools.map(({ name }) => name)
  }
  const start = Promise.withResolvers<void>()
  const settled = vi.spyOn(upstreams().get(hung.id).clients, 'settledFor').mockReturnValue(start.promise)
  const order: string[] = []
  // A list waits for one that only just starts; by a clock that is an hour back, for an hour and more ...
  clock.advance(-hour)
  const first = list().finally(() => order.push('the first list'))
  await eventually('it waits', () => settled.mock.calls.length > 0)
  // ... and once: whoever asks later is answered with what there is.
  clock.advance(2 * hour)
  expect(await list()).toContain('good__echo')
  order.push('a later list')
  start.resolve()
  expect(await first).toContain('good__echo')
  expect(order).toEqual(['a later list', 'the first list'])
})

test('a remote server that is away comes back with the next call or with another network, however far off its next try is', async () => {
  const patient = await serveRelay({ given: { backOff: [3_600_000] } })
  const far = await openMisbehavingServer('http', { step: 'initialize', manner: 'status 503' })
  onTestFinished(async () => {
    await patient.stop()
    await far.leave()
  })
  await new Promise((resolve) => setImmediate(resolve))
  const { id } = patient.room.upstreamAdmin.create({ name: 'far', transport: 'http', url: far.url }, 'owner')
  const upstream = patient.room.upstreams.get(id)
  const isIn = (state: string, attempts: number) =>
    eventually(`it is ${state}`, () => upstream.state === state && upstream.attempts === attempts)
  await isIn('retrying', 1)
  expect(patient.room.upstreamAdmin.list()[0]).toMatchObject({ error: 'It answers 503', remedy: null, nextTry: expect.any(String) })
  patient.room.upstreams.woken()
  await isIn('retrying', 2)
  const { sessionUrl } = await patient.session()
  far.trouble = { step: 'nowhere', manner: 'nothing' }
  expect((await call(sessionUrl, 'echo')).result.content[0].text).toBe('here')
  // Away again in the middle of its life: the call that finds it so fails, the next one brings it back.
  far.trouble = { step: 'tools/call', manner: 'cut' }
  expect((await call(sessionUrl, 'echo')).error).toBeDefined()
  far.trouble = { step: 'nowhere', manner: 'nothing' }
  expect((await call(sessionUrl, 'echo')).result.content[0].text).toBe('here')
})

test('no server outlives a relay that was killed', async () => {
  const house = await startServer()
  try {
    const made = await house.call('/control/v1/upstreams', { method: 'POST', json: stdio('deaf', 'deaf') })
    expect(made.status).toBe(201)
    const ready = await eventually('it is ready', async () => {
      const { upstreams: list } = (await (await house.call('/control/v1/upstreams')).json()) as {
        upstreams: { id: string; state: string; pid: number }[]
      }
      return list.find(({ state }) => state === 'ready')
    })
    const child = await eventually('it names its child', async () => {
      const log = await house.call(`${house.ready.apis['relay']?.url}/v1/upstreams/${ready.id}/log`)
      return childIn(((await log.json()) as { lines: { text: string }[] }).lines)
    })
    expect([isAlive(ready.pid), isAlive(child)]).toEqual([true, true])
    await house.end('SIGKILL')
    await eventually('both are gone', () => !isAlive(ready.pid) && !isAlive(child))
  } finally {
    await house.dispose()
  }
})

test('a remote server that forgot our session is greeted again, and the call succeeds', async () => {
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
  const port = await reservedPort()
  const start = async () => {
    const child = spawn(process.execPath, [everything, 'streamableHttp'], { env: { ...process.env, PORT: String(port) }, stdio: 'ignore' })
    await eventually('it listens', () =>
      fetch(`http://127.0.0.1:${port}/mcp`).then(
        () => true,
        () => false,
      ),
    )
    return child
  }
  const end = (child: Awaited<ReturnType<typeof start>>) => new Promise((resolve) => (child.once('exit', resolve), child.kill('SIGKILL')))
  let child = await start()
  try {
    const { id } = admin().create({ name: 'everything', transport: 'http', url: `http://127.0.0.1:${port}/mcp` }, 'owner')
    await inState(id, 'ready')
    const { sessionUrl } = await relay.session()
    expect((await call(sessionUrl, 'echo', { message: 'one' })).result.content[0].text).toBe('Echo: one')
    await end(child)
    child = await start()
    expect((await call(sessionUrl, 'echo', { message: 'two' })).result?.content[0].text).toBe('Echo: two')
  } finally {
    await end(child)
  }
})

test.each(['expired', 'removed with its account'])(
  'a session that was %s leaves its clients no say in what becomes of servers',
  async (how) => {
    const { id } = admin().create(stdio('odd'), 'owner')
    await inState(id, 'ready')
    const client = new Client({ name: 'test', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(new URL((await relay.session()).sessionUrl)))
    if (how === 'expired') {
      relay.context.database.prepare('UPDATE relay_sessions SET expires_at = 1').run()
      expect((await relay.call('POST', '/api/sessions/cleanup', { user: null })).body.data.count).toBe(1)
      expect((await relay.room.gateway()).clients).toBe(0)
    } else relay.users.remove('ann', 'owner')
    expect(admin().changeTool(id, 'echo', { price: 3 }, 'owner').price).toBe(3)
    await client.close()
  },
)

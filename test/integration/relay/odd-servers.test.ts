/** Servers as people run them, each odd in its own way: every one that can work does, and one that cannot says why. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { bodyOf, openMisbehavingServer, type Manner } from '../../fakes/misbehaving-server.ts'
import { isAlive } from '../../fakes/processes.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'
import { reservedPort } from '../../fixtures/ports.ts'

const script = join(import.meta.dirname, '..', '..', 'fixtures', 'mcp', 'odd-starts.ts')
const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-test-'))

let relay: ServedRelay
beforeAll(async () => {
  relay = await serveRelay({ given: { backOff: [10] } })
  await new Promise((resolve) => setImmediate(resolve))
})
afterAll(async () => {
  await relay.stop()
  rmSync(folder, { recursive: true, force: true })
})

const upstream = (id: string) => relay.room.upstreams.get(id)
let made = 0
function add(definition: object): { id: string; name: string; notes: () => string[] } {
  const name = `odd-${(made += 1)}`
  const file = join(folder, name)
  const command = 'args' in definition && { transport: 'stdio', command: process.execPath }
  const given: Record<string, unknown> = { name, ...command, ...definition }
  if (Array.isArray(given['args'])) given['args'] = [script, ...given['args'], file]
  const { id } = relay.room.upstreamAdmin.create(given as never, 'owner')
  return { id, name, notes: () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []) }
}
const starts = (notes: string[]): number => notes.filter((line) => line.startsWith('start')).length
const reaches = (id: string, state: string) => eventually(`${id} is ${state}`, () => upstream(id).state === state)
const says = async (id: string): Promise<unknown> =>
  ((await upstream(id).request({ method: 'tools/call', params: { name: 'echo', arguments: {} } }))['content'] as { text: string }[])[0]
    ?.text

describe('over standard streams a server', () => {
  test.each([
    ['prints a banner and a prompt first', 'banner'],
    ['prints what is no message between its messages', 'noise'],
    ['ends its lines as Windows does', 'crlf'],
    ['forks, and leaves the work to its child', 'forks'],
    ['speaks the newest revision alone', 'modern'],
    ['sends several messages in one, as an older revision has it', 'batch'],
    ['is silent about what it does not know', 'silent'],
    ['ends when it is asked anything before it is greeted', 'exits'],
  ])('that %s is ready at once and answers', async (_, manner) => {
    const { id } = add({ args: [manner] })
    await reaches(id, 'ready')
    expect(await says(id)).toBe('here')
    expect(upstream(id)).toMatchObject({ attempts: 0, protocol: manner === 'modern' ? '2026-07-28' : '2025-06-18' })
  })

  test('that closes its output and runs on is ended, and started anew', async () => {
    const { id, notes } = add({ args: ['closes'] })
    await reaches(id, 'ready')
    await expect(says(id)).rejects.toThrow('Connection closed')
    await eventually('it runs again', () => starts(notes()) === 2 && upstream(id).state === 'ready')
    expect(upstream(id).log.map(({ text }) => text)).toContain('It closed its output')
  })

  test('whose lines are a megabyte long loses none of it', async () => {
    const { id } = add({ args: ['long'] })
    await reaches(id, 'ready')
    expect(upstream(id).catalogue.tools[0]?.description).toHaveLength(1_048_576)
    expect(await says(id)).toHaveLength(1_048_576)
  })

  test('that ended when it was asked is greeted at once the next time, also after a restart of the program', async () => {
    const { id, notes } = add({ args: ['exits'] })
    await reaches(id, 'ready')
    expect(starts(notes())).toBe(2)
    expect(upstream(id).log.map(({ text }) => text)).toContainEqual(expect.stringContaining('started anew without that question'))
    await upstream(id).restart()
    await reaches(id, 'ready')
    expect(starts(notes())).toBe(3)

    await relay.room.stop()
    await relay.room.start()
    await eventually('it is placed again', () => relay.room.upstreams.all().some(({ definition }) => definition.id === id))
    await reaches(id, 'ready')
    expect(starts(notes())).toBe(4)

    // Set up anew it may be another program.
    await relay.room.upstreamAdmin.change(id, { env: { PORT: '1' } }, 'owner')
    await reaches(id, 'ready')
    expect(starts(notes())).toBe(6)
  })

  test('that was treated otherwise, and runs the same, is still known', async () => {
    const { id, notes } = add({ args: ['exits'] })
    await reaches(id, 'ready')
    await relay.room.upstreamAdmin.change(id, { options: { startTimeout: 90 } }, 'owner')
    await reaches(id, 'ready')
    expect(starts(notes())).toBe(3)
  })

  test('that holds a port is never run twice at once', async () => {
    const port = await reservedPort()
    const { id } = add({ args: ['port', String(port)] })
    await reaches(id, 'ready')
    await upstream(id).restart()
    await reaches(id, 'ready')
    expect(await says(id)).toBe('here')
    expect(upstream(id).attempts).toBe(0)
  })

  test('whose port is taken by another says the code it ended with', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void holder.close())
    await new Promise((resolve) => holder.once('listening', resolve))
    const { id } = add({ args: ['port', String((holder.address() as { port: number }).port)] })
    await reaches(id, 'failed')
    expect(upstream(id).error).toContain('ended with code 98')
  })

  test('that ends with its input alone has ended when it is stopped, without a signal', async () => {
    const { id, notes } = add({ args: ['stdin'] })
    await reaches(id, 'ready')
    await upstream(id).stop()
    expect(notes()).toContain('input ended')
    expect(notes()).not.toContain('signal')
  })

  test('that forks is ended with its children', async () => {
    const { id, notes } = add({ args: ['forks'] })
    await reaches(id, 'ready')
    const child = Number(
      notes()
        .find((line) => line.startsWith('grandchild'))
        ?.split(' ')[1],
    )
    expect(isAlive(child)).toBe(true)
    await upstream(id).stop()
    await eventually('the grandchild has ended', () => !isAlive(child))
  })

  test('that cannot work says its code and its last words, and no try after the first runs it twice', async () => {
    const { id, notes } = add({ args: ['broken'] })
    await reaches(id, 'failed')
    expect(upstream(id).error).toBe('The process ended with code 7: Error: the variable HARBOR_KEY is not set. Stopped after 2 tries')
    expect(starts(notes())).toBe(3)
  })
})

describe('a command', () => {
  const program = (file: string, text: string): void => writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  const bin = join(folder, 'bin')
  beforeAll(() => {
    mkdirSync(bin)
    program(join(bin, 'harbor-run'), `exec '${process.execPath}' '${script}' plain`)
    program(join(folder, 'shell'), `echo Welcome; PATH='${bin}'; export PATH; eval "$2"`)
    vi.stubEnv('SHELL', join(folder, 'shell'))
  })
  afterAll(() => vi.unstubAllEnvs())

  test('that only the login shell finds is run', async () => {
    const { id } = add({ transport: 'stdio', command: 'harbor-run' })
    await reaches(id, 'ready')
    expect(await says(id)).toBe('here')
  })

  test('that nobody finds says where it was looked for, and what to do', async () => {
    const { id } = add({ transport: 'stdio', command: 'harbor-nowhere' })
    await reaches(id, 'failed')
    expect(upstream(id).error).toMatch(/^harbor-nowhere was not found; looked in \/\w/)
    expect(upstream(id).remedy).toContain('Install the program')
  })
})

describe('a remote server of the older era', () => {
  const manners: [string, Manner][] = [
    ['knows no such page', 'status 404'],
    ['does not allow it', 'status 405'],
    ['calls it a bad request', 'status 400'],
    ['wants a sign-in for it', 'status 401'],
    ['breaks', 'status 500'],
    ['shows a web page', 'a web page'],
    ['sends what is no JSON', 'not json'],
    ['cuts the connection', 'cut'],
    ['never answers', 'silence'],
  ]
  test.each(manners)('that %s when it is asked for the newer one is ready and answers', async (_, manner) => {
    const server = await openMisbehavingServer('http', { step: 'server/discover', manner })
    onTestFinished(() => server.leave())
    const { id } = add({ transport: 'http', url: server.url })
    await reaches(id, 'ready')
    expect(await says(id)).toBe('here')
    expect(upstream(id)).toMatchObject({ attempts: 0, protocol: '2025-06-18', state: 'ready' })
  })

  test.each(manners)('by the older stream, and %s for what it does not know, is ready and answers', async (_, manner) => {
    const server = await openMisbehavingServer('sse', { step: 'server/discover', manner })
    onTestFinished(() => server.leave())
    const { id } = add({ transport: 'sse', url: server.url })
    await reaches(id, 'ready')
    expect(await says(id)).toBe('here')
  })
})

describe('a remote server', () => {
  test('whose stream ends without the answer fails that call at once, and no other', async () => {
    const server = await openMisbehavingServer('http', { step: 'tools/call', manner: 'unanswered stream' })
    onTestFinished(() => server.leave())
    const { id } = add({ transport: 'http', url: server.url })
    await reaches(id, 'ready')
    await expect(says(id)).rejects.toThrow('cut before the answer came')
    server.trouble = { step: 'nowhere', manner: 'silence' }
    expect([await says(id), upstream(id).attempts]).toEqual(['here', 0])
    await upstream(id).stop()
    expect(server.goodbyes).toEqual(['session-1'])
  })

  test.each([
    ['has its answer', 200],
    ['is told that its session is lost, and that call is made again', 404],
  ])('whose announcements are heard no more is greeted anew when the call under way %s', async (_, status) => {
    const server = await openForgetfulServer()
    onTestFinished(() => server.leave())
    const { id } = add({ transport: 'http', url: server.url })
    await reaches(id, 'ready')
    await eventually('its announcements are listened to', () => server.stream !== null)
    const answer = says(id)
    const finish = await eventually('the call is there', () => server.finish)
    server.stream?.destroy()
    await eventually('the stream is given up', () => upstream(id).log.some(({ text }) => text.startsWith('Maximum reconnection')))
    expect(upstream(id).state).toBe('ready')
    finish(status)
    expect(await answer).toBe('here')
    await eventually('it is greeted anew', () => server.greetings === 2 && upstream(id).state === 'ready')
  })
})

/** Its stream of announcements opens once, its first call waits for `finish`. */
async function openForgetfulServer() {
  const made = {
    url: '',
    greetings: 0,
    stream: null as ServerResponse | null,
    finish: undefined as ((status: number) => void) | undefined,
    leave: () => stopServer(server),
  }
  const server = createHttpServer(async (request, response) => {
    if (request.method === 'DELETE') return void response.writeHead(200).end()
    if (request.method === 'GET' && made.stream !== null) return void response.writeHead(400).end()
    if (request.method === 'GET') {
      made.stream = response.writeHead(200, { 'content-type': 'text/event-stream' })
      return response.flushHeaders()
    }
    const message = JSON.parse(await text(request))
    if (message.method === 'initialize') made.greetings += 1
    const body = bodyOf(message)
    if (body === null) return void response.writeHead(202).end()
    const end = (status: number): void =>
      void response.writeHead(status, { 'content-type': 'application/json', 'mcp-session-id': `session-${made.greetings}` }).end(body)
    if (message.method !== 'tools/call' || made.finish !== undefined) return end(200)
    made.finish = end
  })
  made.url = `${await listenOnLoopback(server)}/mcp`
  return made
}

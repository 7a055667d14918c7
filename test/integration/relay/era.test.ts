/** Plain calls that are cancelled, dropped, taken up again, ended with their client: the same on the short way and on that of the SDK. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawMcpClient, statelessCall, type RawAnswer } from '../../fakes/raw-mcp-client.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'

const fixture = join(import.meta.dirname, '..', '..', 'fixtures', 'mcp', 'long-server.ts')
const price = 5

describe.each([
  ['the short way', true],
  ['the way of the SDK', false],
] as const)('on %s', (_, lean) => {
  let relay: ServedRelay
  let sessionUrl: string
  let folder: string
  let journal: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wheelhouse-era-'))
    journal = join(folder, 'journal')
    writeFileSync(journal, '')
    relay = await serveRelay({ given: { lean } })
    relay.users.create({ id: 'ben', primaryEmail: 'ben@example.test', credits: 10 }, 'owner')
    const { id } = relay.room.upstreamAdmin.create(
      { name: 'long', transport: 'stdio', command: process.execPath, args: [fixture, journal] },
      'owner',
    )
    await eventually('the server is ready', () => relay.room.upstreams.get(id).state === 'ready')
    for (const name of ['wait', 'log']) relay.room.upstreamAdmin.changeTool(id, name, { price }, 'owner')
    sessionUrl = (await relay.session()).sessionUrl
  })
  afterAll(async () => {
    await relay.stop()
    rmSync(folder, { recursive: true })
  })

  const credits = (): number => relay.users.find('ann')?.credits ?? 0
  const noted = (line: string): boolean => readFileSync(journal, 'utf8').split('\n').includes(line)
  const isWaiting = (name: string) => eventually(`${name} waits`, () => noted(`wait ${name}`))
  const isCancelled = (name: string) => eventually(`${name} is cancelled`, () => noted(`cancel ${name}`))
  const release = async (name: string) => (await new RawMcpClient(sessionUrl).initialize()).said('release', { name })
  /** A call that waits at the server, with the id of the first event of its answer. */
  async function begin(client: RawMcpClient, name: string, id?: unknown): Promise<{ answer: RawAnswer; eventId: string }> {
    const answer = await client.call('wait', { name }, id)
    await isWaiting(name)
    const first = await answer.next()
    expect(first).toEqual({ id: expect.any(String), message: null })
    return { answer, eventId: first?.id ?? '' }
  }

  test('a call that its client takes back ends at the server and costs nothing', async () => {
    const client = await new RawMcpClient(sessionUrl).initialize()
    const before = credits()
    const { answer } = await begin(client, 'taken back', 'mine')
    expect(await client.notify('notifications/cancelled', { requestId: 'mine', reason: 'changed my mind' })).toBe(202)
    expect(await answer.rest()).toEqual([{ jsonrpc: '2.0', id: 'mine', error: { code: -32800, message: 'Request cancelled' } }])
    await isCancelled('taken back')
    expect(credits()).toBe(before)
    expect(await client.notify('notifications/cancelled', { requestId: 'mine' })).toBe(202)
  })

  test('a lost connection cancels nothing: the answer is there for who comes back with the last event', async () => {
    const client = await new RawMcpClient(sessionUrl).initialize()
    const before = credits()
    const { answer, eventId } = await begin(client, 'lost')
    answer.drop()
    await release('lost')
    const [message] = await eventually('the answer is kept', async () => {
      const messages = await (await client.resume(eventId)).rest()
      return messages.length > 0 ? messages : null
    })
    expect(message?.result?.content?.[0]?.text).toBe('lost is done')
    expect(noted('cancel lost')).toBe(false)
    expect(credits()).toBe(before - price)
  })

  test('who comes back early waits for the answer there', async () => {
    const client = await new RawMcpClient(sessionUrl).initialize()
    const { answer, eventId } = await begin(client, 'early')
    answer.drop()
    const again = await eventually('the stream is free', async () => {
      const resumed = await client.resume(eventId)
      return resumed.status === 200 ? resumed : null
    })
    await release('early')
    expect((await again.rest()).map(({ result }) => result?.content?.[0]?.text)).toEqual(['early is done'])
  })

  test('deleting the protocol session ends what runs in it and gives the price back', async () => {
    const client = await new RawMcpClient(sessionUrl).initialize()
    const before = credits()
    const { answer } = await begin(client, 'deleted')
    expect(await client.end()).toBe(200)
    expect(await answer.rest()).toEqual([])
    await isCancelled('deleted')
    expect(credits()).toBe(before)
    expect((await client.call('log')).status).toBe(404)
  })

  test('a session that is revoked ends what runs in it, in both eras', async () => {
    const { sessionId, sessionUrl: own } = await relay.session()
    const client = await new RawMcpClient(own).initialize()
    const before = credits()
    const { answer } = await begin(client, 'revoked')
    const listening = await client.listen()
    const stateless = statelessCall(own, 'wait', { name: 'revoked too' })
    await isWaiting('revoked too')
    await relay.call('DELETE', `/api/sessions/${sessionId}`)
    await isCancelled('revoked')
    await isCancelled('revoked too')
    expect(await answer.rest()).toEqual([])
    expect(await listening.rest()).toEqual([])
    await stateless.then((ended) => ended.rest()).catch(() => undefined)
    expect(credits()).toBe(before)
  })

  test.each([
    ['plain', {}],
    ['that can be asked', { elicitation: {} }],
  ])('a stateless client, %s, cancels by closing its stream', async (kind, capabilities) => {
    const before = credits()
    const gone = new AbortController()
    const name = `closed ${kind}`
    const call = statelessCall(sessionUrl, 'wait', { name }, capabilities, gone.signal)
    call.catch(() => undefined)
    await isWaiting(name)
    gone.abort()
    await isCancelled(name)
    expect(credits()).toBe(before)
  })

  test('an older client is given no event without data, and events carry ids all the same', async () => {
    const client = await new RawMcpClient(sessionUrl, '2025-06-18').initialize()
    const answer = await client.call('log')
    const first = await answer.next()
    expect(first?.id).toEqual(expect.any(String))
    expect(first?.message?.params?.level).toBe('debug')
    expect((await answer.rest()).at(-1)?.result?.content?.[0]?.text).toBe('logged')
  })

  const mebibyte = 1_048_576
  test('arguments and answers of many MiB pass in both eras', async () => {
    const client = await new RawMcpClient(sessionUrl).initialize()
    const large = 8 * mebibyte
    expect(await client.said('measure', { text: 'x'.repeat(large) })).toBe(String(large))
    expect((await client.said('fill', { count: large })).length).toBe(large)
    const [stateless] = await (await statelessCall(sessionUrl, 'measure', { text: 'x'.repeat(large) })).rest()
    expect(stateless?.result?.content?.[0]?.text).toBe(String(large))
  })

  test('what is larger than the house allows is refused with 413, by the limit of now', async () => {
    const client = await new RawMcpClient(sessionUrl).initialize()
    const text = 'x'.repeat(2 * mebibyte)
    relay.context.change({ relay: { maxRequestSize: 1 } })
    for (const answer of [await client.call('measure', { text }), await statelessCall(sessionUrl, 'measure', { text })]) {
      expect(answer.status).toBe(413)
      expect(await answer.rest()).toEqual([
        { jsonrpc: '2.0', id: null, error: { code: -32600, message: `The body may have at most ${mebibyte} bytes` } },
      ])
    }
    relay.context.change({ relay: { maxRequestSize: 32 } })
    expect(await client.said('measure', { text })).toBe(String(text.length))
  })

  /** The levels a client is told of in one call. */
  async function heard(client: RawMcpClient): Promise<unknown[]> {
    const messages = await (await client.call('log')).rest()
    return messages.flatMap(({ method, params }) => (method === 'notifications/message' ? [params?.level] : []))
  }

  test('a server is told the lowest log level that anybody wants, and each client hears what it asked for', async () => {
    const [loud, quiet, unasked] = await Promise.all([1, 2, 3].map(() => new RawMcpClient(sessionUrl).initialize()))
    if (loud === undefined || quiet === undefined || unasked === undefined) throw new TypeError('there are three')
    await (await quiet.request('logging/setLevel', { level: 'error' })).rest()
    expect(noted('level error')).toBe(true)
    await (await loud.request('logging/setLevel', { level: 'debug' })).rest()
    expect(noted('level debug')).toBe(true)
    expect((await heard(loud))[0]).toBe('debug')
    expect(await heard(quiet)).toEqual(['error', 'critical', 'alert', 'emergency'])
    expect((await heard(unasked))[0]).toBe('info')
    writeFileSync(journal, '')
    await relay.room.upstreamAdmin.restart(relay.room.upstreams.all()[0]?.definition.id ?? '', 'owner')
    await eventually('the new process is told too', () => noted('level debug'))
    await loud.end()
    await eventually('what nobody wants any more is not said', () => noted('level error'))
    await quiet.end()
    await eventually('all are gone', () => noted('level info'))
  })

  test('what a server logs outside of any call is heard by those that asked for it, while they are all of one account', async () => {
    const { sessionUrl: own } = await relay.session({ user: 'ann' })
    const [loud, quiet, unasked] = await Promise.all([1, 2, 3].map(() => new RawMcpClient(own).initialize()))
    if (loud === undefined || quiet === undefined || unasked === undefined) throw new TypeError('there are three')
    await (await loud.request('logging/setLevel', { level: 'info' })).rest()
    await (await quiet.request('logging/setLevel', { level: 'critical' })).rest()
    const streams = await Promise.all([loud, quiet, unasked].map((client) => client.listen()))
    const heardOf = (index: number) => streams[index]?.next().then((event) => event?.message?.params?.data ?? event?.message?.method)
    const server = relay.room.upstreams.all().find(({ definition }) => definition.name === 'long')
    const log = (): void => void process.kill(server?.pid ?? 0, 'SIGUSR2')
    const mark = (): void => {
      const id = server?.definition.id ?? ''
      for (const enabled of [false, true]) relay.room.upstreamAdmin.changeTool(id, 'fill', { enabled }, 'owner')
    }
    log()
    expect([await heardOf(0), await heardOf(0)]).toEqual(['said by itself at warning', 'said by itself at critical'])
    expect(await heardOf(1)).toBe('said by itself at critical')
    mark()
    expect(await heardOf(2)).toBe('notifications/tools/list_changed')

    const { sessionUrl: foreign } = await relay.session({ user: 'ben' })
    const other = await new RawMcpClient(foreign).initialize()
    await (await other.request('logging/setLevel', { level: 'info' })).rest()
    const elsewhere = await other.listen()
    log()
    // Its answer comes behind what it has logged.
    await other.said('measure', { text: '' })
    mark()
    expect((await elsewhere.next())?.message?.method).toBe('notifications/tools/list_changed')
    await other.end()
    for (const client of [loud, quiet, unasked]) await client.end()
  })

  test('a stateless request is told from the level in its own metadata', async () => {
    const answer = await statelessCall(sessionUrl, 'log', {}, {}, undefined, { 'io.modelcontextprotocol/logLevel': 'critical' })
    const levels = (await answer.rest()).flatMap(({ params }) => params?.level ?? [])
    expect(levels).toEqual(['critical', 'alert', 'emergency'])
  })

  test('a client goes on after a restart with the session it has, and with what it had asked for', async () => {
    const client = await new RawMcpClient(sessionUrl).initialize()
    const gone = await new RawMcpClient(sessionUrl).initialize()
    await (await client.request('logging/setLevel', { level: 'alert' })).rest()
    await relay.room.stop()
    await relay.room.start()
    await eventually('the server is ready', () => relay.room.upstreams.all().some(({ state }) => state === 'ready'))
    const both = await Promise.all([client.request('tools/list'), client.call('log')])
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    expect((await both[0].rest())[0]?.result?.['tools']).toHaveLength(5)
    await both[1].rest()
    expect(await heard(client)).toEqual(['alert', 'emergency'])
    expect(await gone.end()).toBe(200)
    expect((await gone.call('log')).status).toBe(404)
    const { sessionUrl: foreign } = await relay.session()
    expect((await new RawMcpClient(foreign, '2025-11-25', client.session).call('log')).status).toBe(404)
    await client.end()
  })
})

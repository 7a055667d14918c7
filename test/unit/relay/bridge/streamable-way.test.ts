/** The way of a client's messages to a relay that is away, slow, forgetful or rude, for clients that are no better. */
import { expect, test } from 'vitest'
import { isObject, methodOf, requestIdOf, type Json } from '../../../../server/relay/bridge/messages.ts'
import { StreamableWay, type Fetch } from '../../../../server/relay/bridge/streamable-way.ts'

/** All that can happen without anybody's doing has. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

const failed = (code: string) => new TypeError('fetch failed', { cause: { code } })
const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
const request = (id: number, method: string, params: Json = {}): Json => ({ jsonrpc: '2.0', id, method, params })
const call = (id: number, params: Json = {}): Json => request(id, 'tools/call', { name: 'pay', ...params })
const taken = (requestId: number): Json => ({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } })
const initialized: Json = { jsonrpc: '2.0', method: 'notifications/initialized' }
const hello = (id: number, name = 'ann'): Json => request(id, 'initialize', { protocolVersion: '2025-11-25', clientInfo: { name } })

const aborted = (signal: AbortSignal | null | undefined): Promise<never> =>
  new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }))

/** A relay as the gateway is one: of the session era only within a protocol session, and none that it does not know. */
function fakeRelay() {
  const sessions = new Set<string>()
  const heard: string[] = []
  const hellos: unknown[] = []
  const streams = new Map<string, ReadableStreamDefaultController<Uint8Array>>()
  let [opened, isAway] = [0, false]
  /** What the next request of a method meets in place of an answer; one promise for each time. */
  const mishaps = new Map<string, (() => Promise<Response | null>)[]>()
  const relay = {
    ...{ sessions, heard, hellos, streams },
    leave: () => void (isAway = true),
    comeBack: () => void (isAway = false),
    next: (method: string, mishap: () => Promise<Response | null>) => void mishaps.set(method, [...(mishaps.get(method) ?? []), mishap]),
    fetch: (async (_url, { method, body, headers, signal }) => {
      if (isAway) throw failed('ECONNREFUSED')
      signal?.throwIfAborted()
      const message: unknown = typeof body === 'string' ? JSON.parse(body) : undefined
      const session = new Headers(headers).get('mcp-session-id')
      const what = [methodOf(message) ?? (Array.isArray(message) ? 'batch' : method), requestIdOf(message)].filter(
        (each) => each !== undefined,
      )
      heard.push(what.join(' '))
      const given = mishaps.get(String(what[0]))?.shift()
      const instead = given === undefined ? null : await Promise.race([given(), aborted(signal)])
      if (instead !== null) return instead
      if (methodOf(message) === 'initialize') {
        hellos.push(isObject(message) ? message['params'] : undefined)
        const id = `s${(opened += 1)}`
        sessions.add(id)
        return Response.json(
          { jsonrpc: '2.0', id: requestIdOf(message), result: { protocolVersion: '2025-11-25' } },
          { headers: { 'mcp-session-id': id } },
        )
      }
      const isStateless = new Headers(headers).get('mcp-method') !== null
      if (!isStateless && session === null)
        return new Response('{"error":{"code":-32000,"message":"Mcp-Session-Id is missing"}}', { status: 400 })
      if (!isStateless && !sessions.has(session ?? '')) return new Response('', { status: 404 })
      if (method === 'DELETE') sessions.delete(session ?? '')
      if (method === 'GET')
        return new Response(new ReadableStream<Uint8Array>({ start: (stream) => void streams.set(session ?? '', stream) }), {
          headers: { 'content-type': 'text/event-stream' },
        })
      const id = requestIdOf(message)
      return id === undefined ? new Response(null, { status: 202 }) : Response.json({ jsonrpc: '2.0', id, result: {} })
    }) satisfies Fetch,
  }
  return relay
}

/** A client whose patience the test holds: `tryAgain` lets what waits for the relay go on. */
function connected(relay: ReturnType<typeof fakeRelay>, isPatient = true) {
  const heard: Json[] = []
  const waiting: (() => void)[] = []
  const way = new StreamableWay({
    ...{ url: () => new URL('http://relay.example.test/mcp'), headers: {}, fetch: relay.fetch },
    hear: (message) => void heard.push(message as Json),
    async again(_attempt, signal) {
      if (!isPatient) return false
      await Promise.race([new Promise<void>((resolve) => void waiting.push(resolve)), aborted(signal)])
      return true
    },
  })
  return {
    ...{ way, heard },
    tryAgain: async () => {
      for (const goOn of waiting.splice(0)) goOn()
      await settled()
    },
    answered: () =>
      heard.filter(({ id }) => id !== undefined).map(({ id, error }) => (error === undefined ? id : [id, (error as Json)['message']])),
  }
}

const clear = (relay: { heard: string[] }): void => void relay.heard.splice(0)

async function begun() {
  const relay = fakeRelay()
  const client = connected(relay)
  await client.way.send(hello(1))
  await client.way.send(initialized)
  await settled()
  client.heard.splice(0)
  clear(relay)
  return { relay, ...client }
}

for (const [era, params] of [
  ['the session era', {}],
  ['2026-07-28', { _meta: meta }],
] as const)
  test(`a call that is taken back while the relay is away is not made when it is back (${era})`, async () => {
    const { relay, way, heard, tryAgain } = await begun()
    relay.leave()
    const sent = way.send(call(7, params))
    const kept = way.send(call(8, params))
    await settled()
    await way.send(taken(7))
    await sent
    relay.comeBack()
    await tryAgain()
    await kept
    expect(relay.heard).toEqual(['tools/call 8'])
    expect(heard.map(({ id }) => id)).toEqual([8])
  })

test('a call that waits for its protocol session is taken back before it is made', async () => {
  const relay = fakeRelay()
  const { way, tryAgain, answered } = connected(relay)
  relay.leave()
  const sent = way.send(call(7))
  const kept = way.send(request(8, 'tools/list'))
  await settled()
  await way.send(taken(7))
  relay.comeBack()
  await tryAgain()
  await Promise.all([sent, kept])
  expect(relay.heard).not.toContain('tools/call 7')
  expect(relay.heard).not.toContain('notifications/cancelled')
  expect(answered()).toEqual([8])
})

test('what has reached the relay is taken back there, once, and not asked again', async () => {
  const { relay, way, heard } = await begun()
  relay.next('tools/call', () => new Promise(() => undefined))
  const sent = way.send(call(7))
  await settled()
  await way.send(taken(7))
  await sent
  expect(relay.heard).toEqual(['tools/call 7', 'notifications/cancelled'])
  expect(heard).toEqual([])
})

test('a relay that cannot be reached for a moment is greeted again, for a client that does not introduce itself', async () => {
  const relay = fakeRelay()
  const patient = connected(relay)
  relay.leave()
  const first = patient.way.send(request(1, 'tools/list'))
  await settled()
  relay.comeBack()
  await patient.tryAgain()
  await first
  await patient.way.send(request(2, 'tools/list'))
  expect(patient.answered()).toEqual([1, 2])

  const hasty = connected(relay, false)
  relay.leave()
  await hasty.way.send(request(1, 'tools/list'))
  relay.comeBack()
  await hasty.way.send(request(2, 'tools/list'))
  expect(hasty.answered()).toEqual([[1, expect.stringContaining('cannot be reached')], 2])
})

test('a call is made, and once, where only the greeting before it was cut', async () => {
  const relay = fakeRelay()
  const { way, tryAgain, answered } = connected(relay)
  relay.next('initialize', () => Promise.reject(failed('UND_ERR_SOCKET')))
  const sent = way.send(call(7))
  await settled()
  await tryAgain()
  await sent
  expect(relay.heard.filter((each) => each === 'tools/call 7')).toHaveLength(1)
  expect(answered()).toEqual([7])
})

test('a client that says everything at once is answered as one that waits for the answer to its hello', async () => {
  const relay = fakeRelay()
  const { way, answered, tryAgain } = connected(relay)
  relay.leave()
  const all = [hello(1), initialized, request(2, 'tools/list')].map((message) => way.send(message))
  await settled()
  relay.comeBack()
  await tryAgain()
  await Promise.all(all)
  expect(answered()).toEqual([1, 2])
  expect(relay.hellos).toHaveLength(1)

  const hasty = connected(relay, false)
  relay.leave()
  await Promise.all([hello(1), initialized, request(2, 'tools/list')].map((message) => hasty.way.send(message)))
  relay.comeBack()
  await hasty.way.send(request(3, 'tools/list'))
  const cannot = expect.stringContaining('cannot be reached')
  expect(hasty.answered()).toEqual([[1, cannot], [2, cannot], 3])
})

test('a relay that forgets and goes away again is greeted as the client had greeted it', async () => {
  const { relay, way, heard, tryAgain, answered } = await begun()
  relay.sessions.clear()
  relay.next('initialize', () => Promise.reject(failed('ECONNREFUSED')))
  const sent = Promise.all([way.send(request(2, 'tools/list')), way.send(request(3, 'tools/list'))])
  await settled()
  await tryAgain()
  await sent
  expect(answered().toSorted()).toEqual([2, 3])
  expect(relay.hellos).toEqual([hello(1)['params'], hello(1)['params']])
  expect(heard.filter(({ method }) => method === 'notifications/tools/list_changed')).toHaveLength(1)
})

test('a call in a batch is not made twice where it was cut, and what is taken back of a batch is all that is', async () => {
  const { relay, way, tryAgain, answered, heard } = await begun()
  relay.next('tools/call', () => Promise.reject(failed('UND_ERR_SOCKET')))
  relay.next('batch', () => Promise.reject(failed('UND_ERR_SOCKET')))
  const cut = way.send([call(2), request(3, 'tools/list')])
  await settled()
  await tryAgain()
  await cut
  expect(relay.heard.filter((each) => each !== 'tools/list 3')).toEqual(['tools/call 2'])
  expect(answered()).toEqual([3, [2, 'fetch failed']])

  heard.splice(0)
  for (const method of ['tools/list', 'batch']) relay.next(method, () => new Promise((resolve) => setImmediate(() => resolve(null))))
  relay.next('tools/call', () => new Promise(() => undefined))
  const sent = way.send([call(4), request(5, 'tools/list')])
  await way.send(taken(4))
  await sent
  expect(answered()).toEqual([5])
})

test('an answer that holds none is answered in its place', async () => {
  const { relay, way, answered } = await begun()
  for (const empty of [Response.json({}), new Response(null, { status: 202 })]) relay.next('tools/call', () => Promise.resolve(empty))
  await way.send(call(2))
  await way.send(call(3))
  const lost = expect.stringContaining('may have been done')
  expect(answered()).toEqual([
    [2, lost],
    [3, lost],
  ])
})

test('a relay that answers and keeps its stream open keeps nobody waiting, and what it says later is heard', async () => {
  const relay = fakeRelay()
  const { way, heard, answered } = connected(relay)
  const streams: ReadableStreamDefaultController<Uint8Array>[] = []
  const sayOn = (stream: ReadableStreamDefaultController<Uint8Array>, message: Json) =>
    stream.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(message)}\n\n`))
  const answerOpenly = (method: string, id: number | string) =>
    relay.next(method, () => {
      relay.sessions.add('s1')
      const body = new ReadableStream<Uint8Array>({
        start(stream) {
          streams.push(stream)
          sayOn(stream, { jsonrpc: '2.0', id, result: {} })
        },
      })
      return Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream', 'mcp-session-id': 's1' } }))
    })
  answerOpenly('initialize', 'wheelhouse-hello')
  answerOpenly('tools/call', 2)
  void way.send(call(2))
  await settled()
  expect(answered()).toEqual([2])
  const told = { jsonrpc: '2.0', method: 'notifications/message' }
  for (const stream of streams) sayOn(stream, told)
  await settled()
  expect(heard.filter(({ method }) => method === told.method)).toHaveLength(2)
})

test('a client that introduces itself anew hears what is said in its new protocol session, and leaves the old one', async () => {
  const { relay, way, heard } = await begun()
  await way.send(hello(2, 'bob'))
  await way.send(initialized)
  await settled()
  expect([...relay.sessions]).toEqual(['s2'])
  const told = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' }
  relay.streams.get('s2')?.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(told)}\n\n`))
  await settled()
  expect(heard).toContainEqual(told)
  await way.end()
  expect([...relay.sessions]).toEqual([])
})

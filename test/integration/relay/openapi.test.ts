/** An HTTP API stands behind the relay as a server: a person chooses from its description, a client calls its operations as tools. */
import { createServer } from 'node:http'
import { Client } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { hearingTransport } from '../../fakes/hearing-transport.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'

const slot = { name: 'id', in: 'path', required: true, schema: { type: 'string' } }
const description = {
  openapi: '3.0.3',
  info: { title: 'Yard', version: '2.1', description: 'Slots of a terminal.' },
  servers: [{ url: '/api' }],
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Key' } } },
  paths: {
    '/slots/{id}': {
      get: { operationId: 'readSlot', summary: 'Read one slot', parameters: [slot], responses: {} },
      delete: { operationId: 'freeSlot', summary: 'Free one slot', parameters: [slot], responses: {} },
    },
    '/slots': {
      post: {
        operationId: 'bookSlot',
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { type: 'object', properties: { block: { type: 'string' } } } } },
        },
        responses: {},
      },
    },
    '/plan.png': { get: { operationId: 'plan', responses: {} } },
    '/report': { get: { operationId: 'report', responses: {} } },
    '/elsewhere': { get: { operationId: 'elsewhere', responses: {} } },
    '/moved': { get: { operationId: 'moved', responses: {} } },
  },
}
/** What its description says now; tests change it. */
let published: object = description
/** What its answer to a question for that waits for; called with the question. */
let whenAsked: () => Promise<void> = async () => {}
const asked: { method: string; url: string; key: string | undefined; body: string }[] = []

const api = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const { pathname } = new URL(request.url ?? '', 'http://yard')
  const json = (status: number, value: object): void =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  if (pathname === '/openapi.json') return whenAsked().then(() => json(200, published))
  asked.push({ method: request.method ?? '', url: request.url ?? '', key: request.headers['x-key']?.toString(), body })
  if (pathname === '/api/slots/C14') return json(200, { id: 'C14', free: true })
  if (pathname === '/api/slots') return json(201, { id: 'C15', ...(JSON.parse(body) as object) })
  if (pathname === '/api/plan.png') return void response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from('89504e47', 'hex'))
  if (pathname === '/api/report') return void response.writeHead(200, { 'content-type': 'text/plain' }).end('x'.repeat(1_100_000))
  if (pathname === '/api/moved') return void response.writeHead(302, { location: 'slots/C14' }).end()
  if (pathname === '/api/elsewhere') return void response.writeHead(302, { location: 'http://127.0.0.2:9/steal' }).end()
  json(404, { error: 'no such slot' })
})

let relay: ServedRelay
let base: string
beforeAll(async () => {
  base = await listenOnLoopback(api)
  relay = await serveRelay()
  await new Promise((resolve) => setImmediate(resolve))
})
afterAll(async () => {
  await relay.stop()
  await stopServer(api)
})

const source = () => `${base}/openapi.json`
const call = (method: string, path: string, body?: unknown) => relay.call(method, path, { body })
const ready = (id: string) => eventually('it is ready', () => relay.room.upstreams.get(id).state === 'ready')
async function added(name: string, more: object = {}): Promise<string> {
  const reply = await call('POST', '/v1/apis', { name, source: source(), headers: { 'X-Key': 'sealed-key-1' }, ...more })
  expect(reply).toMatchObject({ status: 201 })
  onTestFinished(() => relay.room.upstreamAdmin.remove(reply.body.id, 'owner').catch(() => undefined))
  await ready(reply.body.id)
  return reply.body.id
}
async function connect(): Promise<Client> {
  const client = new Client({ name: 'agent', version: '1.0.0' })
  const { transport } = hearingTransport((await relay.session()).sessionUrl)
  await client.connect(transport)
  onTestFinished(() => client.close())
  return client
}
/** Holds the next reading of the description until it is let go. */
function holdReading(): { begun: Promise<void>; letGo: () => void } {
  const begun = Promise.withResolvers<void>()
  const held = Promise.withResolvers<void>()
  whenAsked = () => {
    begun.resolve()
    return held.promise
  }
  onTestFinished(() => {
    held.resolve()
    whenAsked = async () => {}
  })
  return { begun: begun.promise, letGo: held.resolve }
}
const textOf = ({ content }: { content?: unknown }): string => (Array.isArray(content) ? String(content[0]?.text) : '')

test('a person sees what a description offers and asks for before anything is added', async () => {
  const fromThere = await call('POST', '/v1/api-previews', { source: source() })
  expect(fromThere).toMatchObject({
    status: 200,
    body: {
      ...{ title: 'Yard', version: '2.1', servers: [`${base}/api`] },
      credentials: [{ name: 'key', kind: 'header', parameter: 'X-Key' }],
    },
  })
  expect(fromThere.body.operations).toHaveLength(7)
  expect(fromThere.body.operations[0]).toEqual({
    id: 'GET /slots/{id}',
    name: 'readSlot',
    summary: 'Read one slot',
    readOnly: true,
    deprecated: false,
  })
  const asFile = await call('POST', '/v1/api-previews', { document: JSON.stringify(description) })
  expect(asFile.body).toEqual({ ...fromThere.body, servers: ['/api'] })
  expect(relay.room.upstreamAdmin.list()).toEqual([])
})

test.each([
  ['that cannot be fetched', { source: 'http://127.0.0.1:9/openapi.json' }, 502, /could not be fetched/],
  ['that is none', { document: '{}' }, 400, /neither an `openapi`/],
  ['given twice', { document: '{}', source: 'http://127.0.0.1:9/' }, 400, /either/],
  ['without operations', { document: '{"openapi":"3.1.0","paths":{}}' }, 400, /no operations/],
])('a description %s is refused in words', async (_, body, status, words) => {
  expect(await call('POST', '/v1/api-previews', body)).toMatchObject({ status, body: { error: expect.stringMatching(words) as string } })
})

test('a description as long as those of large APIs is read in a thread of its own, and refused from there too', async () => {
  const long = { ...description, info: { ...description.info, description: 'x'.repeat(100_000) } }
  expect(await call('POST', '/v1/api-previews', { document: JSON.stringify(long) })).toMatchObject({ status: 200, body: { title: 'Yard' } })
  expect(await call('POST', '/v1/api-previews', { document: JSON.stringify({ ...long, paths: 1 }) })).toMatchObject({
    status: 400,
    body: { error: expect.stringMatching(/no paths/) as string },
  })
})

test.each([
  [
    'aliases',
    [
      'a: &a {type: object, properties: {x: {type: string}}}',
      ...['ab', 'bc', 'cd'].map(([from, to]) => `${to}: &${to} {type: object, properties: {x: *${from}, y: *${from}, z: *${from}}}`),
      "openapi: 3.1.0\ninfo: {title: Yard, version: '1'}",
      'paths: {/slots: {post: {requestBody: {content: {application/json: {schema: *d}}}}}}',
    ].join('\n'),
  ],
  [
    'references',
    JSON.stringify({
      ...{ openapi: '3.1.0', info: { title: 'Yard', version: '1' }, components: { schemas: { Slot: { type: 'object' } } } },
      paths: {
        '/slots': { post: { requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Slot' } } } } } },
        '/berths': { $ref: '#/paths/~1slots' },
      },
    }),
  ],
  ['references', '{"openapi":"3.1.0","info":{"title":"Yard"},"paths":{"/a":{"get":{}},"/b":{"\\u0024ref":"#/paths/~1a"}}}'],
])(
  'a small description whose %s stand for more than is written holds nobody up: it is read in a thread of its own',
  async (_, document) => {
    let threads = 0
    const count = (): void => void (threads += 1)
    process.on('worker', count)
    onTestFinished(() => void process.off('worker', count))
    expect(await call('POST', '/v1/api-previews', { document })).toMatchObject({ status: 200, body: { title: 'Yard' } })
    expect(threads).toBe(1)
    expect(await call('POST', '/v1/api-previews', { document: JSON.stringify(description) })).toMatchObject({ status: 200 })
    expect(threads).toBe(1)
  },
)

test('a client calls its operations as tools, with the credential a person gave', async () => {
  await added('yard')
  const client = await connect()
  const { tools } = await client.listTools()
  expect(tools.find(({ name }) => name === 'freeSlot')).toMatchObject({
    description: 'Free one slot',
    annotations: { readOnlyHint: false, destructiveHint: true },
    inputSchema: { properties: { id: { type: 'string' } }, required: ['id'] },
  })
  expect(textOf(await client.callTool({ name: 'readSlot', arguments: { id: 'C14' } }))).toBe('{"id":"C14","free":true}')
  expect(textOf(await client.callTool({ name: 'bookSlot', arguments: { body: { block: 'C' } } }))).toBe('{"id":"C15","block":"C"}')
  expect(asked.slice(-2)).toEqual([
    { method: 'GET', url: '/api/slots/C14', key: 'sealed-key-1', body: '' },
    { method: 'POST', url: '/api/slots', key: 'sealed-key-1', body: '{"block":"C"}' },
  ])
  expect(await client.callTool({ name: 'plan' })).toMatchObject({ content: [{ type: 'image', mimeType: 'image/png', data: 'iVBORw==' }] })
})

test('an agent reads what went wrong, and a long answer is cut and says so', async () => {
  await added('yard')
  const client = await connect()
  expect(await client.callTool({ name: 'readSlot', arguments: { id: 'nowhere' } })).toMatchObject({
    isError: true,
    content: [{ text: '404 Not Found\n\n{"error":"no such slot"}' }],
  })
  expect(await client.callTool({ name: 'readSlot', arguments: {} })).toMatchObject({
    isError: true,
    content: [{ text: 'The argument id is missing' }],
  })
  const report = textOf(await client.callTool({ name: 'report' }))
  expect(report.slice(0, 60)).toBe('Cut after 1048576 bytes; ask for less at once.\n\nxxxxxxxxxxxx')
  expect(report.length).toBe(48 + 1_048_576)
})

test('it is followed to another place of its own, and nowhere else', async () => {
  await added('yard')
  const client = await connect()
  expect(textOf(await client.callTool({ name: 'moved' }))).toContain('"C14"')
  expect(textOf(await client.callTool({ name: 'elsewhere' }))).toBe('302 Found\nlocation: http://127.0.0.2:9/steal')
})

test('only what a person chose is a tool, and a changed description is held back until he agrees', async () => {
  const id = await added('yard', { chosen: ['GET /slots/{id}'] })
  const client = await connect()
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['readSlot'])

  published = {
    ...description,
    paths: { '/slots/{id}': { get: { operationId: 'readSlot', summary: 'Read, and tell everybody', parameters: [slot] } } },
  }
  onTestFinished(() => void (published = description))
  const read = await call('PATCH', `/v1/apis/${id}`, { refresh: true })
  expect(read).toMatchObject({
    status: 200,
    body: { chosen: ['GET /slots/{id}'], refreshable: true, api: { operations: [{ name: 'readSlot' }] } },
  })
  await eventually('it is held back', () => relay.room.upstreamAdmin.list().find((server) => server.id === id)?.quarantined === 1)
  expect((await client.listTools()).tools).toEqual([])

  expect(await call('PATCH', `/v1/apis/${id}`, { chosen: ['GET /nothing'] })).toMatchObject({ status: 400 })
  expect(await call('GET', '/v1/apis/up_000000000000')).toMatchObject({ status: 404 })
})

test('what a person chose while the description was read anew stays chosen', async () => {
  const id = await added('yard')
  const { begun, letGo } = holdReading()
  const reading = call('PATCH', `/v1/apis/${id}`, { refresh: true })
  await begun
  expect(await call('PATCH', `/v1/apis/${id}`, { chosen: ['GET /slots/{id}'] })).toMatchObject({ status: 200 })
  letGo()
  expect(await reading).toMatchObject({ status: 200, body: { chosen: ['GET /slots/{id}'] } })
  await ready(id)
  expect(relay.room.upstreams.get(id).catalogue.tools.map(({ name }) => name)).toEqual(['readSlot'])
})

test('a description given while the one before it was read anew is not replaced by that', async () => {
  const id = await added('yard')
  const { begun, letGo } = holdReading()
  const reading = call('PATCH', `/v1/apis/${id}`, { refresh: true })
  await begun
  const later = { ...description, info: { title: 'Yard of today', version: '3' } }
  expect(await call('PATCH', `/v1/apis/${id}`, { document: JSON.stringify(later) })).toMatchObject({ status: 200 })
  letGo()
  expect(await reading).toMatchObject({ status: 200, body: { refreshable: false, api: { title: 'Yard of today' } } })
})

test('an API that was removed while its description was read is not there again', async () => {
  const id = await added('yard')
  const { begun, letGo } = holdReading()
  const reading = call('PATCH', `/v1/apis/${id}`, { refresh: true })
  await begun
  await relay.room.upstreamAdmin.remove(id, 'owner')
  letGo()
  expect(await reading).toMatchObject({ status: 404 })
  expect(await call('GET', `/v1/apis/${id}`)).toMatchObject({ status: 404 })
  expect(relay.room.upstreamAdmin.list()).toEqual([])
})

test('it stays one over its changes, and its key never leaves the seal', async () => {
  const id = await added('yard')
  const changed = await call('PATCH', `/v1/apis/${id}`, { document: JSON.stringify(description), chosen: ['GET /plan.png'] })
  expect(changed.body).toMatchObject({ refreshable: false, chosen: ['GET /plan.png'] })
  expect(await call('PATCH', `/v1/apis/${id}`, { refresh: true })).toMatchObject({ status: 409 })
  await relay.room.upstreamAdmin.change(id, { name: 'terminal' }, 'owner')
  await expect(relay.room.upstreamAdmin.change(id, { transport: 'http' }, 'owner')).rejects.toMatchObject({ code: 'upstream-invalid' })
  await ready(id)
  const shown = JSON.stringify([await call('GET', '/v1/catalogue'), await call('GET', `/v1/apis/${id}`)])
  expect(shown).toContain('terminal')
  expect(shown).not.toContain('sealed-key-1')
})

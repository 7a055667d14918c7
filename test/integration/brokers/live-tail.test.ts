/** The live tail of a session, over the real wire: by WebSocket and as lines for programs, beside clients of both protocols. */
import { connectAsync } from 'mqtt'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { countsIn, FrameClient, openBrokers, type BrokerHouse, type Json } from '../../fakes/broker-house.ts'
import { until } from '../../fakes/kernel.ts'

interface TailClient {
  lines: Json[]
  socket: WebSocket
  closed: { code: number } | null
}

/** Open once the session knows of it. */
async function tail(house: BrokerHouse, name: string, query = ''): Promise<TailClient> {
  const before = await onlookers(house, name)
  const socket = new WebSocket(`${house.url.replace('http', 'ws')}/v1/sessions/${name}/tail${query}`, { headers: { 'x-api-key': 'owner' } })
  onTestFinished(() => socket.terminate())
  const client: TailClient = { lines: [], socket, closed: null }
  socket.on('message', (data: Buffer) => client.lines.push(...linesIn(data.toString('utf8'))))
  socket.on('close', (code) => (client.closed = { code }))
  await until('the tail to be open', async () => socket.readyState === WebSocket.OPEN && (await onlookers(house, name)) > before)
  return client
}

const linesIn = (text: string): Json[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Json)

async function onlookers(house: BrokerHouse, name: string): Promise<number> {
  const { service } = house.room
  const clients = await service.engine.clients(service.byName(name).id)
  return clients.filter(({ key, topics }) => key.startsWith('onlooker:') && topics.length > 0).length
}

async function open(fields: Record<string, unknown> = {}) {
  const house = await openBrokers()
  const session = await house.createSession(fields)
  return { house, session, name: session.sessionName }
}

async function mqtt(house: BrokerHouse, { sessionName, password }: { sessionName: string; password: string }) {
  const client = await connectAsync(house.url.replace('http', 'ws'), {
    username: sessionName,
    password,
    protocolVersion: 5,
    clientId: 'press-4',
  })
  onTestFinished(async () => void (await client.endAsync(true)))
  return client
}

const came = (client: TailClient, count: number) => until(`${count} lines`, () => client.lines.length >= count)

describe('a live tail', () => {
  it('shows what clients of both protocols publish, whole', async () => {
    const { house, session, name } = await open()
    const reader = await tail(house, name)
    const json = await FrameClient.join(house.url, session, 'shop')
    const press = await mqtt(house, session)
    json.publish('orders/paid', 'm1', 'letters')
    await json.next('ack_received')
    await press.publishAsync('press/4', '{"bar":3}', {
      qos: 2,
      properties: { contentType: 'application/json', userProperties: { site: 'north' } },
    })
    await press.publishAsync('press/4/raw', Buffer.from([0xff, 0x00]), { qos: 0, retain: true })
    await came(reader, 3)
    expect(reader.lines).toEqual([
      expect.objectContaining({
        ...{ type: 'message', topic: 'orders/paid', messageId: 'm1', publisher: 'shop', qos: 1, retained: false, retain: false },
        ...{ source: 'json', data: 'letters', hash: 'hash', timestamp: 1_700_000_000_000, at: expect.any(String), expiresAt: null },
      }),
      expect.objectContaining({
        ...{ topic: 'press/4', qos: 2, source: 'mqtt', data: '{"bar":3}', headers: { site: 'north' } },
        properties: { contentType: 'application/json' },
      }),
      expect.objectContaining({ topic: 'press/4/raw', qos: 0, data: '/wA=', encoding: 'base64', retain: true, retained: false, bytes: 2 }),
    ])
  })

  it('is about the topics of its filter, to which those with a $ belong only when it names them', async () => {
    const { house, session, name } = await open()
    const [all, some, inner] = [
      await tail(house, name),
      await tail(house, name, '?topic=orders/%2B'),
      await tail(house, name, '?topic=$inner/%23'),
    ]
    const shop = await FrameClient.join(house.url, session)
    for (const topic of ['orders/paid', 'stock/changed', '$inner/load']) {
      shop.publish(topic, `at ${topic}`)
      await shop.next('ack_received')
    }
    shop.publish('orders/last', 'last')
    await came(all, 3)
    await came(some, 2)
    await came(inner, 1)
    const topics = ({ lines }: TailClient) => lines.map(({ topic }) => topic)
    expect([all, some, inner].map(topics)).toEqual([
      ['orders/paid', 'stock/changed', 'orders/last'],
      ['orders/paid', 'orders/last'],
      ['$inner/load'],
    ])
  })

  it('begins with what is retained where that is wanted', async () => {
    const { house, session, name } = await open()
    await house.call(`/v1/sessions/${name}/messages`, { topic: 'gate/state', data: { open: true }, retain: true })
    const reader = await tail(house, name, '?topic=gate/%23&retained=true')
    await came(reader, 1)
    const shop = await FrameClient.join(house.url, session)
    shop.publish('gate/in', 'm2')
    await came(reader, 2)
    expect(reader.lines.map(({ topic, data, retained }) => ({ topic, data, retained }))).toEqual([
      { topic: 'gate/state', data: { open: true }, retained: true },
      { topic: 'gate/in', data: expect.any(String), retained: false },
    ])
  })

  it('shows what the session says of itself where that is asked for, and does not count there', async () => {
    const { house, name } = await open()
    const [all, system] = [await tail(house, name, '?retained=true'), await tail(house, name, '?topic=$SYS/%23&retained=true')]
    const connected = () => system.lines.find(({ topic }) => topic === '$SYS/broker/clients/connected')
    await until('its figures', () => connected() !== undefined)
    expect(connected()).toMatchObject({ data: '0', publisher: '$SYS' })
    expect(all.lines).toEqual([])
  })

  it('takes nothing from anybody: no message of a group, no place of a client, no word in an answer', async () => {
    const { house, session, name } = await open({ maxClients: 1 })
    const reader = await tail(house, name)
    const worker = await FrameClient.join(house.url, session, 'worker')
    await worker.subscribe('$share/desk/jobs')
    const sent = await house.call(`/v1/sessions/${name}/messages`, { topic: 'jobs', data: 'one', messageId: 'job-1' })
    expect(sent).toEqual({ status: 200, body: { messageId: 'job-1', deliveredTo: 1, queuedFor: 0 } })
    expect(await worker.next('message')).toMatchObject({ messageId: 'job-1' })
    await came(reader, 1)
    const nobody = await house.call(`/v1/sessions/${name}/messages`, { topic: 'elsewhere', data: 'two' })
    expect(nobody.body).toMatchObject({ deliveredTo: 0, queuedFor: 0 })
    await came(reader, 2)
    expect(countsIn(house)).toMatchObject({ clients: 1, publishedTotal: 2, deliveredTotal: 0 })
    const group = await house.call(`/v1/sessions/${name}/tail.ndjson?topic=$share/desk/jobs`)
    expect(group).toEqual({ status: 400, body: { success: false, error: 'Invalid topic' } })
  })

  it('loses messages for a reader that does not read, and counts them', async () => {
    const { house, name } = await open({ durability: 'memory' })
    const reader = await tail(house, name)
    reader.socket.pause()
    const { service } = house.room
    const body = Buffer.alloc(500_000, 'x')
    const facts = {
      source: 'mqtt',
      body,
      isEmpty: false,
      qos: 0,
      retain: false,
      properties: null,
      expiresIn: null,
      publisher: 'flood',
    } as const
    for (let n = 0; n < 80; n += 1) {
      service.engine.publish(service.byName(name).id, { ...facts, topic: 'flood', id: `m${n}` })
      await new Promise(setImmediate)
    }
    reader.socket.resume()
    const told = () => reader.lines.reduce((sum, { type, count }) => sum + (type === 'skipped' ? Number(count) : 1), 0)
    await until('all to be sent or counted', () => told() === 80)
    expect(reader.lines.filter(({ type }) => type === 'skipped').length).toBeGreaterThan(0)
  })

  it.each([
    ['suspended', 4403, (house: BrokerHouse, name: string) => house.call(`/v1/sessions/${name}`, { suspended: true }, 'PATCH')],
    ['dropped', 4410, (house: BrokerHouse, name: string) => house.call(`/v1/sessions/${name}`, undefined, 'DELETE')],
    ['shutdown', 1001, (house: BrokerHouse) => house.restart()],
  ] as const)('ends when its session is %s, and says so', async (reason, code, act) => {
    const { house, name } = await open()
    const reader = await tail(house, name)
    await act(house, name)
    await until('its end', () => reader.closed !== null)
    expect([reader.lines, reader.closed]).toEqual([[{ type: 'ended', reason }], { code }])
  })

  it('is refused for a session that is suspended or not there, and when too many are open', async () => {
    const { house, name } = await open()
    expect(await house.call('/v1/sessions/nobody/tail.ndjson')).toEqual({
      status: 404,
      body: { success: false, error: 'Session not found' },
    })
    for (let n = 0; n < 20; n += 1) await tail(house, name)
    expect(await house.call(`/v1/sessions/${name}/tail.ndjson`)).toMatchObject({ status: 429, body: { error: 'Too many tails are open' } })
    await house.call(`/v1/sessions/${name}`, { suspended: true }, 'PATCH')
    expect(await house.call(`/v1/sessions/${name}/tail.ndjson`)).toMatchObject({ status: 409, body: { error: 'Session is suspended' } })
  })

  it('streams lines to a program without WebSockets, as many as it asks for', async () => {
    const { house, session, name } = await open()
    const answer = await fetch(`${house.url}/v1/sessions/${name}/tail.ndjson?topic=orders/%23&count=2`, {
      headers: { 'x-api-key': 'owner' },
    })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8'])
    await until('the tail to be open', async () => (await onlookers(house, name)) === 1)
    const shop = await FrameClient.join(house.url, session)
    for (const id of ['a', 'b', 'c']) shop.publish('orders/paid', id)
    const lines = linesIn(await answer.text())
    expect(lines.map(({ type, messageId }) => messageId ?? type)).toEqual(['a', 'b', 'ended'])
    expect(await onlookers(house, name)).toBe(0)
  })

  it('is gone with a program that stops reading', async () => {
    const { house, name } = await open()
    const gone = new AbortController()
    await fetch(`${house.url}/v1/sessions/${name}/tail.ndjson`, { headers: { 'x-api-key': 'owner' }, signal: gone.signal })
    await until('the tail to be open', async () => (await onlookers(house, name)) === 1)
    gone.abort()
    await until('the tail to be gone', async () => (await onlookers(house, name)) === 0)
    expect(house.faults).toEqual([])
  })
})

/** Retained messages through the API: looked through, replaced, forgotten; and publishing by a call. */
import { connectAsync, type IPublishPacket } from 'mqtt'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FrameClient, openBrokers, type BrokerHouse, type Json } from '../../fakes/broker-house.ts'
import { temporaryFolder, testClock, until } from '../../fakes/kernel.ts'

async function open({ fields = {}, ...options }: { fields?: Json; dataDir?: string; clock?: ReturnType<typeof testClock> } = {}) {
  const house = await openBrokers(options)
  const session = await house.createSession(fields)
  return { house, session, path: `/v1/sessions/${session.sessionName}` }
}

async function mqtt(house: BrokerHouse, { sessionName, password }: { sessionName: string; password: string }) {
  const client = await connectAsync(house.url.replace('http', 'ws'), { username: sessionName, password, protocolVersion: 5 })
  onTestFinished(async () => void (await client.endAsync(true)))
  const got: IPublishPacket[] = []
  client.on('message', (_topic, _payload, packet) => void got.push(packet))
  return Object.assign(client, { got })
}

const keep = (house: BrokerHouse, path: string, topic: string, more: Json = {}) =>
  house.call(`${path}/messages`, { topic, data: `of ${topic}`, retain: true, ...more })
const topicsOf = ({ body }: { body: Json }) => (body['messages'] as Json[]).map(({ topic }) => topic)
const enc = encodeURIComponent

describe('retained messages', () => {
  it('are listed by filter and in pages, with how many there are', async () => {
    const { house, path } = await open()
    for (const topic of ['b/2', 'a/1', 'b/1', 'b/3', 'c']) await keep(house, path, topic)
    const first = await house.call(`${path}/retained?topic=${enc('b/#')}&limit=2`)
    expect(first.body).toMatchObject({
      ...{ total: 3, next: 'b/2' },
      messages: [{ topic: 'b/1', publisher: 'owner', preview: 'of b/1', expiresAt: null, bytes: expect.any(Number) }, { topic: 'b/2' }],
    })
    const second = await house.call(`${path}/retained?topic=${enc('b/#')}&limit=2&after=${enc('b/2')}`)
    expect(second.body).toMatchObject({ total: 3, next: null, messages: [{ topic: 'b/3' }] })
    expect(topicsOf(await house.call(`${path}/retained?topic=c`))).toEqual(['c'])
    expect(topicsOf(await house.call(`${path}/retained`))).toEqual(['a/1', 'b/1', 'b/2', 'b/3', 'c'])
  })

  it('come in order also when there are thousands, while others have their turn', async () => {
    const { house, session, path } = await open({ fields: { durability: 'memory' } })
    const { engine } = house.room.service
    const { id } = house.room.service.byName(session.sessionName)
    const facts = {
      source: 'mqtt',
      body: Buffer.from('x'),
      isEmpty: false,
      qos: 1,
      retain: true,
      properties: null,
      expiresIn: null,
    } as const
    for (let n = 4_999; n >= 0; n -= 1) {
      const topic = `t/${String(n).padStart(4, '0')}`
      engine.publish(id, { ...facts, topic, id: topic, publisher: 'p' })
    }
    let turns = 0
    const turn = (): void => {
      turns += 1
      again = setImmediate(turn)
    }
    let again = setImmediate(turn)
    const page = await engine.retained(id, '#', { after: 't/0999', limit: 3 })
    clearImmediate(again)
    expect(turns).toBeGreaterThan(5)
    expect([page.messages.map(({ topic }) => topic), page.total, page.more]).toEqual([['t/1000', 't/1001', 't/1002'], 5_000, true])
    const { body } = await house.call(`${path}/retained?topic=${enc('t/#')}`, undefined, 'DELETE')
    expect(body).toEqual({ removed: 5_000 })
  })

  it('are shown whole: text, bytes, and what MQTT 5 attached', async () => {
    const { house, session, path } = await open()
    const press = await mqtt(house, session)
    const properties = {
      contentType: 'image/png',
      responseTopic: 'answers',
      correlationData: Buffer.from('7'),
      userProperties: { site: 'north' },
    }
    await press.publishAsync('press/picture', Buffer.from([0xff, 0xd8]), {
      qos: 1,
      retain: true,
      properties: { ...properties, messageExpiryInterval: 60 },
    })
    const { body } = await house.call(`${path}/retained/message?topic=${enc('press/picture')}`)
    expect(body).toMatchObject({
      ...{ topic: 'press/picture', data: '/9g=', encoding: 'base64', source: 'mqtt', qos: 1, retained: true, headers: { site: 'north' } },
      properties: { contentType: 'image/png', responseTopic: 'answers', correlationData: 'Nw==' },
      expiresAt: expect.any(String),
    })
    expect(await house.call(`${path}/retained/message?topic=none`)).toEqual({
      status: 404,
      body: { success: false, error: 'Nothing is retained on this topic' },
    })
    expect(await house.call(`${path}/retained/message?topic=${enc('press/#')}`)).toMatchObject({ status: 400 })
  })

  it('are previewed by their beginning, however large they are', async () => {
    const { house, path } = await open()
    const text = `quote " and é, ${'x'.repeat(2_000_000)}`
    expect((await keep(house, path, 'a "data": topic', { data: text })).status).toBe(200)
    await keep(house, path, 'b', { data: { list: Array.from({ length: 1_000 }, (_, n) => n) } })
    const { body } = await house.call(`${path}/retained`)
    const previews = (body['messages'] as Json[]).map(({ preview }) => String(preview))
    expect(previews[0]?.startsWith('quote " and é, xxx')).toBe(true)
    expect(previews[1]?.startsWith('{"list":[0,1,2')).toBe(true)
    for (const preview of previews) expect(preview.length).toBeLessThanOrEqual(200)
  })

  it('are not listed once they have expired', async () => {
    const clock = testClock()
    const { house, path } = await open({ clock })
    await keep(house, path, 'short', { ttl: 1_000 })
    await keep(house, path, 'long')
    clock.advance(2_000)
    expect((await house.call(`${path}/retained`)).body).toMatchObject({ total: 1, messages: [{ topic: 'long' }] })
  })

  it('are replaced for those who listen and those who come later, with all that belongs to them', async () => {
    const { house, session, path } = await open()
    const press = await mqtt(house, session)
    await press.publishAsync('press/set', '40', { qos: 1, retain: true, properties: { contentType: 'text/plain' } })
    await press.subscribeAsync('press/set', { qos: 1 })
    await until('the first', () => press.got.length === 1)
    const changed = { data: '45', source: 'mqtt', qos: 1, properties: { contentType: 'text/plain' }, headers: { by: 'desk' } }
    const { status, body } = await house.call(`${path}/retained/message?topic=${enc('press/set')}`, changed, 'PUT')
    expect([status, body]).toEqual([200, { messageId: expect.any(String), deliveredTo: 1, queuedFor: 0 }])
    await until('the second', () => press.got.length === 2)
    const later = await mqtt(house, session)
    await later.subscribeAsync('press/#', { qos: 1 })
    await until('it is there for who comes later', () => later.got.length === 1)
    expect([press.got[1]?.payload.toString(), later.got[0]?.payload.toString(), later.got[0]?.retain]).toEqual(['45', '45', true])
    expect(later.got[0]?.properties).toMatchObject({ contentType: 'text/plain', userProperties: { by: 'desk' } })
  })

  it('are not overwritten by who has seen an older one, nor emptied by a change', async () => {
    const { house, path } = await open()
    const seen = await keep(house, path, 'gate')
    await keep(house, path, 'gate', { data: 'newer' })
    const where = `${path}/retained/message?topic=gate`
    expect(await house.call(where, { data: 'mine', replaces: seen.body['messageId'] }, 'PUT')).toEqual({
      status: 409,
      body: { success: false, error: 'Another message is retained on this topic by now' },
    })
    expect(await house.call(where, { data: '' }, 'PUT')).toMatchObject({ status: 400 })
    expect(await house.call(`${path}/retained/message?topic=${enc('a/+')}`, { data: 'x' }, 'PUT')).toMatchObject({ status: 400 })
    expect((await house.call(where)).body).toMatchObject({ data: 'newer' })
  })

  it('are forgotten one by one or by filter, for good, silently, and told once', async () => {
    const dataDir = temporaryFolder()
    const { house, session, path } = await open({ dataDir })
    for (const topic of ['a/1', 'a/2', 'b/1']) await keep(house, path, topic)
    const reader = await FrameClient.join(house.url, session)
    await reader.subscribe('#')
    for (let n = 0; n < 3; n += 1) await reader.next('message')
    expect((await house.call(`${path}/retained?topic=${enc('b/1')}`, undefined, 'DELETE')).body).toEqual({ removed: 1 })
    expect((await house.call(`${path}/retained?topic=${enc('a/+')}`, undefined, 'DELETE')).body).toEqual({ removed: 2 })
    expect((await house.call(`${path}/retained?topic=${enc('a/+')}`, undefined, 'DELETE')).body).toEqual({ removed: 0 })
    expect(await house.call(`${path}/retained`, undefined, 'DELETE')).toMatchObject({ status: 400 })
    expect(house.events.filter(({ type }) => type === 'retained-deleted').map(({ data }) => data)).toEqual([
      { filter: 'b/1', count: 1 },
      { filter: 'a/+', count: 2 },
    ])
    reader.send({ type: 'ping' })
    await reader.next('pong')
    expect(reader.ofType('message')).toHaveLength(3)
    await house.restart()
    expect((await house.call(`${path}/retained`)).body).toEqual({ messages: [], total: 0, next: null })
  })
})

describe('publishing by a call', () => {
  it('takes JSON for JSON clients and bytes with headers for MQTT clients', async () => {
    const { house, session, path } = await open()
    const [json, press] = [await FrameClient.join(house.url, session), await mqtt(house, session)]
    await json.subscribe('#')
    await press.subscribeAsync('#', { qos: 2 })
    await house.call(`${path}/messages`, { topic: 'a', data: { n: 1 }, messageId: 'm1' })
    expect(await json.next('message')).toMatchObject({
      topic: 'a',
      data: { n: 1 },
      messageId: 'm1',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    await house.call(`${path}/messages`, { topic: 'b', data: '/wA=', encoding: 'base64', qos: 2, headers: { site: ['north', 'south'] } })
    await until('both', () => press.got.length === 2)
    expect([press.got[1]?.payload, press.got[1]?.qos]).toEqual([Buffer.from([0xff, 0]), 2])
    expect(press.got[1]?.properties?.userProperties).toEqual({ site: ['north', 'south'] })
  })

  it.each([
    ['no data', { topic: 'a' }, 400, 'data is required'],
    ['no topic', { data: 'x' }, 400, 'topic must be a text'],
    ['a wildcard', { topic: 'a/#', data: 'x' }, 400, 'Invalid topic'],
    ['the log topic', { topic: 'sys/logs', data: 'x' }, 400, 'sys/logs is reserved'],
    ['what is no Base64', { topic: 'a', data: 'not base64', encoding: 'base64' }, 400, 'data is not Base64'],
    ['an object as Base64', { topic: 'a', data: { n: 1 }, encoding: 'base64' }, 400, 'data is not Base64'],
    ['quality 3', { topic: 'a', data: 'x', qos: 3 }, 400, /qos/],
    ['no time at all', { topic: 'a', data: 'x', ttl: 0 }, 400, /ttl/],
    ['what is too large', { topic: 'a', data: 'x'.repeat(2_000) }, 409, 'Message is too large'],
  ])('refuses %s and says why', async (_what, body, status, error) => {
    const { house, path } = await open({ fields: { maxMessageBytes: 1_024 } })
    const answer = await house.call(`${path}/messages`, body)
    expect(answer).toEqual({ status, body: { success: false, error: typeof error === 'string' ? error : expect.stringMatching(error) } })
  })

  it('is refused while the session is suspended', async () => {
    const { house, path } = await open()
    await house.call(path, { suspended: true }, 'PATCH')
    expect(await house.call(`${path}/messages`, { topic: 'a', data: 'x' })).toMatchObject({
      status: 409,
      body: { error: 'Session is suspended' },
    })
  })
})

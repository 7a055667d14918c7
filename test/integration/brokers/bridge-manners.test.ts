/** Bridges to brokers that refuse, fall silent, forget, take little or break the rules. */
import type { IConnectPacket } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { openBridgeHouse, type BridgeHouse } from '../../fakes/bridge-house.ts'
import { FrameClient, type Json } from '../../fakes/broker-house.ts'
import { testClock, until } from '../../fakes/kernel.ts'
import { startPacketBroker } from '../../fakes/mqtt-broker.ts'
import { makeCertificate } from '../../fixtures/certificate.ts'
import { reservedPort } from '../../fixtures/ports.ts'

const out = [{ direction: 'out', filter: '#', quality: 1 }]
const into = [{ direction: 'in', filter: 'in/#', quality: 1 }]
const at = ({ port }: { port: number }, scheme = 'mqtt'): string => `${scheme}://127.0.0.1:${port}`

async function tryOut(here: BridgeHouse, fields: Json): Promise<Json> {
  const { status, body } = await here.house.call(`${here.path}/try`, { name: 'cloud', topics: out, ...fields })
  expect(status).toBe(200)
  return body
}
const codeOf = ({ problem }: Json): unknown => (problem as Json | null)?.['code']
const publish = async (here: BridgeHouse, topic: string, text: string, qos: 0 | 1 | 2 = 1): Promise<void> => {
  const { client } = await here.client()
  await client.publishAsync(topic, text, { qos })
  await client.endAsync()
}

describe('a trial says what fails', () => {
  it.each([
    ['5', { reasonCode: 0x86, properties: { reasonString: 'no such user' } }, 'wrong-password', /wrong: no such user$/],
    ['5', { reasonCode: 0x87 }, 'not-authorized', /does not let this user or client id in/],
    ['5', { reasonCode: 0x9d, properties: { serverReference: 'b.example' } }, 'moved', /use b\.example$/],
    ['3.1.1', { returnCode: 4 }, 'wrong-password', /wrong$/],
    ['3.1.1', { returnCode: 5 }, 'not-authorized', /does not let/],
    ['3.1.1', { returnCode: 2 }, 'client-id-refused', /client id/],
    ['3.1.1', { returnCode: 3 }, 'unavailable', /at the moment/],
  ])('where MQTT %s answers %j', async (version, connack, code, text) => {
    const [broker, here] = [await startPacketBroker({ connack }), await openBridgeHouse()]
    const trial = await tryOut(here, { address: at(broker), version, username: 'me', password: 'wrong' })
    expect(trial).toMatchObject({ works: false, problem: { code, text: expect.stringMatching(text) as unknown } })
    expect(trial['steps']).toEqual([`connected to port ${broker.port}`])
  })

  it('where nobody listens, no such name is known, no MQTT or no TLS is spoken, or a filter is refused', async () => {
    const here = await openBridgeHouse()
    expect(codeOf(await tryOut(here, { address: `mqtt://127.0.0.1:${await reservedPort()}` }))).toBe('connection-refused')
    expect(codeOf(await tryOut(here, { address: 'mqtt://nowhere.invalid' }))).toBe('name-not-found')
    const broker = await startPacketBroker({ granted: [0x87] })
    expect(codeOf(await tryOut(here, { address: at(broker, 'mqtts') }))).toMatch(/^(no-tls|closed)$/)
    expect(codeOf(await tryOut(here, { address: at(broker, 'ws') }))).toMatch(/^(no-websocket|closed)$/)
    expect(await tryOut(here, { address: at(broker), topics: into })).toMatchObject({
      works: false,
      problem: { code: 'subscription-refused', text: expect.stringContaining('in/#: not authorized') as unknown },
    })
  })

  it('of TLS: an authority that is not trusted, another name, a client certificate that is wanted', async () => {
    const here = await openBridgeHouse()
    const { key, cert } = makeCertificate()
    const broker = await startPacketBroker({ tls: { key, cert } })
    expect(codeOf(await tryOut(here, { address: at(broker, 'mqtts') }))).toBe('certificate-not-trusted')
    expect(codeOf(await tryOut(here, { address: at(broker, 'mqtts'), ca: cert, serverName: 'other.example' }))).toBe(
      'certificate-of-another',
    )
    expect(await tryOut(here, { address: at(broker, 'mqtts'), ca: cert })).toMatchObject({ works: true, problem: null })
    expect(await tryOut(here, { address: at(broker, 'mqtts'), insecure: true })).toMatchObject({ works: true })
    const own = makeCertificate()
    const strict = await startPacketBroker({ tls: { key, cert, requestCert: true, rejectUnauthorized: true, ca: own.cert } })
    expect(codeOf(await tryOut(here, { address: at(strict, 'mqtts'), ca: cert }))).toBe('client-certificate-refused')
    const shown = { ca: cert, certificate: own.cert, key: own.key }
    expect(await tryOut(here, { address: at(strict, 'mqtts'), ...shown })).toMatchObject({ works: true })
    expect(await here.house.call(here.path, { name: 'a', address: at(strict, 'mqtts'), topics: out, ...shown, key })).toMatchObject({
      status: 400,
      body: { success: false, error: expect.stringContaining('client certificate cannot be used') as unknown },
    })
  })

  it('of a bridge with the secrets that it keeps, under a client id of its own, and tells the broker to keep nothing', async () => {
    const [broker, here] = [await startPacketBroker(), await openBridgeHouse()]
    const id = await here.bridge({ address: at(broker), username: 'me', password: 'open sesame', topics: into })
    await here.reaches(id, 'connected')
    const { clientId } = await here.shown(id)
    expect(await tryOut(here, { bridge: id, address: at(broker), username: 'me', clientId, topics: into })).toMatchObject({ works: true })
    const connect = (await (await broker.side(2)).next('connect')) as IConnectPacket
    expect(connect).toMatchObject({ clientId: `${String(clientId)}-try`, clean: true, properties: { sessionExpiryInterval: 0 } })
    expect(String(connect.password)).toBe('open sesame')
    expect((await here.shown(id))['state']).toBe('connected')
  })
})

describe('a bridge', () => {
  it('never shows its secrets again, and keeps them where a change leaves them out', async () => {
    const [broker, here] = [await startPacketBroker(), await openBridgeHouse()]
    const { key, cert } = makeCertificate()
    const id = await here.bridge({ address: at(broker), username: 'me', password: 'open sesame', certificate: cert, key, topics: out })
    await here.reaches(id, 'connected')
    const { body } = await here.house.call(`${here.path}/${id}`, { keepAlive: 30 }, 'PATCH')
    expect(body).toMatchObject({ hasPassword: true, hasKey: true, keepAlive: 30, certificate: cert })
    expect(JSON.stringify([body, (await here.house.call(here.path)).body, here.house.events])).not.toMatch(/open sesame|PRIVATE KEY/)
    const connect = (await (await broker.side(2)).next('connect')) as IConnectPacket
    expect(String(connect.password)).toBe('open sesame')
    expect((await here.house.call(`${here.path}/${id}`, { password: null }, 'PATCH')).body).toMatchObject({
      hasPassword: false,
      hasKey: true,
    })
  })

  it.each([
    [{ address: 'http://a.example' }, 'address must be mqtt://, mqtts://, ws:// or wss:// with a host'],
    [{ address: 'mqtt://me:secret@a.example' }, 'address may not hold a user name or password: they have fields of their own'],
    [{ address: 'mqtt://a.example/path' }, 'address may have a path only with ws:// and wss://'],
    [{ topics: [] }, 'topics may not be empty'],
    [
      { topics: [{ direction: 'in', filter: 'a/#/b' }] },
      'topics.0.filter: filter is no MQTT filter: + and # stand alone in their level, # in the last',
    ],
    [
      { topics: [{ direction: 'in', filter: '$share/g/a' }] },
      'topics.0.filter: filter may not be shared: a bridge has to see every message',
    ],
    [{ topics: [{ direction: 'out', filter: '' }] }, 'topics.0.filter: filter may be empty only where both prefixes name a topic'],
    [{ topics: [{ direction: 'up', filter: 'a' }] }, 'topics.0.direction: direction must be in, out or both'],
    [
      { topics: [{ direction: 'in', filter: 'a', localPrefix: 'a/+/' }] },
      'topics.0.localPrefix: localPrefix may hold no wildcard and no $share',
    ],
    [{ version: '4' }, 'version must be 3.1.1 or 5'],
    [{ keepAlive: 1 }, 'keepAlive must be at least 5'],
    [{ certificate: 'no pem' }, 'certificate must be PEM text'],
  ])('is refused with %j', async (fields, error) => {
    const here = await openBridgeHouse()
    const given = { name: 'cloud', address: 'mqtt://a.example', topics: out, ...fields }
    expect(await here.house.call(here.path, given)).toEqual({ status: 400, body: { success: false, error } })
  })

  it('is refused under a name that is taken, and not found once it is removed; then the broker is told to forget it', async () => {
    const [broker, here] = [await startPacketBroker(), await openBridgeHouse()]
    const id = await here.bridge({ address: at(broker), topics: into })
    await here.reaches(id, 'connected')
    expect((await here.house.call(here.path, { name: 'cloud', address: at(broker), topics: out })).body['error']).toBe(
      'A bridge of this name exists already',
    )
    expect((await here.house.call(`${here.path}/${id}`, undefined, 'DELETE')).status).toBe(204)
    expect(await (await broker.side(1)).next('disconnect')).toMatchObject({ properties: { sessionExpiryInterval: 0 } })
    expect((await here.house.call(`${here.path}/${id}`)).status).toBe(404)
    expect((await here.house.call(`/v1/sessions/${here.session.sessionName}`)).body['clients']).toEqual([])
  })

  it('sends what was not acknowledged again on the next connection, in its order, and to a broker that has forgotten it as new', async () => {
    const [broker, here] = [await startPacketBroker({ acknowledges: false }), await openBridgeHouse()]
    const id = await here.bridge({ address: at(broker), topics: [{ direction: 'out', filter: '#', quality: 2 }] })
    const first = await broker.side(1)
    await here.reaches(id, 'connected')
    for (const text of ['one', 'two', 'three']) await publish(here, 'a', text, 2)
    await until('they went out', () => first.published().length === 3)
    first.socket.destroy()
    await until('it is noticed', async () => (await here.shown(id))['state'] !== 'connected')
    await here.house.call(`${here.path}/${id}/connect`, {})
    const second = await broker.side(2)
    await until('they went out again', () => second.published().length === 3)
    const facts = (side: typeof first): unknown[] => side.published().map(({ messageId, payload }) => [messageId, payload.toString()])
    expect(facts(second)).toEqual(facts(first))
    expect(second.published().map(({ dup }) => dup)).toEqual([false, false, false])
    for (const { messageId } of second.published()) second.send({ cmd: 'pubrec', messageId: messageId ?? 0 })
    await until('they are released', () => second.packets.filter(({ cmd }) => cmd === 'pubrel').length === 3)
    for (const { messageId } of second.published()) second.send({ cmd: 'pubcomp', messageId: messageId ?? 0 })
    await until('nothing waits', async () => (await here.shown(id))['queued'] === 0)
  })

  it('keeps to what the other broker takes: how many at once, how large, which quality, whether it retains', async () => {
    const properties = { receiveMaximum: 2, maximumPacketSize: 200, maximumQoS: 1, retainAvailable: false }
    const [broker, here] = [await startPacketBroker({ acknowledges: false, connack: { properties } }), await openBridgeHouse()]
    const id = await here.bridge({ address: at(broker), topics: [{ direction: 'out', filter: '#', quality: 2 }] })
    await here.reaches(id, 'connected')
    const { client } = await here.client()
    await client.publishAsync('a', 'x'.repeat(300), { qos: 1 })
    for (const text of ['one', 'two', 'three']) await client.publishAsync('a', text, { qos: 2, retain: true })
    const side = await broker.side(1)
    await until('two went out', () => side.published().length === 2)
    side.send({ cmd: 'puback', messageId: side.published()[0]?.messageId ?? 0 })
    await until('the third went out', () => side.published().length === 3)
    expect(side.published().map(({ qos, retain, payload }) => [qos, retain, payload.toString()])).toEqual([
      [1, false, 'one'],
      [1, false, 'two'],
      [1, false, 'three'],
    ])
    expect(await here.shown(id)).toMatchObject({ turnedDown: 1, lastError: { text: expect.stringContaining('larger') as unknown } })
    const { body } = await here.house.call(`/v1/sessions/${here.session.sessionName}/dead-letters`)
    expect(body['deadLetters']).toMatchObject([{ reason: 'oversized' }])
  })

  it('gives up what is refused for good and goes on, and waits where a limit of the other broker is exceeded', async () => {
    let reasonCode = 0x87
    const here = await openBridgeHouse()
    const broker = await startPacketBroker({
      acknowledges: false,
      onPacket: (packet, side) => {
        if (packet.cmd === 'publish') side.send({ cmd: 'puback', messageId: packet.messageId ?? 0, reasonCode })
      },
    })
    const id = await here.bridge({ address: at(broker), topics: out })
    await here.reaches(id, 'connected')
    await publish(here, 'forbidden', 'one')
    await until('it is given up', async () => (await here.shown(id))['turnedDown'] === 1)
    expect(await here.shown(id)).toMatchObject({
      ...{ state: 'connected', queued: 0 },
      lastError: { text: 'The other broker refused a message on forbidden: not authorized' },
    })
    reasonCode = 0x97
    await publish(here, 'a', 'two')
    expect(await here.reaches(id, 'waiting')).toMatchObject({ queued: 1, problem: { code: 'quota-exceeded' } })
    reasonCode = 0
    await here.house.call(`${here.path}/${id}/connect`, {})
    await until('it is taken', async () => (await here.shown(id))['queued'] === 0)
    expect((await here.house.call(`/v1/sessions/${here.session.sessionName}/dead-letters`)).body['total']).toBe(1)
  })

  it('acknowledges a message once this session has it, and leaves it with the other broker where the session takes none', async () => {
    const [broker, here] = [await startPacketBroker(), await openBridgeHouse({}, { overflow: 'reject', maxQueuedMessages: 1 })]
    const keeper = await here.client({ clientId: 'keeper', clean: false, properties: { sessionExpiryInterval: 600 } })
    await keeper.client.subscribeAsync('in/#', { qos: 1 })
    keeper.client.end(true)
    const id = await here.bridge({ address: at(broker), topics: into })
    await here.reaches(id, 'connected')
    const side = await broker.side(1)
    side.send({ cmd: 'publish', topic: 'in/a', payload: 'one', qos: 1, messageId: 1, dup: false, retain: false })
    expect(await side.next('puback')).toMatchObject({ messageId: 1 })
    side.send({ cmd: 'publish', topic: 'in/a', payload: 'two', qos: 1, messageId: 2, dup: false, retain: false })
    expect(await here.reaches(id, 'waiting')).toMatchObject({ problem: { code: 'session-refused' }, received: 1 })
    expect(side.packets.filter(({ cmd }) => cmd === 'puback')).toHaveLength(1)
    expect((await here.shown(id))['lastError']).toMatchObject({ text: 'A message on in/a could not be taken: Queue is full' })
  })

  it('takes a message of quality 2 once, and by the same packet id a new one of a broker that has forgotten it', async () => {
    const [broker, here] = [await startPacketBroker(), await openBridgeHouse()]
    const id = await here.bridge({ address: at(broker), topics: [{ direction: 'in', filter: '#', quality: 2 }] })
    await here.reaches(id, 'connected')
    const reader = await FrameClient.join(here.house.url, here.session)
    await reader.subscribe('#')
    const message = { cmd: 'publish', topic: 'a', qos: 2, messageId: 7, dup: false, retain: false } as const
    const first = await broker.side(1)
    first.send({ ...message, payload: 'one' })
    await first.next('pubrec')
    first.send({ ...message, payload: 'one', dup: true })
    await first.next('pubrec')
    first.socket.destroy()
    await until('it is noticed', async () => (await here.shown(id))['state'] !== 'connected')
    await here.house.call(`${here.path}/${id}/connect`, {})
    const second = await broker.side(2)
    await here.reaches(id, 'connected')
    second.send({ ...message, payload: 'two' })
    await second.next('pubrec')
    expect((await reader.next('message'))['data']).toBe('one')
    expect((await reader.next('message'))['data']).toBe('two')
  })

  it('asks only for what changed of a broker that has kept its subscriptions, once for what it wants no more', async () => {
    let sessionPresent = false
    const here = await openBridgeHouse()
    const broker = await startPacketBroker({
      connack: null,
      onPacket: (packet, side) => {
        if (packet.cmd === 'connect') side.send({ cmd: 'connack', sessionPresent, reasonCode: 0 })
        // As some clouds do.
        if (packet.cmd === 'unsubscribe') side.socket.destroy()
      },
    })
    const id = await here.bridge({ address: at(broker), topics: into })
    await here.reaches(id, 'connected')
    expect(await (await broker.side(1)).next('subscribe')).toMatchObject({
      subscriptions: [{ topic: 'in/#', qos: 1, nl: true, rap: true, rh: 1 }],
    })
    sessionPresent = true
    const topics = [...into, { direction: 'in', filter: 'more', quality: 0 }]
    await here.house.call(`${here.path}/${id}`, { topics }, 'PATCH')
    expect(await (await broker.side(2)).next('subscribe')).toMatchObject({ subscriptions: [{ topic: 'more' }] })
    await here.house.call(`${here.path}/${id}`, { topics: into }, 'PATCH')
    expect(await (await broker.side(3)).next('unsubscribe')).toMatchObject({ unsubscriptions: ['more'] })
    await here.reaches(id, 'waiting')
    await here.house.call(`${here.path}/${id}/connect`, {})
    await here.reaches(id, 'connected')
    expect((await broker.side(4)).packets.map(({ cmd }) => cmd)).toEqual(['connect'])
  })

  it('stays connected where a subscription is refused, and says which', async () => {
    const [broker, here] = [await startPacketBroker({ granted: [0x87] }), await openBridgeHouse()]
    const id = await here.bridge({ address: at(broker), topics: [...into, ...out] })
    expect(await here.reaches(id, 'connected')).toMatchObject({ refusedTopics: [{ filter: 'in/#', text: 'not authorized' }] })
  })

  it('says in MQTT 3.1.1 that it is a bridge, and comes as a client where that is not let in', async () => {
    const here = await openBridgeHouse()
    const broker = await startPacketBroker({
      connack: null,
      onPacket: (packet, side) => {
        if (packet.cmd !== 'connect') return
        const asBridge = 'bridgeMode' in packet && packet.bridgeMode === true
        side.send({ cmd: 'connack', sessionPresent: false, returnCode: asBridge ? 1 : 0 })
      },
    })
    const id = await here.bridge({ address: at(broker), version: '3.1.1', topics: into })
    await here.reaches(id, 'connected')
    expect(broker.sides).toHaveLength(2)
  })

  it('says that somebody else uses its client id when they take it from each other in turns', async () => {
    const [broker, here] = [await startPacketBroker(), await openBridgeHouse()]
    const id = await here.bridge({ address: at(broker), topics: out })
    for (let each = 1; each <= 3; each += 1) {
      await here.reaches(id, 'connected')
      ;(await broker.side(each)).send({ cmd: 'disconnect', reasonCode: 0x8e })
      await until('it is noticed', async () => (await here.shown(id))['state'] !== 'connected')
      if (each < 3) await until('it is back', async () => (await here.shown(id))['state'] === 'connected')
    }
    expect(await here.shown(id)).toMatchObject({
      state: 'refused',
      problem: { code: 'taken-over', text: expect.stringContaining('is there a copy of this bridge?') as unknown },
    })
  })

  it('notices a line that is dead', async () => {
    const clock = testClock(Date.now())
    const [broker, here] = [await startPacketBroker({ answersPings: false }), await openBridgeHouse({ clock })]
    const id = await here.bridge({ address: at(broker), keepAlive: 10, topics: out })
    await here.reaches(id, 'connected')
    clock.advance(9_500)
    await (await broker.side(1)).next('pingreq')
    clock.advance(6_000)
    expect(await here.reaches(id, 'waiting')).toMatchObject({ problem: { code: 'silent' } })
  })

  it('ends over what is no MQTT, and is refused where it would lead to Wheelhouse itself', async () => {
    const here = await openBridgeHouse()
    const broker = await startPacketBroker({
      connack: null,
      onPacket: (packet, side) => void (packet.cmd === 'connect' && side.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
    })
    const id = await here.bridge({ address: at(broker), topics: out })
    expect(await here.reaches(id, 'refused')).toMatchObject({ problem: { code: 'not-mqtt' } })
    const { status, body } = await here.house.call(here.path, { name: 'self', address: at(here), topics: out })
    expect([status, body['error']]).toEqual([400, `127.0.0.1:${here.port} may not be reached: it is Wheelhouse itself`])
    expect(here.house.faults).toEqual([])
  })

  it('tells when it goes down and when it is up again, and needs attention when it is refused', async () => {
    const manners = { connack: { reasonCode: 0 } }
    const [broker, here] = [await startPacketBroker(manners), await openBridgeHouse()]
    const id = await here.bridge({ address: at(broker), topics: out })
    await here.reaches(id, 'connected')
    manners.connack.reasonCode = 0x86
    ;(await broker.side(1)).socket.destroy()
    await here.reaches(id, 'refused')
    expect(here.house.room.attention()).toMatchObject([{ kind: 'bridge-down', tone: 'bad', facts: { bridge: 'cloud', isRefused: true } }])
    manners.connack.reasonCode = 0
    await here.house.call(`${here.path}/${id}/connect`, {})
    await here.reaches(id, 'connected')
    expect(here.house.room.attention()).toEqual([])
    expect(here.house.events.map(({ type }) => type).filter((type) => type.startsWith('bridge-'))).toEqual([
      ...['bridge-created', 'bridge-up', 'bridge-down', 'bridge-up'],
    ])
  })

  it('goes with its session', async () => {
    const [broker, here] = [await startPacketBroker(), await openBridgeHouse()]
    const id = await here.bridge({ address: at(broker), topics: out })
    await here.reaches(id, 'connected')
    await here.house.call(`/v1/sessions/${here.session.sessionName}`, undefined, 'DELETE')
    await (await broker.side(1)).next('disconnect')
    await here.house.createSession({ sessionName: here.session.sessionName })
    expect((await here.house.call(here.path)).body).toEqual({ bridges: [] })
    await here.house.restart()
    expect(broker.sides).toHaveLength(1)
  })
})

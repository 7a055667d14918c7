/** What the MQTT standards ask of a server packet by packet, where client libraries would hide it. */
import type { IPublishPacket } from 'mqtt-packet'
import { connectAsync } from 'mqtt'
import { describe, expect, it, onTestFinished } from 'vitest'
import { engineOf } from '../../fakes/broker-engine.ts'
import { FrameClient, openBrokers, type BrokerHouse } from '../../fakes/broker-house.ts'
import { PacketClient } from '../../fakes/mqtt-client.ts'
import { temporaryFolder, testClock, until } from '../../fakes/kernel.ts'

interface Setting {
  house: BrokerHouse
  session: { sessionName: string; password: string; secretKey: string }
  port: number
}

async function open(fields: Record<string, unknown> = {}, options: Parameters<typeof openBrokers>[0] = {}): Promise<Setting> {
  const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } }, ...options })
  return { house, session: await house.createSession(fields), port: house.room.mqttPort() ?? 0 }
}

const kept = { clean: false, clientId: 'keeper', properties: { sessionExpiryInterval: 600 } }
const text = ({ payload }: IPublishPacket): string => payload.toString()
const facts = async ({ house, session }: Setting): Promise<Record<string, unknown>> =>
  (await house.call(`/v1/sessions/${session.sessionName}`)).body['session'] as Record<string, unknown>

describe('quality 2', () => {
  it('takes a message once, however often it is sent before it is released', async () => {
    const setting = await open()
    const reader = await FrameClient.join(setting.house.url, setting.session)
    await reader.subscribe('t')
    const { client } = await PacketClient.join(setting.port, setting.session, kept)
    client.publish('t', 'once', { qos: 2, messageId: 7 })
    await client.next('pubrec')
    client.publish('t', 'once', { qos: 2, messageId: 7, dup: true })
    await client.next('pubrec')
    // The answer was lost with the connection: the next one goes on where it ended.
    client.cut()
    const { client: back, connack } = await PacketClient.join(setting.port, setting.session, kept)
    expect(connack.sessionPresent).toBe(true)
    back.publish('t', 'once', { qos: 2, messageId: 7, dup: true })
    await back.next('pubrec')
    back.send({ cmd: 'pubrel', messageId: 7 })
    await back.next('pubcomp')
    back.publish('t', 'another', { qos: 2, messageId: 7 })
    await back.next('pubrec')
    expect(await reader.next('message')).toMatchObject({ data: 'once' })
    expect(await reader.next('message')).toMatchObject({ data: 'another' })
  })

  it('sends again under the packet id of the first time, on the next connection and after a restart of the server', async () => {
    const dataDir = temporaryFolder()
    const setting = await open({}, { dataDir, settings: { brokers: { mqttPort: 0 } } })
    const { client } = await PacketClient.join(setting.port, setting.session, kept)
    await client.subscribe('t', 2)
    const { client: writer } = await PacketClient.join(setting.port, setting.session)
    for (const [index, word] of ['one', 'two'].entries()) writer.publish('t', word, { qos: 2, messageId: index + 1 })
    const first = [await client.message(), await client.message()]
    client.cut()
    const { client: second } = await PacketClient.join(setting.port, setting.session, kept)
    const again = [await second.message(), await second.message()]
    expect(again.map((packet) => [packet.messageId, text(packet), packet.dup])).toEqual(
      first.map((packet) => [packet.messageId, text(packet), true]),
    )
    // One of the two is received; then the server goes.
    second.send({ cmd: 'pubrec', messageId: again[0]?.messageId ?? 0 })
    await second.next('pubrel')
    await setting.house.stop()
    const house = await openBrokers({ dataDir, settings: { brokers: { mqttPort: 0 } } })
    const { client: third, connack } = await PacketClient.join(house.room.mqttPort() ?? 0, setting.session, kept)
    expect(connack.sessionPresent).toBe(true)
    expect(await third.next('pubrel')).toMatchObject({ messageId: first[0]?.messageId })
    const last = await third.message()
    expect([last.messageId, text(last), last.dup]).toEqual([first[1]?.messageId, 'two', true])
    third.send({ cmd: 'pubcomp', messageId: first[0]?.messageId ?? 0 })
    third.send({ cmd: 'pubrec', messageId: last.messageId ?? 0 })
    await third.next('pubrel')
    third.send({ cmd: 'pubcomp', messageId: last.messageId ?? 0 })
    await until('nothing waits', async () => (await facts({ ...setting, house }))['queued'] === 0)
    expect(third.ofKind('publish')).toHaveLength(1)
  })

  it('says so when a packet id is unknown', async () => {
    const { session, port } = await open()
    const { client } = await PacketClient.join(port, session)
    client.send({ cmd: 'pubrel', messageId: 99 })
    expect(await client.next('pubcomp')).toMatchObject({ messageId: 99, reasonCode: 0x92 })
    client.send({ cmd: 'pubrec', messageId: 98 })
    expect(await client.next('pubrel')).toMatchObject({ messageId: 98, reasonCode: 0x92 })
  })
})

describe('wills', () => {
  const will = (properties: { willDelayInterval?: number; messageExpiryInterval?: number } = {}, payload = 'gone') => ({
    topic: 'wills/a',
    payload: Buffer.from(payload),
    qos: 1 as const,
    retain: false,
    properties,
  })

  async function watched(setting: Setting): Promise<FrameClient> {
    const watcher = await FrameClient.join(setting.house.url, setting.session, 'watcher')
    await watcher.subscribe('wills/#')
    return watcher
  }

  it('waits out the will delay, and takes the will back when its client returns in time', async () => {
    const clock = testClock()
    const setting = await open({}, { clock })
    const watcher = await watched(setting)
    const { client } = await PacketClient.join(setting.port, setting.session, { ...kept, will: will({ willDelayInterval: 10 }) })
    client.cut()
    await until('it is away', async () => (await facts(setting))['clients'] === 1)
    clock.advance(9_999)
    engineOf(setting.house.room).runDue()
    const { client: back } = await PacketClient.join(setting.port, setting.session, {
      ...kept,
      will: will({ willDelayInterval: 10 }, 'second'),
    })
    clock.advance(1)
    engineOf(setting.house.room).runDue()
    back.cut()
    await until('it is away again', async () => (await facts(setting))['clients'] === 1)
    clock.advance(10_000)
    engineOf(setting.house.room).runDue()
    expect(await watcher.next('message')).toMatchObject({ data: 'second' })
    expect(watcher.ofType('message')).toHaveLength(1)
  })

  it('publishes a will that waits once its session ends by a clean start', async () => {
    const setting = await open()
    const watcher = await watched(setting)
    const { client } = await PacketClient.join(setting.port, setting.session, { ...kept, will: will({ willDelayInterval: 500 }) })
    client.cut()
    await until('it is away', async () => (await facts(setting))['clients'] === 1)
    await PacketClient.join(setting.port, setting.session, { clientId: 'keeper', clean: true })
    expect(await watcher.next('message')).toMatchObject({ data: 'gone' })
  })

  it('publishes the will of who says goodbye but asks for it, and of who is taken over or falls silent', async () => {
    const setting = await open()
    const watcher = await watched(setting)
    const { client: asks } = await PacketClient.join(setting.port, setting.session, { clientId: 'asks', will: will({}, 'asks') })
    asks.send({ cmd: 'disconnect', reasonCode: 0x04 })
    expect(await watcher.next('message')).toMatchObject({ data: 'asks' })
    const { client: old } = await PacketClient.join(setting.port, setting.session, { clientId: 'twin', will: will({}, 'taken over') })
    await PacketClient.join(setting.port, setting.session, { clientId: 'twin' })
    expect(await old.next('disconnect')).toMatchObject({ reasonCode: 0x8e })
    expect(await watcher.next('message')).toMatchObject({ data: 'taken over' })
    const { client: silent } = await PacketClient.join(setting.port, setting.session, {
      clientId: 'silent',
      keepalive: 1,
      will: will({}, 'silent'),
    })
    expect(await silent.next('disconnect')).toMatchObject({ reasonCode: 0x8d })
    expect(await watcher.next('message')).toMatchObject({ data: 'silent' })
  })

  it('publishes at its next start the wills of those whose connections ended with the server, named or not', async () => {
    const dataDir = temporaryFolder()
    const setting = await open({}, { dataDir, settings: { brokers: { mqttPort: 0 } } })
    const watcher = await watched(setting)
    watcher.socket.close()
    await watcher.ended()
    await until('it is away', async () => (await facts(setting))['clients'] === 0)
    await PacketClient.join(setting.port, setting.session, { ...kept, will: will({}, 'named') })
    await PacketClient.join(setting.port, setting.session, { clientId: 'passing', clean: true, will: will({}, 'passing') })
    const { client: polite } = await PacketClient.join(setting.port, setting.session, {
      clientId: 'polite',
      clean: true,
      will: will({}, 'polite'),
    })
    polite.send({ cmd: 'disconnect' })
    await polite.ended()
    await setting.house.stop()
    const house = await openBrokers({ dataDir })
    const back = await FrameClient.join(house.url, setting.session, 'watcher')
    const words = [(await back.next('message'))['data'], (await back.next('message'))['data']]
    expect(words.sort()).toEqual(['named', 'passing'])
    await house.stop()
    const third = await openBrokers({ dataDir })
    expect((await third.call(`/v1/sessions/${setting.session.sessionName}`)).body['session']).toMatchObject({
      queued: 2,
      publishedTotal: 0,
    })
  })

  it('keeps wills over a suspension, a restart within it too, and publishes each once when the session is resumed', async () => {
    const dataDir = temporaryFolder()
    const setting = await open({}, { dataDir, settings: { brokers: { mqttPort: 0 } } })
    const path = `/v1/sessions/${setting.session.sessionName}`
    const watcher = await watched(setting)
    await PacketClient.join(setting.port, setting.session, { ...kept, will: will({}, 'named') })
    await PacketClient.join(setting.port, setting.session, { clientId: 'passing', clean: true, will: will({}, 'passing') })
    const { client: away } = await PacketClient.join(setting.port, setting.session, {
      ...{ clientId: 'away', clean: false, properties: { sessionExpiryInterval: 1 } },
      will: will({ willDelayInterval: 500 }, 'waiting'),
    })
    away.cut()
    await until('it is away', async () => (await facts(setting))['clients'] === 3)
    await setting.house.call(path, { suspended: true }, 'PATCH')
    await watcher.ended()
    expect(watcher.ofType('message')).toEqual([])
    await setting.house.stop()
    const house = await openBrokers({ dataDir, settings: { brokers: { mqttPort: 0 } } })
    expect(((await house.call(path)).body['session'] as Record<string, unknown>)['queued']).toBe(0)
    await house.call(path, { suspended: false }, 'PATCH')
    const { connack } = await PacketClient.join(house.room.mqttPort() ?? 0, setting.session, { clientId: 'passing', clean: false })
    // What was kept of it was its will alone.
    expect(connack.sessionPresent).toBe(false)
    const back = await FrameClient.join(house.url, setting.session, 'watcher')
    const words = [await back.next('message'), await back.next('message'), await back.next('message')].map(({ data }) => data)
    expect(words.sort()).toEqual(['named', 'passing', 'waiting'])
    for (const { topic, messageId } of back.ofType('message')) back.ack(String(topic), messageId)
    await house.call(path, { suspended: true }, 'PATCH')
    await house.call(path, { suspended: false }, 'PATCH')
    expect((await house.call(path)).body['session']).toMatchObject({ publishedTotal: 3 })
  })

  it('refuses a will that could never be published', async () => {
    const { session, port } = await open()
    const { connack } = await PacketClient.join(port, session, { will: { ...will(), topic: 'wills/+' } })
    expect(connack.reasonCode).toBe(0x90)
  })
})

describe('sessions and messages that end', () => {
  it('keeps a session for its expiry interval, no longer, and not at all when its client says so', async () => {
    const clock = testClock()
    const setting = await open({}, { clock })
    const join = (options = {}) =>
      PacketClient.join(setting.port, setting.session, { ...kept, properties: { sessionExpiryInterval: 60 }, ...options })
    const { client } = await join()
    await client.subscribe('t', 1)
    client.cut()
    await until('it is away', async () => (await facts(setting))['clients'] === 0)
    clock.advance(30_000)
    const { client: inTime, connack } = await join()
    expect(connack.sessionPresent).toBe(true)
    inTime.cut()
    await until('it is away', async () => (await facts(setting))['clients'] === 0)
    clock.advance(61_000)
    engineOf(setting.house.room).runDue()
    const { client: late, connack: fresh } = await join()
    expect(fresh.sessionPresent).toBe(false)
    late.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 0 } })
    await late.ended()
    expect((await join()).connack.sessionPresent).toBe(false)
  })

  it('counts the life of a message down, and never sends what is over', async () => {
    const clock = testClock()
    const setting = await open({}, { clock })
    const { client } = await PacketClient.join(setting.port, setting.session, kept)
    await client.subscribe('t', 1)
    client.cut()
    await until('it is away', async () => (await facts(setting))['clients'] === 0)
    const { client: writer } = await PacketClient.join(setting.port, setting.session)
    writer.publish('t', 'short', { qos: 1, messageId: 1, properties: { messageExpiryInterval: 10 } })
    writer.publish('t', 'long', { qos: 1, messageId: 2, properties: { messageExpiryInterval: 100 } })
    await writer.next('puback')
    await writer.next('puback')
    clock.advance(40_000)
    const { client: back } = await PacketClient.join(setting.port, setting.session, kept)
    const message = await back.message()
    expect(text(message)).toBe('long')
    expect(message.properties?.messageExpiryInterval).toBe(60)
    expect((await setting.house.call(`/v1/sessions/${setting.session.sessionName}/dead-letters`)).body).toMatchObject({
      deadLetters: [{ reason: 'expired', preview: 'short' }],
    })
  })

  it('keeps no session longer than the policy of the broker session allows', async () => {
    const setting = await open({ keepAwayFor: 5_000 })
    const { connack } = await PacketClient.join(setting.port, setting.session, kept)
    expect(connack.properties?.sessionExpiryInterval).toBe(5)
  })
})

describe('retained messages', () => {
  it('obeys retain handling and retain as published', async () => {
    const setting = await open()
    const { client: writer } = await PacketClient.join(setting.port, setting.session)
    writer.publish('lamp', 'on', { qos: 1, messageId: 1, retain: true })
    await writer.next('puback')
    const { client } = await PacketClient.join(setting.port, setting.session)
    await client.subscribe('lamp', 0, { rh: 2 })
    await client.subscribe('lamp', 0, { rh: 1 })
    expect(client.ofKind('publish')).toEqual([])
    await client.subscribe('lamp', 0, { rh: 0, rap: true })
    expect(await client.message()).toMatchObject({ retain: true })
    writer.publish('lamp', 'off', { qos: 1, messageId: 2, retain: true })
    expect(await client.message()).toMatchObject({ retain: true })
    await client.subscribe('lamp', 0, { rh: 2, rap: false })
    writer.publish('lamp', 'on', { qos: 1, messageId: 3, retain: true })
    expect(await client.message()).toMatchObject({ retain: false })
  })
})

describe('what is refused, and how', () => {
  it('answers a version it does not know with the code for it', async () => {
    const { port } = await open()
    const client = await PacketClient.open(port, 4)
    client.raw(Buffer.from([0x10, 13, 0, 4, ...Buffer.from('MQTT'), 9, 2, 0, 0, 0, 1, 97]))
    expect(await client.next('connack')).toMatchObject({ returnCode: 1 })
    await client.ended()
  })

  it.each([
    ['a receive maximum of nothing', { properties: { receiveMaximum: 0 } }],
    ['a packet size of nothing', { properties: { maximumPacketSize: 0 } }],
  ])('refuses %s', async (_, options) => {
    const { session, port } = await open()
    const client = await PacketClient.open(port)
    try {
      client.send({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 5,
        clean: true,
        clientId: 'a',
        keepalive: 0,
        username: session.sessionName,
        password: Buffer.from(session.password),
        ...options,
      })
    } catch {
      // The library does not even write it.
      return
    }
    await client.ended()
    expect(client.packets.every((packet) => packet.cmd !== 'connack' || packet.reasonCode === 0x82)).toBe(true)
  })

  it.each([
    [
      'no local on a shared subscription',
      0x82,
      (client: PacketClient) =>
        client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '$share/g/t', qos: 1, nl: true, rap: false, rh: 0 }] }),
    ],
    ['an unknown alias', 0x82, (client: PacketClient) => client.publish('', 'x', { qos: 0, properties: { topicAlias: 3 } })],
    ['an alias above the maximum', 0x94, (client: PacketClient) => client.publish('t', 'x', { qos: 0, properties: { topicAlias: 65 } })],
    [
      'a second CONNECT',
      0x82,
      (client: PacketClient) =>
        client.send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 5, clean: true, clientId: 'b', keepalive: 0 }),
    ],
    ['authentication nobody agreed on', 0x82, (client: PacketClient) => client.send({ cmd: 'auth', reasonCode: 0x18, properties: {} })],
  ])('disconnects over %s with %i', async (_, code, act) => {
    const { session, port } = await open()
    const { client } = await PacketClient.join(port, session)
    act(client)
    expect(await client.next('disconnect')).toMatchObject({ reasonCode: code })
    await client.ended()
  })

  it('answers each filter with a code of its own', async () => {
    const { session, port } = await open()
    const { client } = await PacketClient.join(port, session)
    const topics = ['a/#', 'a/#/b', 'a+', '$share/g', '$share/g/ok', 'plain']
    client.send({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: topics.map((topic) => ({ topic, qos: 2 as const, nl: false, rap: false, rh: 0 as const })),
    })
    expect(await client.next('suback')).toMatchObject({ granted: [2, 0x8f, 0x8f, 0x8f, 2, 2] })
    client.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['plain', 'never'] })
    expect(await client.next('unsuback')).toMatchObject({ granted: [0, 0x11] })
  })

  it('answers what a session may not publish with the reason, and goes on', async () => {
    const setting = await open({ maxMessageBytes: 10 })
    const { client } = await PacketClient.join(setting.port, setting.session)
    client.publish('t', 'x'.repeat(11), { qos: 1, messageId: 1 })
    expect(await client.next('puback')).toMatchObject({
      messageId: 1,
      reasonCode: 0x97,
      properties: { reasonString: 'Message is too large' },
    })
    client.publish('sys/logs', 'x', { qos: 2, messageId: 2 })
    expect(await client.next('pubrec')).toMatchObject({ messageId: 2, reasonCode: 0x87 })
    client.publish('t', 'fits', { qos: 2, messageId: 2 })
    expect(await client.next('pubrec')).toMatchObject({ messageId: 2, reasonCode: 0x10 })
  })
})

it('gives a message once to who listens for itself and as a member of groups, and is done with it after one answer', async () => {
  const setting = await open()
  const { client } = await PacketClient.join(setting.port, setting.session)
  for (const filter of ['t', '$share/g/t', '$share/h/+']) await client.subscribe(filter, 1)
  const { client: writer } = await PacketClient.join(setting.port, setting.session)
  for (const messageId of [1, 2]) writer.publish('t', String(messageId), { qos: 1, messageId })
  for (const word of ['1', '2']) {
    const message = await client.message()
    expect(text(message)).toBe(word)
    client.send({ cmd: 'puback', messageId: message.messageId ?? 0 })
  }
  await until('nothing is kept', async () => {
    const { queued, storedBytes } = await facts(setting)
    return queued === 0 && storedBytes === 0
  })
})

it.each([4, 5] as const)('takes a burst of thousands from a client of level %i that waits for nothing', async (protocolVersion) => {
  const setting = await open()
  const { house, session } = setting
  const client = await connectAsync(house.url.replace('http', 'ws'), {
    username: session.sessionName,
    password: session.password,
    protocolVersion,
    reconnectPeriod: 0,
  })
  onTestFinished(async () => void (await client.endAsync(true)))
  let closed = false
  client.on('close', () => (closed = true))
  await Promise.all(Array.from({ length: 5_000 }, (_, n) => client.publishAsync('t', String(n), { qos: n % 2 === 0 ? 1 : 2 })))
  expect(closed).toBe(false)
  expect(await facts(setting)).toMatchObject({ publishedTotal: 5_000 })
})

it('lets nothing cross between sessions, though client ids, packet ids and topics are the same', async () => {
  const { house, session: mine, port } = await open()
  const theirs = await house.createSession()
  const { client: reader } = await PacketClient.join(port, mine, kept)
  await reader.subscribe('t', 2)
  const { client: stranger, connack } = await PacketClient.join(port, theirs, {
    ...kept,
    will: { topic: 't', payload: Buffer.from('will of a stranger'), qos: 1, retain: true },
  })
  // Neither taken over nor resumed: the same name in another session is another client.
  expect(connack.sessionPresent).toBe(false)
  expect(reader.isClosed).toBe(false)
  for (const filter of ['#', 't', '+', '$share/g/t']) await stranger.subscribe(filter, 2)
  const { client: writer } = await PacketClient.join(port, mine)
  writer.publish('t', 'secret', { qos: 2, messageId: 1, retain: true })
  const message = await reader.message()
  for (const cmd of ['puback', 'pubrec', 'pubrel', 'pubcomp'] as const) stranger.send({ cmd, messageId: message.messageId ?? 0 })
  stranger.send({ cmd: 'unsubscribe', messageId: 9, unsubscriptions: ['t'] })
  await stranger.next('unsuback')
  const { client: late } = await PacketClient.join(port, theirs)
  await late.subscribe('#', 1)
  stranger.cut()
  await until(
    'its will is published there',
    async () =>
      ((await house.call(`/v1/sessions/${theirs.sessionName}`)).body['session'] as { publishedTotal: number }).publishedTotal === 1,
  )
  expect(text(await late.message())).toBe('will of a stranger')
  expect(
    [...stranger.ofKind('publish'), ...late.ofKind('publish')].filter((packet) => packet.cmd === 'publish' && text(packet) === 'secret'),
  ).toEqual([])
  // The foreign acknowledgements settled nothing, and the foreign will replaced nothing.
  expect((await house.call(`/v1/sessions/${mine.sessionName}/messages`)).body['messages']).toMatchObject([
    { preview: 'secret', waitingFor: [{ key: 'mqtt:keeper', state: 'sent' }] },
  ])
  const { client: fresh } = await PacketClient.join(port, mine)
  await fresh.subscribe('#', 0)
  expect(text(await fresh.message())).toBe('secret')
  // Nor does the owner of one reach into the other through the calls of the window.
  const [client] = (await house.call(`/v1/sessions/${mine.sessionName}`)).body['clients'] as { linkId: number; subscriberId: number }[]
  const path = `/v1/sessions/${theirs.sessionName}`
  expect((await house.call(`${path}/clients/${client?.linkId}`, undefined, 'DELETE')).status).toBe(404)
  expect((await house.call(`${path}/subscribers/${client?.subscriberId}`, undefined, 'DELETE')).status).toBe(404)
  expect((await house.call(`${path}/subscribers/${client?.subscriberId}/purge`, {})).status).toBe(404)
  expect((await house.call(`${path}/messages?subscriber=${client?.subscriberId}`)).body).toEqual({ messages: [] })
})

/** MQTT 3.1.1 and 5 with clients that were not written for this server: mqtt.js and, where it is installed, mosquitto's. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connectAsync, type IClientOptions, type IConnackPacket, type IPublishPacket, type MqttClient } from 'mqtt'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FrameClient, openBrokers, type BrokerHouse } from '../../fakes/broker-house.ts'
import { temporaryFolder, until } from '../../fakes/kernel.ts'

interface Got {
  topic: string
  text: string
  packet: IPublishPacket
}

interface Account {
  sessionName: string
  password: string
}

type Client = MqttClient & { got: Got[] }

async function join(
  house: BrokerHouse,
  { sessionName, password }: Account,
  protocolVersion: 4 | 5,
  options: IClientOptions = {},
): Promise<Client> {
  const client = (await connectAsync(house.url.replace('http', 'ws'), {
    username: sessionName,
    password,
    protocolVersion,
    reconnectPeriod: 0,
    ...options,
  })) as Client
  onTestFinished(async () => void (await client.endAsync(true)))
  client.got = []
  client.on('message', (topic, payload, packet) => void client.got.push({ topic, text: payload.toString('utf8'), packet }))
  client.on('error', () => undefined)
  return client
}

async function open(
  fields: Record<string, unknown> = {},
  settings = {},
): Promise<{ house: BrokerHouse; session: { sessionName: string; password: string; secretKey: string } }> {
  const house = await openBrokers({ settings })
  return { house, session: await house.createSession(fields) }
}

const closeOf = (client: MqttClient): Promise<unknown> => new Promise((resolve) => client.once('close', () => resolve(null)))
const came = (client: Client, count: number): Promise<void> => until(`${count} messages`, () => client.got.length >= count)

describe.each([4, 5] as const)('MQTT protocol level %i', (version) => {
  it.each([0, 1, 2] as const)('carries messages at quality %i from one client to another', async (qos) => {
    const { house, session } = await open()
    const [reader, writer] = [await join(house, session, version), await join(house, session, version)]
    await reader.subscribeAsync('sensors/+/temperature', { qos: 2 })
    for (let n = 0; n < 20; n += 1) await writer.publishAsync(`sensors/${n}/temperature`, `value ${n}`, { qos })
    await came(reader, 20)
    expect(reader.got.map(({ topic, text }) => [topic, text])).toEqual(
      Array.from({ length: 20 }, (_, n) => [`sensors/${n}/temperature`, `value ${n}`]),
    )
    expect(new Set(reader.got.map(({ packet }) => packet.qos))).toEqual(new Set([qos]))
    await until(
      'nothing waits',
      async () => ((await house.call(`/v1/sessions/${session.sessionName}`)).body['session'] as { queued: number }).queued === 0,
    )
  })

  it('refuses a wrong password, an unknown session and a suspended one', async () => {
    const { house, session } = await open()
    await expect(join(house, { ...session, password: 'wrong' }, version)).rejects.toThrow(
      /Bad User Name or Password|Bad username or password|malformed|not authorized/i,
    )
    await expect(join(house, { sessionName: 'nobody', password: 'x' }, version)).rejects.toThrow()
    await house.call('/api/suspendSession', { ...session, suspend: true })
    await expect(join(house, session, version)).rejects.toThrow(/Not authorized/i)
  })

  it('keeps a retained message, gives it to new subscribers and forgets it when it is emptied', async () => {
    const { house, session } = await open()
    const writer = await join(house, session, version)
    await writer.publishAsync('lamp', 'on', { qos: 1, retain: true })
    const reader = await join(house, session, version)
    await reader.subscribeAsync('lamp', { qos: 1 })
    await came(reader, 1)
    expect(reader.got[0]).toMatchObject({ text: 'on', packet: { retain: true, qos: 1 } })
    await writer.publishAsync('lamp', '', { qos: 1, retain: true })
    const late = await join(house, session, version)
    await late.subscribeAsync('#', { qos: 1 })
    await writer.publishAsync('other', 'x', { qos: 1 })
    await came(late, 1)
    expect(late.got.map(({ topic }) => topic)).toEqual(['other'])
  })

  it('publishes the will of who vanishes, and not of who says goodbye', async () => {
    const { house, session } = await open()
    const watcher = await join(house, session, version)
    await watcher.subscribeAsync('wills/#', { qos: 1 })
    const polite = await join(house, session, version, {
      will: { topic: 'wills/polite', payload: Buffer.from('gone'), qos: 1, retain: false },
    })
    await polite.endAsync()
    const lost = await join(house, session, version, { will: { topic: 'wills/lost', payload: Buffer.from('gone'), qos: 1, retain: false } })
    lost.stream.destroy()
    await came(watcher, 1)
    expect(watcher.got.map(({ topic, text }) => [topic, text])).toEqual([['wills/lost', 'gone']])
  })

  it('keeps a persistent session: its subscriptions and what it missed', async () => {
    const { house, session } = await open()
    const persistent: IClientOptions = {
      clientId: 'keeper',
      clean: false,
      ...(version === 5 ? { properties: { sessionExpiryInterval: 600 } } : {}),
    }
    const first = await join(house, session, version, persistent)
    await first.subscribeAsync('t', { qos: 1 })
    await first.endAsync()
    const writer = await join(house, session, version)
    for (let n = 0; n < 5; n += 1) await writer.publishAsync('t', String(n), { qos: 1 })
    const back = await joinListening(house, session, version, persistent)
    await came(back, 5)
    expect(back.got.map(({ text }) => text)).toEqual(['0', '1', '2', '3', '4'])
    const clean = await join(house, session, version, { clientId: 'keeper', clean: true })
    await writer.publishAsync('t', 'later', { qos: 1 })
    expect(clean.got).toEqual([])
  })

  it('talks with JSON clients of its session, both ways', async () => {
    const { house, session } = await open()
    const mqtt = await join(house, session, version)
    await mqtt.subscribeAsync('from/json', { qos: 1 })
    const json = await FrameClient.join(house.url, session)
    await json.subscribe('from/mqtt')
    json.publish('from/json', 'm1', 'aXY=:ZGF0YQ==')
    await came(mqtt, 1)
    expect(mqtt.got[0]).toMatchObject({ topic: 'from/json', text: 'aXY=:ZGF0YQ==' })
    if (version === 5)
      expect(mqtt.got[0]?.packet.properties?.userProperties).toMatchObject({ messageId: 'm1', hash: 'hash', timestamp: '1700000000000' })
    await mqtt.publishAsync('from/mqtt', 'grüße', { qos: 1 })
    expect(await json.next('message')).toMatchObject({
      topic: 'from/mqtt',
      data: 'grüße',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      timestamp: expect.any(Number),
      messageId: expect.any(String),
    })
    await mqtt.publishAsync('from/mqtt', Buffer.from([0xff, 0x00, 0xfe]), { qos: 1 })
    expect(await json.next('message')).toMatchObject({ data: '/wD+', encoding: 'base64' })
  })

  it('disconnects its clients on suspension, and takes over a client id', async () => {
    const { house, session } = await open()
    const first = await join(house, session, version, { clientId: 'twin' })
    const ended = closeOf(first)
    const second = await join(house, session, version, { clientId: 'twin' })
    await ended
    const closed = closeOf(second)
    await house.call('/api/suspendSession', { ...session, suspend: true })
    await closed
  })

  it('shares a subscription among its members', async () => {
    const { house, session } = await open()
    const members = [await join(house, session, version), await join(house, session, version)]
    for (const member of members) await member.subscribeAsync('$share/g/jobs', { qos: 1 })
    const writer = await join(house, session, version)
    for (let n = 0; n < 10; n += 1) await writer.publishAsync('jobs', String(n), { qos: 1 })
    await until('all came', () => members.reduce((sum, { got }) => sum + got.length, 0) === 10)
    expect(members.map(({ got }) => got.length)).toEqual([5, 5])
  })
})

/** Like `join`, but hears what comes in the same packet burst as CONNACK. */
async function joinListening(
  house: BrokerHouse,
  { sessionName, password }: Account,
  protocolVersion: 4 | 5,
  options: IClientOptions,
): Promise<Client> {
  const { connect } = await import('mqtt')
  const client = connect(house.url.replace('http', 'ws'), {
    username: sessionName,
    password,
    protocolVersion,
    reconnectPeriod: 0,
    ...options,
  }) as Client
  onTestFinished(async () => void (await client.endAsync(true)))
  client.got = []
  client.on('message', (topic, payload, packet) => void client.got.push({ topic, text: payload.toString('utf8'), packet }))
  await new Promise((resolve) => client.once('connect', resolve))
  return client
}

describe('what only MQTT 5 has', () => {
  it('forwards properties, expiry and subscription identifiers', async () => {
    const { house, session } = await open()
    const [reader, writer] = [await join(house, session, 5), await join(house, session, 5)]
    await reader.subscribeAsync('q', { qos: 1, properties: { subscriptionIdentifier: 7 } })
    await writer.publishAsync('q', 'x', {
      qos: 1,
      properties: {
        messageExpiryInterval: 100,
        contentType: 'text/plain',
        responseTopic: 'a',
        correlationData: Buffer.from([1, 2]),
        payloadFormatIndicator: true,
        userProperties: { k: ['1', '2'] },
      },
    })
    await came(reader, 1)
    const { properties } = reader.got[0]?.packet ?? {}
    expect(properties).toMatchObject({
      contentType: 'text/plain',
      responseTopic: 'a',
      payloadFormatIndicator: true,
      subscriptionIdentifier: 7,
    })
    expect(properties?.userProperties).toEqual(expect.objectContaining({ k: ['1', '2'] }))
    expect(properties?.correlationData).toEqual(Buffer.from([1, 2]))
    expect(properties?.messageExpiryInterval).toBeLessThanOrEqual(100)
    expect(properties?.messageExpiryInterval).toBeGreaterThan(90)
  })

  it('says its capabilities, names clients without a name, and answers with reason codes', async () => {
    const { house, session } = await open()
    const { connect } = await import('mqtt')
    const client = connect(house.url.replace('http', 'ws'), {
      username: session.sessionName,
      password: session.password,
      protocolVersion: 5,
      reconnectPeriod: 0,
      clientId: '',
    })
    onTestFinished(async () => void (await client.endAsync(true)))
    const connack = await new Promise<IConnackPacket>((resolve) => client.once('connect', resolve))
    expect(connack.properties).toMatchObject({
      sharedSubscriptionAvailable: true,
      wildcardSubscriptionAvailable: true,
      topicAliasMaximum: 64,
      assignedClientIdentifier: expect.any(String),
    })
    const granted = await client.subscribeAsync({ 'ok/#': { qos: 2 } })
    expect(granted[0]).toMatchObject({ qos: 2 })
    const acknowledged = new Promise((resolve) =>
      client.on('packetreceive', (packet) => void (packet.cmd === 'puback' && resolve(packet.reasonCode))),
    )
    await client.publishAsync('nobody', 'x', { qos: 1 })
    expect(await acknowledged).toBe(0x10)
  })

  it('does not send back to who asked for no local messages, and does to who did not', async () => {
    const { house, session } = await open()
    const client = await join(house, session, 5)
    await client.subscribeAsync('quiet', { qos: 1, nl: true })
    await client.subscribeAsync('loud', { qos: 1 })
    await client.publishAsync('quiet', '1', { qos: 1 })
    await client.publishAsync('loud', '2', { qos: 1 })
    await came(client, 1)
    expect(client.got.map(({ topic }) => topic)).toEqual(['loud'])
  })

  it('obeys the receive maximum: no more is in flight than the client takes', async () => {
    const { house, session } = await open()
    const held: (() => void)[] = []
    const reader = await join(house, session, 5, {
      properties: { receiveMaximum: 3 },
      customHandleAcks: (_topic, _message, _packet, done) => void held.push(() => done(0)),
    })
    await reader.subscribeAsync('t', { qos: 1 })
    const writer = await join(house, session, 5)
    for (let n = 0; n < 10; n += 1) await writer.publishAsync('t', String(n), { qos: 1 })
    await until('the first came', () => held.length > 0)
    const { body } = await house.call(`/v1/sessions/${session.sessionName}/messages`)
    expect(
      (body['messages'] as { waitingFor: { state: string }[] }[]).flatMap(({ waitingFor }) => waitingFor.map(({ state }) => state)),
    ).toEqual(['sent', 'sent', 'sent', ...Array<string>(7).fill('queued')])
    for (let n = 0; n < 10; n += 1) {
      await until('the next came', () => held.length > 0)
      held.shift()?.()
    }
    await until(
      'all are settled',
      async () => ((await house.call(`/v1/sessions/${session.sessionName}`)).body['session'] as { queued: number }).queued === 0,
    )
  })

  it('uses and understands topic aliases', async () => {
    const { house, session } = await open()
    const reader = await join(house, session, 5, { properties: { topicAliasMaximum: 10 } })
    await reader.subscribeAsync('long/topic/#', { qos: 1 })
    const writer = await join(house, session, 5, { autoUseTopicAlias: true, autoAssignTopicAlias: true } as IClientOptions)
    for (let n = 0; n < 5; n += 1) await writer.publishAsync('long/topic/name', String(n), { qos: 1 })
    await came(reader, 5)
    expect(reader.got.map(({ topic, text }) => [topic, text])).toEqual(Array.from({ length: 5 }, (_, n) => ['long/topic/name', String(n)]))
    expect(reader.got.map(({ packet }) => packet.properties?.topicAlias)).toEqual([1, 1, 1, 1, 1])
  })

  it('makes a dead letter of what is larger than the client takes', async () => {
    const { house, session } = await open()
    const reader = await join(house, session, 5, { properties: { maximumPacketSize: 200 } })
    await reader.subscribeAsync('t', { qos: 1 })
    const writer = await join(house, session, 5)
    await writer.publishAsync('t', 'x'.repeat(500), { qos: 1 })
    await writer.publishAsync('t', 'small', { qos: 1 })
    await came(reader, 1)
    expect(reader.got[0]?.text).toBe('small')
    expect((await house.call(`/v1/sessions/${session.sessionName}/dead-letters`)).body).toMatchObject({
      deadLetters: [{ reason: 'oversized' }],
    })
  })

  it('never sends again on a connection that lives, and marks what it sends again on the next', async () => {
    const { house, session } = await open({ retryInterval: 20 })
    const options: IClientOptions = { clientId: 'k', clean: false, properties: { sessionExpiryInterval: 600 } }
    // It never says that it is done with a message, so nothing is acknowledged.
    const deaf = await join(house, session, 5, { ...options, customHandleAcks: () => undefined })
    let publishes = 0
    deaf.on('packetreceive', ({ cmd }) => void (publishes += cmd === 'publish' ? 1 : 0))
    await deaf.subscribeAsync('t', { qos: 1 })
    const writer = await join(house, session, 5)
    await writer.publishAsync('t', 'x', { qos: 1 })
    await until('it came', () => publishes === 1)
    for (let n = 0; n < 10; n += 1) await writer.publishAsync('clock', 'tick', { qos: 1 })
    expect(publishes).toBe(1)
    deaf.stream.destroy()
    const back = await joinListening(house, session, 5, options)
    await came(back, 1)
    expect(back.got[0]?.packet).toMatchObject({ dup: true })
  })
})

it('keeps a persistent session over a restart of the server', async () => {
  const dataDir = temporaryFolder()
  const first = await openBrokers({ dataDir })
  const session = await first.createSession()
  const client = await join(first, session, 4, { clientId: 'keeper', clean: false })
  await client.subscribeAsync('t/#', { qos: 2 })
  await client.endAsync()
  const writer = await join(first, session, 4)
  await writer.publishAsync('t/1', 'kept', { qos: 2 })
  await writer.publishAsync('t/r', 'retained', { qos: 1, retain: true })
  await first.stop()
  const second = await openBrokers({ dataDir })
  const back = await joinListening(second, session, 4, { clientId: 'keeper', clean: false })
  await came(back, 2)
  expect(back.got.map(({ text }) => text).sort()).toEqual(['kept', 'retained'])
  const fresh = await join(second, session, 4)
  await fresh.subscribeAsync('t/r')
  await came(fresh, 1)
})

describe('MQTT over TCP', () => {
  const hasMosquitto = spawnSync('mosquitto_pub', ['--help']).error === undefined

  it.skipIf(!hasMosquitto).each(['mqttv311', 'mqttv5'].flatMap((version) => ['0', '1', '2'].map((qos) => [version, qos] as const)))(
    'serves mosquitto_pub and mosquitto_sub as %s at quality %s',
    async (version, qos) => {
      const { house, session } = await open({}, { brokers: { mqttPort: 0 } })
      const port = String(house.room.mqttPort())
      const login = [
        '-h',
        '127.0.0.1',
        '-p',
        port,
        '-V',
        version,
        '-u',
        session.sessionName,
        '-P',
        session.password,
        '-q',
        qos,
        '-t',
        'from/shell',
      ]
      const sub = spawn('mosquitto_sub', [...login, '-C', '3'], { stdio: ['ignore', 'pipe', 'pipe'] })
      onTestFinished(() => void sub.kill())
      let text = ''
      sub.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
      await until(
        'it has subscribed',
        async () => ((await house.call(`/v1/sessions/${session.sessionName}`)).body['topics'] as unknown[]).length === 1,
      )
      const ended = once(sub, 'close')
      const pub = spawn('mosquitto_pub', [...login, '-l'], { stdio: ['pipe', 'ignore', 'ignore'] })
      // Cut off in the middle of a handshake it would try for ever to connect again.
      onTestFinished(() => void pub.kill())
      const published = once(pub, 'close')
      pub.stdin.end('one\ntwo\nthree\n')
      expect(await ended).toEqual([0, null])
      expect(await published).toEqual([0, null])
      expect(text).toBe('one\ntwo\nthree\n')
    },
  )

  it.skipIf(!hasMosquitto)('keeps retained messages and wills of mosquitto_pub for a JSON client', async () => {
    const { house, session } = await open({}, { brokers: { mqttPort: 0 } })
    const login = ['-h', '127.0.0.1', '-p', String(house.room.mqttPort()), '-u', session.sessionName, '-P', session.password]
    expect(await once(spawn('mosquitto_pub', [...login, '-t', 'lamp', '-m', 'on', '-r', '-q', '1']), 'close')).toEqual([0, null])
    const reader = await FrameClient.join(house.url, session)
    await reader.subscribe('#')
    expect(await reader.next('message')).toMatchObject({ topic: 'lamp', data: 'on', retained: true })
    const doomed = spawn(
      'mosquitto_sub',
      [...login, '-t', 'x', '--will-topic', 'wills/shell', '--will-payload', 'gone', '--will-qos', '1'],
      { stdio: 'ignore' },
    )
    onTestFinished(() => void doomed.kill('SIGKILL'))
    await until('it is connected', async () =>
      ((await house.call(`/v1/sessions/${session.sessionName}`)).body['topics'] as { topic: string }[]).some(({ topic }) => topic === 'x'),
    )
    doomed.kill('SIGKILL')
    expect(await reader.next('message')).toMatchObject({ topic: 'wills/shell', data: 'gone' })
  })

  it('answers garbage by closing, and serves the next client', async () => {
    const { house, session } = await open({}, { brokers: { mqttPort: 0 } })
    const port = house.room.mqttPort() ?? 0
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0xff]),
      Buffer.from([0x10, 0x00]),
      Buffer.alloc(200, 0xff),
      Buffer.from([0xc0, 0x00]),
    ]) {
      const socket = connectTcp(port, '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      const closed = once(socket, 'close')
      socket.write(bytes)
      socket.resume()
      await closed
    }
    const client = (await connectAsync(`mqtt://127.0.0.1:${port}`, {
      username: session.sessionName,
      password: session.password,
      reconnectPeriod: 0,
    })) as Client
    onTestFinished(async () => void (await client.endAsync(true)))
    await client.publishAsync('t', 'x', { qos: 1 })
  })
})

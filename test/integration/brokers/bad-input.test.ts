/** Whatever a client sends, the server stays up and the other sessions do not notice. */
import fc from 'fast-check'
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { generate, type Packet } from 'mqtt-packet'
import { WebSocket } from 'ws'
import { engineOf } from '../../fakes/broker-engine.ts'
import { FrameClient, openBrokers } from '../../fakes/broker-house.ts'
import { until } from '../../fakes/kernel.ts'
import { PacketClient } from '../../fakes/mqtt-client.ts'

it('survives any JSON frame, before and after login', async () => {
  const house = await openBrokers()
  const session = await house.createSession({ retryInterval: 60_000 })
  const witness = await FrameClient.join(house.url, await house.createSession())
  const client = await FrameClient.join(house.url, session, 'fuzzer')
  const stranger = await FrameClient.open(house.url)
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom('t', '#', 'a/#/b', '$share/g/t', 'sys/logs', '\0', 'x'.repeat(2_000), -1, 1e308))
  const frame = fc.record(
    {
      type: fc.constantFrom(
        'init',
        'subscribe',
        'unsubscribe',
        'publish',
        'ack',
        'init_file',
        'end_file',
        'register_fcm_token',
        'unregister_fcm_token',
        'get_registered_devices',
        '__proto__',
        'x',
      ),
      topic: value,
      data: value,
      messageId: value,
      fileId: value,
      userId: value,
      password: value,
      sessionName: fc.oneof(fc.constant(session.sessionName), value),
      retain: value,
      ttl: value,
      qos: value,
      encryptedData: value,
      hash: value,
      timestamp: value,
    },
    { requiredKeys: ['type'] },
  )
  fc.assert(
    fc.property(
      fc.oneof({ weight: 5, arbitrary: frame.map((each) => JSON.stringify(each)) }, fc.string(), fc.uint8Array({ maxLength: 80 })),
      (sent) => {
        const bytes = typeof sent === 'string' ? sent : Buffer.from(sent)
        client.send(bytes)
        stranger.send(bytes)
      },
    ),
    { numRuns: 1_500 },
  )
  witness.publish('t', 'still-here')
  expect(await witness.next('publish_response')).toMatchObject({ success: true })
  const after = await FrameClient.join(house.url, session)
  after.publish('t', 'after')
  expect(await after.next('publish_response')).toMatchObject({ success: true })
})

it.each([
  [
    'publish with deep data',
    (deep: string) => `{"type":"publish","topic":"t","data":${deep},"messageId":"m"}`,
    { type: 'publish_response', success: false, messageId: 'm', error: 'data may be nested 64 levels deep at most' },
  ],
  [
    'publish with a deep hash',
    (deep: string) => `{"type":"publish","topic":"t","data":"x","hash":${deep},"messageId":"m"}`,
    { success: false },
  ],
  [
    'subscribe to a deep topic',
    (deep: string) => `{"type":"subscribe","topic":${deep}}`,
    { type: 'subscribe_response', success: false, error: 'Invalid topic' },
  ],
  [
    'unsubscribe from a deep topic',
    (deep: string) => `{"type":"unsubscribe","topic":${deep}}`,
    { type: 'unsubscribe_response', success: false, error: 'Invalid topic' },
  ],
])('answers %s, a hundred thousand levels of it', async (_, frame, answer) => {
  const house = await openBrokers()
  const session = await house.createSession()
  const client = await FrameClient.join(house.url, session)
  client.send(frame('['.repeat(100_000) + ']'.repeat(100_000)))
  expect(await client.next()).toMatchObject(answer)
  client.publish('t', 'still-here')
  expect(await client.next('publish_response')).toMatchObject({ success: true })
})

it.each([
  [
    'publishes',
    (client: FrameClient) =>
      client.send(JSON.stringify({ type: 'publish', topic: 'nobody/listens', data: 'x', messageId: 'y'.repeat(128) })),
  ],
  ['says what nobody knows', (client: FrameClient) => client.send('{"type":"x"}')],
])('stops listening to a client that %s without end and never reads, and ends it', async (_, talk) => {
  const house = await openBrokers()
  const session = await house.createSession({ evictAfter: 1_000 })
  const witness = await FrameClient.join(house.url, session)
  const client = await FrameClient.join(house.url, session, 'talker')
  const connection = [...house.room.service.clients.connections].at(-1)
  client.socket.pause()
  // As a program would that looks at nothing but whether its own line is free.
  const talking = setInterval(() => {
    for (let n = 0; n < 5_000 && client.socket.bufferedAmount < 4_194_304; n += 1) talk(client)
  }, 1)
  try {
    await until('it is disconnected', async () => {
      witness.publish('t', `m${Math.random()}`)
      expect(await witness.next('publish_response')).toMatchObject({ success: true })
      return house.events.some(({ type }) => type === 'client-evicted')
    })
  } finally {
    clearInterval(talking)
  }
  await until('its connection is gone', () => connection !== undefined && !house.room.service.clients.connections.has(connection))
})

it('survives any bytes as MQTT', async () => {
  const house = await openBrokers()
  const witness = await FrameClient.join(house.url, await house.createSession())
  const packetLike = fc
    .tuple(fc.nat(255), fc.uint8Array({ maxLength: 60 }))
    .map(([head, rest]) => Buffer.from([head, rest.length, ...rest]))
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          packetLike,
          fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
        ),
        { maxLength: 4 },
      ),
      async (chunks) => {
        const socket = new WebSocket(house.url.replace('http', 'ws'), ['mqtt'])
        socket.on('error', () => undefined)
        await once(socket, 'open')
        for (const chunk of chunks) socket.send(chunk)
        const closed = once(socket, 'close')
        socket.close()
        await closed
      },
    ),
    { numRuns: 150 },
  )
  witness.publish('t', 'still-here')
  expect(await witness.next('publish_response')).toMatchObject({ success: true })
  await until('every connection is gone', () => house.room.service.clients.connections.size === 1)
})

it.each([4, 5] as const)('survives any packets after a login at level %i, and keeps its counts right', async (version) => {
  const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } } })
  const session = await house.createSession({ maxStoredBytes: 1_000_000 })
  const witness = await FrameClient.join(house.url, session, 'witness')
  await witness.subscribe('#')
  const topic = fc.constantFrom('t', 'a/b', '#', '+', '$share/g/t', 'sys/logs', '', 'a\0b', 'x'.repeat(1_500))
  const id = fc.constantFrom(0, 1, 2, 65_535)
  const options = fc.record({
    nl: fc.boolean(),
    rap: fc.boolean(),
    rh: fc.constantFrom(0 as const, 1 as const, 2 as const),
    qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
  })
  const properties = fc.record(
    {
      topicAlias: fc.constantFrom(0, 1, 64, 65),
      messageExpiryInterval: fc.nat(3),
      userProperties: fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
      subscriptionIdentifier: fc.constantFrom(0, 1, 268_435_455),
    },
    { requiredKeys: [] },
  )
  const packet = fc.oneof(
    fc.record({
      cmd: fc.constant('publish'),
      topic,
      payload: fc.string(),
      qos: fc.constantFrom(0, 1, 2),
      messageId: id,
      dup: fc.boolean(),
      retain: fc.boolean(),
      properties,
    }),
    fc.record({
      cmd: fc.constant('subscribe'),
      messageId: id,
      subscriptions: fc.array(
        fc.tuple(topic, options).map(([name, rest]) => ({ topic: name, ...rest })),
        { maxLength: 3 },
      ),
      properties: fc.constant({}),
    }),
    fc.record({ cmd: fc.constant('unsubscribe'), messageId: id, unsubscriptions: fc.array(topic, { maxLength: 3 }) }),
    fc.record({ cmd: fc.constantFrom('puback', 'pubrec', 'pubrel', 'pubcomp'), messageId: id, reasonCode: fc.constantFrom(0, 0x80, 0x92) }),
    fc.record({ cmd: fc.constantFrom('pingreq', 'connack', 'suback', 'unsuback', 'pingresp') }),
    fc.record({
      cmd: fc.constant('disconnect'),
      reasonCode: fc.constantFrom(0, 4),
      properties: fc.record({ sessionExpiryInterval: fc.constantFrom(0, 1, 4_294_967_295) }, { requiredKeys: [] }),
    }),
  )
  const bytesOf = (value: unknown): Buffer => {
    try {
      return generate(value as Packet, { protocolVersion: version }) // made to be wrong in places; the library refuses some of it
    } catch {
      return Buffer.alloc(0)
    }
  }
  const chunk = fc.oneof(
    { weight: 8, arbitrary: packet.map(bytesOf) },
    fc
      .tuple(packet.map(bytesOf), fc.nat(40), fc.nat(255))
      .map(([bytes, at, value]) => (at < bytes.length ? Buffer.from(bytes.map((byte, index) => (index === at ? value : byte))) : bytes)),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { minLength: 1, maxLength: 12 }), fc.boolean(), async (chunks, clean) => {
      const { client } = await PacketClient.join(
        house.room.mqttPort() ?? 0,
        session,
        { clean, clientId: 'fuzzer', will: { topic: 'w', payload: Buffer.from('w'), qos: 2, retain: true } },
        version,
      )
      for (const bytes of chunks) client.raw(bytes)
      client.finish()
      await client.ended()
    }),
    { numRuns: 200 },
  )
  witness.publish('t', 'still-here')
  expect(await witness.next('publish_response')).toMatchObject({ success: true })
  await until('every other connection is gone', () => house.room.service.clients.connections.size === 1)
  const [tenant] = engineOf(house.room).tenants.values()
  const unacked = [...(tenant?.subscribers.values() ?? [])].reduce((sum, subscriber) => sum + subscriber.unacked.size, 0)
  expect(tenant?.queued).toBe(unacked)
  expect(house.faults).toEqual([])
})

it('lets pages of any origin try, since the password is asked for inside', async () => {
  const house = await openBrokers()
  const session = await house.createSession()
  const socket = new WebSocket(`${house.url.replace('http', 'ws')}/any/path`, { headers: { origin: 'https://app.example.test' } })
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'init', ...session }))
  const [answer] = (await once(socket, 'message')) as [Buffer]
  expect(JSON.parse(answer.toString('utf8'))).toMatchObject({ success: true })
  socket.terminate()
  const refused = await fetch(`${house.url}/api/createSession`, {
    method: 'POST',
    headers: { origin: 'https://app.example.test', 'content-type': 'application/json' },
    body: '{}',
  })
  expect(refused.status).toBe(403)
})

it('ends connections that never log in, and half-open ones that never finish the handshake cost nothing', async () => {
  const house = await openBrokers()
  const half = connect(house.port, '127.0.0.1')
  await once(half, 'connect')
  half.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n')
  const silent = await FrameClient.open(house.url)
  expect(house.room.service.clients.connections.size).toBe(1)
  expect(await silent.ended()).toMatchObject({ code: 4401 })
  half.destroy()
})

it('answers a flood of logins with wrong names while other clients publish on', async () => {
  const house = await openBrokers()
  const session = await house.createSession()
  const worker = await FrameClient.join(house.url, session)
  const flood = await Promise.all(Array.from({ length: 100 }, () => FrameClient.open(house.url)))
  for (const [index, client] of flood.entries())
    for (let n = 0; n < 5; n += 1) client.send({ type: 'init', sessionName: `nobody-${index}`, password: 'x' })
  for (let n = 0; n < 50; n += 1) {
    worker.publish('t', `m${n}`)
    expect(await worker.next('publish_response')).toMatchObject({ success: true })
  }
  await Promise.all(flood.map((client) => client.next('init_response')))
  await FrameClient.join(house.url, session)
})

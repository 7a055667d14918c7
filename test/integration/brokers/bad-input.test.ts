/** Whatever a client sends, the server stays up and the other sessions do not notice. */
import fc from 'fast-check'
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { FrameClient, openBrokers } from '../../fakes/broker-house.ts'
import { until } from '../../fakes/kernel.ts'

it('survives any JSON frame, before and after login', async () => {
  const house = await openBrokers()
  const session = await house.createSession({ retryInterval: 60_000 })
  const witness = await FrameClient.join(house.url, await house.createSession())
  const client = await FrameClient.join(house.url, session, 'fuzzer')
  const stranger = await FrameClient.open(house.url)
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom('t', '#', 'a/#/b', '$share/g/t', 'sys/logs', '\0', 'x'.repeat(2_000), -1, 1e308))
  const frame = fc.record(
    { type: fc.constantFrom('init', 'subscribe', 'unsubscribe', 'publish', 'ack', 'init_file', 'end_file', 'register_fcm_token', 'unregister_fcm_token', 'get_registered_devices', '__proto__', 'x'), topic: value, data: value, messageId: value, fileId: value, userId: value, password: value, sessionName: fc.oneof(fc.constant(session.sessionName), value), retain: value, ttl: value, qos: value, encryptedData: value, hash: value, timestamp: value },
    { requiredKeys: ['type'] },
  )
  fc.assert(
    fc.property(fc.oneof({ weight: 5, arbitrary: frame.map((each) => JSON.stringify(each)) }, fc.string(), fc.uint8Array({ maxLength: 80 })), (sent) => {
      const bytes = typeof sent === 'string' ? sent : Buffer.from(sent)
      client.send(bytes)
      stranger.send(bytes)
    }),
    { numRuns: 1_500 },
  )
  witness.publish('t', 'still-here')
  expect(await witness.next('publish_response', 10_000)).toMatchObject({ success: true })
  const after = await FrameClient.join(house.url, session)
  after.publish('t', 'after')
  expect(await after.next('publish_response')).toMatchObject({ success: true })
}, 30_000)

it.each([
  ['publish with deep data', (deep: string) => `{"type":"publish","topic":"t","data":${deep},"messageId":"m"}`, { type: 'publish_response', success: false, messageId: 'm', error: 'data may be nested 64 levels deep at most' }],
  ['publish with a deep hash', (deep: string) => `{"type":"publish","topic":"t","data":"x","hash":${deep},"messageId":"m"}`, { success: false }],
  ['subscribe to a deep topic', (deep: string) => `{"type":"subscribe","topic":${deep}}`, { type: 'subscribe_response', success: false, error: 'Invalid topic' }],
  ['unsubscribe from a deep topic', (deep: string) => `{"type":"unsubscribe","topic":${deep}}`, { type: 'unsubscribe_response', success: false, error: 'Invalid topic' }],
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
  ['publishes', (client: FrameClient) => client.send(JSON.stringify({ type: 'publish', topic: 'nobody/listens', data: 'x', messageId: 'y'.repeat(128) }))],
  ['says what nobody knows', (client: FrameClient) => client.send('{"type":"x"}')],
])('stops listening to a client that %s without end and never reads, and ends it', async (_, talk) => {
  const house = await openBrokers()
  const session = await house.createSession({ evictAfter: 1_000 })
  const witness = await FrameClient.join(house.url, session)
  const client = await FrameClient.join(house.url, session, 'talker')
  const link = [...house.room.service.connections].at(-1)
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
    }, 20_000)
  } finally {
    clearInterval(talking)
  }
  await until('its connection is gone', () => link !== undefined && !house.room.service.connections.has(link))
}, 30_000)

it('survives any bytes as MQTT', async () => {
  const house = await openBrokers()
  const witness = await FrameClient.join(house.url, await house.createSession())
  const packetLike = fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 60 })).map(([head, rest]) => Buffer.from([head, rest.length, ...rest]))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(packetLike, fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes))), { maxLength: 4 }), async (chunks) => {
      const socket = new WebSocket(house.url.replace('http', 'ws'), ['mqtt'])
      socket.on('error', () => undefined)
      await once(socket, 'open')
      for (const chunk of chunks) socket.send(chunk)
      const closed = once(socket, 'close')
      socket.close()
      await closed
    }),
    { numRuns: 150 },
  )
  witness.publish('t', 'still-here')
  expect(await witness.next('publish_response')).toMatchObject({ success: true })
  await until('every connection is gone', () => house.room.service.connections.size === 1)
}, 30_000)

it('lets pages of any origin try, since the password is asked for inside', async () => {
  const house = await openBrokers()
  const session = await house.createSession()
  const socket = new WebSocket(`${house.url.replace('http', 'ws')}/any/path`, { headers: { origin: 'https://app.example.test' } })
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'init', ...session }))
  const [answer] = (await once(socket, 'message')) as [Buffer]
  expect(JSON.parse(answer.toString('utf8'))).toMatchObject({ success: true })
  socket.terminate()
  const refused = await fetch(`${house.url}/api/createSession`, { method: 'POST', headers: { origin: 'https://app.example.test', 'content-type': 'application/json' }, body: '{}' })
  expect(refused.status).toBe(403)
})

it('ends connections that never log in, and half-open ones that never finish the handshake cost nothing', async () => {
  const house = await openBrokers()
  const half = connect(house.port, '127.0.0.1')
  await once(half, 'connect')
  half.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n')
  const silent = await FrameClient.open(house.url)
  expect(house.room.service.connections.size).toBe(1)
  expect(await silent.ended(15_000)).toMatchObject({ code: 4401 })
  half.destroy()
}, 30_000)

it('answers a flood of logins with wrong names while other clients publish on', async () => {
  const house = await openBrokers()
  const session = await house.createSession()
  const worker = await FrameClient.join(house.url, session)
  const flood = await Promise.all(Array.from({ length: 100 }, () => FrameClient.open(house.url)))
  for (const [index, client] of flood.entries()) for (let n = 0; n < 5; n += 1) client.send({ type: 'init', sessionName: `nobody-${index}`, password: 'x' })
  for (let n = 0; n < 50; n += 1) {
    worker.publish('t', `m${n}`)
    expect(await worker.next('publish_response')).toMatchObject({ success: true })
  }
  await Promise.all(flood.map((client) => client.next('init_response')))
  await FrameClient.join(house.url, session)
})

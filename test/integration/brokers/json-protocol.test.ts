/** The JSON protocol as its clients know it, frame by frame, and what the engine promises through it. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ClientConnection } from '../../../server/brokers/connections/shared/client-connection.ts'
import { engineOf } from '../../fakes/broker-engine.ts'
import { countsIn, FrameClient, openBrokers, type BrokerHouse } from '../../fakes/broker-house.ts'
import { temporaryFolder, testClock, until, type TestClock } from '../../fakes/kernel.ts'

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

async function house(
  fields: Record<string, unknown> = {},
  options: Parameters<typeof openBrokers>[0] = {},
): Promise<{ house: BrokerHouse; session: { sessionName: string; password: string; secretKey: string }; path: string }> {
  const opened = await openBrokers(options)
  const session = await opened.createSession(fields)
  return { house: opened, session, path: `/v1/sessions/${session.sessionName}` }
}

/** Time goes by, and what is due by then is done. */
function pass(ms: number, clock: TestClock, { room }: BrokerHouse): void {
  clock.advance(ms)
  engineOf(room).runDue()
}

/** Closes the client's connection; resolves when the house knows that it has gone. */
async function leave(client: FrameClient, opened: BrokerHouse): Promise<void> {
  const { clients = 0 } = countsIn(opened) ?? {}
  client.socket.close()
  await client.ended()
  await until('it is away', () => countsIn(opened)?.clients === clients - 1)
}

describe('frames', () => {
  it('answers init with the session name, and says why it refuses', async () => {
    const {
      house: { url },
      session,
    } = await house()
    const client = await FrameClient.open(url)
    client.send({ type: 'init', sessionName: 'nobody', password: 'x' })
    expect(await client.next()).toEqual({ type: 'init_response', success: false, error: 'Session not found' })
    client.send({ type: 'init', sessionName: session.sessionName, password: 'wrong' })
    expect(await client.next()).toEqual({ type: 'init_response', success: false, error: 'Invalid password' })
    client.send({ type: 'init', sessionName: session.sessionName, password: session.password })
    expect(await client.next()).toEqual({ type: 'init_response', success: true, sessionName: session.sessionName })
  })

  it('answers what comes before init, what it does not know, and nothing to what it cannot read', async () => {
    const {
      house: { url },
      session,
    } = await house()
    const client = await FrameClient.open(url)
    client.send('no json')
    client.publish('t', id(1))
    expect(await client.next()).toEqual({ error: 'Not initialized' })
    client.send(Buffer.from([2, 1, 2, 3]))
    expect(await client.next()).toEqual({ error: 'Not initialized' })
    client.send({ type: 'init', ...session })
    await client.next('init_response')
    client.send({ type: 'dance' })
    expect(await client.next()).toEqual({ error: 'Unknown message type' })
    client.send('[1]')
    expect(await client.next()).toEqual({ error: 'Unknown message type' })
  })

  it('takes frames that were sent ahead of the answer to init', async () => {
    const {
      house: { url },
      session,
    } = await house()
    const client = await FrameClient.open(url)
    client.send({ type: 'init', ...session })
    client.send({ type: 'subscribe', topic: 't' })
    client.publish('u', id(1))
    expect(await client.next('subscribe_response')).toEqual({ type: 'subscribe_response', success: true, topic: 't' })
    expect(await client.next('publish_response')).toMatchObject({ success: true })
  })

  it('delivers with all fields as they were published, and confirms by publish_response and ack_received', async () => {
    const {
      house: { url },
      session,
    } = await house()
    const reader = await FrameClient.join(url, session)
    await reader.subscribe('orders/created')
    const writer = await FrameClient.join(url, session)
    writer.send({
      type: 'publish',
      topic: 'orders/created',
      data: 'aXY=:Y3Q=',
      hash: 'abc',
      timestamp: 1_700_000_000_123,
      messageId: id(1),
    })
    expect(await writer.next()).toEqual({ type: 'publish_response', success: true, messageId: id(1), deliveredTo: 1 })
    expect(await writer.next()).toEqual({ type: 'ack_received', messageId: id(1), topic: 'orders/created' })
    expect(await reader.next('message')).toEqual({
      type: 'message',
      topic: 'orders/created',
      data: 'aXY=:Y3Q=',
      hash: 'abc',
      timestamp: 1_700_000_000_123,
      messageId: id(1),
    })
  })

  it('says success with deliveredTo 0 when nobody listens, and keeps nothing', async () => {
    const {
      house: { url, call },
      session,
      path,
    } = await house()
    const writer = await FrameClient.join(url, session)
    writer.publish('nobody/here', id(1))
    expect(await writer.next()).toMatchObject({ success: true, deliveredTo: 0 })
    expect((await call(path)).body['session']).toMatchObject({ queued: 0, storedBytes: 0 })
  })

  it.each([
    [{ topic: 't' }, 'topic and data are required'],
    [{ data: 'd' }, 'topic and data are required'],
    [{ topic: 'a/+', data: 'd' }, 'Invalid topic'],
    [{ topic: 'sys/logs', data: 'd' }, 'sys/logs is reserved'],
    [{ topic: 't', data: 'd', messageId: 5 }, 'messageId must be a text of at most 128 characters'],
    [{ topic: 't', data: 'd', ttl: -1 }, 'ttl must be a whole number of ms'],
  ])('refuses to publish %j', async (fields, error) => {
    const {
      house: { url },
      session,
    } = await house()
    const writer = await FrameClient.join(url, session)
    writer.send({ type: 'publish', ...fields })
    expect(await writer.next()).toMatchObject({ type: 'publish_response', success: false, error })
  })

  it('stops delivering after unsubscribe', async () => {
    const {
      house: { url },
      session,
    } = await house()
    const reader = await FrameClient.join(url, session)
    await reader.subscribe('t')
    reader.send({ type: 'unsubscribe', topic: 't' })
    expect(await reader.next()).toEqual({ type: 'unsubscribe_response', success: true, topic: 't' })
    const writer = await FrameClient.join(url, session)
    writer.publish('t', id(1))
    expect(await writer.next()).toMatchObject({ deliveredTo: 0 })
  })

  it('relays a file as it is: init_file, binary chunks, end_file, to all but its sender', async () => {
    const {
      house: { url },
      session,
    } = await house()
    const [sender, reader] = [await FrameClient.join(url, session), await FrameClient.join(url, session)]
    await reader.subscribe('files')
    await sender.subscribe('files')
    const fileId = id(7)
    const start = { type: 'init_file', fileId, fileName: 'a.bin', fileSize: 200_000, totalChunks: 4, topic: 'files' }
    sender.send(start)
    const chunks = Array.from({ length: 4 }, (_, index) => {
      const position = Buffer.alloc(4)
      position.writeUInt32BE(index)
      return Buffer.concat([Buffer.from([2]), Buffer.from(fileId), position, randomBytes(65_000)])
    })
    for (const chunk of chunks) sender.send(chunk)
    const end = { type: 'end_file', fileId, hash: '', topic: 'files' }
    sender.send(end)
    expect(await reader.next('init_file')).toEqual(start)
    expect(await reader.next('end_file')).toEqual(end)
    expect(Buffer.concat(reader.chunks).equals(Buffer.concat(chunks))).toBe(true)
    expect(sender.chunks).toEqual([])
    expect(sender.ofType('init_file')).toEqual([])
    sender.send(chunks[0] ?? Buffer.alloc(0))
    expect(await sender.next()).toEqual({ error: 'Unknown file' })
  })

  it('tells a session what happens in it on sys/logs, and wildcards do not reach that topic', async () => {
    const {
      house: { url },
      session,
    } = await house()
    const [watcher, other] = [await FrameClient.join(url, session), await FrameClient.join(url, session)]
    await watcher.subscribe('sys/logs')
    await other.subscribe('#')
    await FrameClient.join(url, session, 'kiosk')
    expect(await watcher.next('log')).toEqual({ type: 'log', data: 'kiosk joined from 127.0.0.1', timestamp: expect.any(Number) })
    expect(other.ofType('log')).toEqual([])
  })

  it('keeps device tokens per session and user, as they came', async () => {
    const {
      house: { url, createSession },
      session,
    } = await house()
    const client = await FrameClient.join(url, session)
    client.send({
      type: 'register_fcm_token',
      userId: 'user1',
      encryptedData: 'aXY=:dG9rZW4=',
      hash: 'h',
      deviceId: 'phone',
      platform: 'android',
    })
    expect(await client.next()).toMatchObject({ type: 'fcm_token_response', success: true })
    client.send({ type: 'get_registered_devices', userId: 'user1' })
    expect(await client.next()).toEqual({
      type: 'registered_devices_response',
      success: true,
      devices: [{ deviceId: 'phone', platform: 'android', createdAt: expect.any(Number), updatedAt: expect.any(Number) }],
    })
    const stranger = await FrameClient.join(url, await createSession())
    stranger.send({ type: 'get_registered_devices', userId: 'user1' })
    expect(await stranger.next()).toMatchObject({ devices: [] })
    stranger.send({ type: 'unregister_fcm_token', userId: 'user1', encryptedData: 'x', deviceId: 'phone' })
    expect(await stranger.next()).toMatchObject({ type: 'fcm_unregister_response', success: false })
    client.send({ type: 'unregister_fcm_token', userId: 'user1', encryptedData: 'x', deviceId: 'phone' })
    expect(await client.next()).toEqual({ type: 'fcm_unregister_response', success: true })
  })

  it('keeps a retained message for those who subscribe later, also by wildcard', async () => {
    const {
      house: { url },
      session,
    } = await house()
    const writer = await FrameClient.join(url, session)
    writer.send({ type: 'publish', topic: 'lamp/1', data: 'on', messageId: id(1), retain: true })
    await writer.next('ack_received')
    const reader = await FrameClient.join(url, session)
    await reader.subscribe('lamp/+')
    expect(await reader.next('message')).toMatchObject({ data: 'on', retained: true })
  })

  it('closes with 1009 above ten megabytes, with 1007 for text that is not UTF-8, and serves the others on', async () => {
    const {
      house: { url },
      session,
    } = await house()
    const healthy = await FrameClient.join(url, session)
    const large = await FrameClient.join(url, session)
    large.socket.send('x'.repeat(10_485_761))
    expect(await large.ended()).toMatchObject({ code: 1009 })
    const broken = await FrameClient.join(url, session)
    broken.socket.send(Buffer.from([0x22, 0xff, 0xfe, 0x22]), { binary: false })
    expect(await broken.ended()).toMatchObject({ code: 1007 })
    healthy.publish('t', id(1))
    expect(await healthy.next('publish_response')).toMatchObject({ success: true })
  })
})

describe('promises', () => {
  it('delivers to each subscriber on its own account: the ack of one leaves the others waiting', async () => {
    const clock = testClock()
    const { house: opened, session } = await house({ retryInterval: 60 }, { clock })
    const { url } = opened
    const [eager, lazy, writer] = [
      await FrameClient.join(url, session),
      await FrameClient.join(url, session),
      await FrameClient.join(url, session),
    ]
    await eager.subscribe('t')
    await lazy.subscribe('t')
    writer.publish('t', id(1))
    await eager.next('message')
    eager.ack('t', id(1))
    await until('one waits', () => countsIn(opened)?.queued === 1)
    await lazy.next('message')
    for (const retry of [1, 2]) {
      pass(60, clock, opened)
      expect(await lazy.next('message')).toMatchObject({ messageId: id(1), retry })
    }
    lazy.ack('t', id(1))
    await until('nothing waits', () => countsIn(opened)?.queued === 0)
    expect(eager.ofType('message')).toHaveLength(1)
  })

  it('never echoes to the sender, neither at first nor in retries', async () => {
    const {
      house: { url },
      session,
    } = await house({ retryInterval: 30 })
    const [sender, reader] = [await FrameClient.join(url, session), await FrameClient.join(url, session)]
    await sender.subscribe('t')
    await reader.subscribe('t')
    sender.publish('t', id(1))
    for (let retry = 0; retry < 4; retry += 1) await reader.next('message')
    expect(sender.ofType('message')).toEqual([])
  })

  it('delivers once what is published twice under one id, and confirms both times', async () => {
    const {
      house: { url },
      session,
    } = await house()
    const [writer, reader] = [await FrameClient.join(url, session), await FrameClient.join(url, session)]
    await reader.subscribe('t')
    writer.publish('t', id(1))
    writer.publish('t', id(1))
    await writer.next('ack_received')
    expect(await writer.next('publish_response')).toMatchObject({ success: true, messageId: id(1), duplicate: true })
    await writer.next('ack_received')
    writer.publish('t', id(2))
    expect(await reader.next('message')).toMatchObject({ messageId: id(1) })
    expect(await reader.next('message')).toMatchObject({ messageId: id(2) })
  })

  it('keeps what a named client missed, in order, and gives it on return', async () => {
    const { house: opened, session } = await house()
    const { url } = opened
    const reader = await FrameClient.join(url, session, 'erp-sync')
    await reader.subscribe('t')
    await leave(reader, opened)
    const writer = await FrameClient.join(url, session)
    for (let n = 1; n <= 5; n += 1) {
      writer.publish('t', id(n))
      expect(await writer.next('publish_response')).toMatchObject({ deliveredTo: 0, queuedFor: 1 })
    }
    const back = await FrameClient.join(url, session, 'erp-sync')
    for (let n = 1; n <= 5; n += 1) expect(await back.next('message')).toMatchObject({ messageId: id(n) })
  })

  it('makes a dead letter after the last retry, which can be peeked at, replayed and purged', async () => {
    const clock = testClock()
    const { house: opened, session, path } = await house({ retryInterval: 20, maxRetryLimit: 2 }, { clock })
    const { url, call } = opened
    const reader = await FrameClient.join(url, session, 'erp-sync')
    await reader.subscribe('t')
    const writer = await FrameClient.join(url, session)
    writer.publish('t', id(1), 'look')
    for (const retry of [undefined, 1, 2]) {
      expect((await reader.next('message'))['retry']).toBe(retry)
      pass(20, clock, opened)
    }
    await until('it is a dead letter', async () => ((await call(path)).body['session'] as { deadLetters: number }).deadLetters === 1)
    const { body } = await call(`${path}/dead-letters`)
    expect(body).toMatchObject({
      total: 1,
      deadLetters: [{ messageId: id(1), topic: 't', subscriber: 'user:erp-sync', reason: 'max-retries', tries: 3, preview: 'look' }],
    })
    const before = reader.frames.length
    expect((await call(`${path}/dead-letters/replay`, { all: true })).body).toEqual({ replayed: 1, kept: 0 })
    await until('it comes again', () =>
      reader.frames.slice(before).some((frame) => frame['messageId'] === id(1) && frame['retry'] === undefined),
    )
    reader.ack('t', id(1))
    await until('it is settled', async () => ((await call(path)).body['session'] as { queued: number }).queued === 0)
    expect((await call(`${path}/dead-letters/purge`, { all: true })).body).toEqual({ purged: 0 })
  })

  it('expires what nobody took in time and never sends it after', async () => {
    const clock = testClock()
    const { house: opened, session, path } = await house({ messageExpiryTime: 80 }, { clock })
    const { url, call } = opened
    const reader = await FrameClient.join(url, session, 'late')
    await reader.subscribe('t')
    await leave(reader, opened)
    const writer = await FrameClient.join(url, session)
    writer.publish('t', id(1))
    await writer.next('publish_response')
    pass(80, clock, opened)
    await until('it is a dead letter', async () => ((await call(path)).body['session'] as { deadLetters: number }).deadLetters === 1)
    expect((await call(`${path}/dead-letters`)).body).toMatchObject({ deadLetters: [{ reason: 'expired', tries: 0 }] })
    const back = await FrameClient.join(url, session, 'late')
    writer.publish('t', id(2))
    expect(await back.next('message')).toMatchObject({ messageId: id(2) })
  })

  it.each([
    ['drop-oldest', [3, 4], [2, 1], true],
    ['drop-newest', [1, 2], [4, 3], true],
    ['reject', [1, 2], [], false],
  ])('bounds the queue of who is away by the policy %s', async (overflow, kept, dead, isTaken) => {
    const { house: opened, session, path } = await house({ overflow, maxQueuedMessages: 2 })
    const { url, call } = opened
    const reader = await FrameClient.join(url, session, 'away')
    await reader.subscribe('t')
    await leave(reader, opened)
    const writer = await FrameClient.join(url, session)
    for (let n = 1; n <= 4; n += 1) {
      writer.publish('t', id(n))
      expect(await writer.next('publish_response')).toMatchObject(
        n <= 2 || isTaken ? { success: true } : { success: false, error: 'Queue is full' },
      )
    }
    const { body } = await call(`${path}/dead-letters`)
    expect((body['deadLetters'] as { messageId: string; reason: string }[]).map(({ messageId, reason }) => [messageId, reason])).toEqual(
      dead.map((n) => [id(n), 'overflow']),
    )
    const back = await FrameClient.join(url, session, 'away')
    for (const n of kept) expect(await back.next('message')).toMatchObject({ messageId: id(n) })
  })

  it('makes dead letters of what an unnamed client had not acknowledged when it went', async () => {
    const {
      house: { url, call },
      session,
      path,
    } = await house()
    const reader = await FrameClient.join(url, session)
    await reader.subscribe('t')
    const writer = await FrameClient.join(url, session)
    writer.publish('t', id(1))
    await reader.next('message')
    reader.socket.terminate()
    await until('it is a dead letter', async () => ((await call(path)).body['session'] as { deadLetters: number }).deadLetters === 1)
    expect((await call(`${path}/dead-letters/replay`, { all: true })).body).toEqual({ replayed: 0, kept: 1 })
    const heir = await FrameClient.join(url, session)
    await heir.subscribe('t')
    expect((await call(`${path}/dead-letters/replay`, { all: true })).body).toEqual({ replayed: 1, kept: 0 })
    expect(await heir.next('message')).toMatchObject({ messageId: id(1) })
  })

  it('lets nothing cross between sessions in any verb, though all names and ids are the same', async () => {
    const opened = await openBrokers()
    const [mine, theirs] = [await opened.createSession({ retryInterval: 40 }), await opened.createSession({ retryInterval: 40 })]
    const reader = await FrameClient.join(opened.url, mine, 'same')
    const stranger = await FrameClient.join(opened.url, theirs, 'same')
    await reader.subscribe('t')
    for (const topic of ['t', '#', '+', '$share/g/t', 'sys/logs']) await stranger.subscribe(topic)
    const writer = await FrameClient.join(opened.url, mine)
    writer.send({ type: 'publish', topic: 't', data: 'secret', messageId: id(1), retain: true })
    await reader.next('message')
    // Everything a stranger may try to reach it with.
    stranger.ack('t', id(1))
    stranger.send({ type: 'unsubscribe', topic: 't' })
    stranger.send({ type: 'init_file', fileId: id(5), fileName: 'f', fileSize: 1, totalChunks: 1, topic: 't' })
    stranger.publish('t', id(1), 'forged')
    expect(await stranger.next('publish_response')).toMatchObject({ success: true, deliveredTo: 0 })
    stranger.send({ type: 'subscribe', topic: 't' })
    await stranger.next('subscribe_response')
    // The foreign ack changed nothing: the message still comes again.
    expect(await reader.next('message')).toMatchObject({ messageId: id(1), data: 'secret', retry: 1 })
    expect(reader.ofType('init_file')).toEqual([])
    expect(stranger.frames.filter(({ type, data }) => type === 'message' || data === 'secret')).toEqual([])
    expect(stranger.ofType('log').every(({ data }) => !String(data).includes('secret'))).toBe(true)
    expect(await opened.call('/api/dropSession', { ...theirs, sessionName: mine.sessionName })).toMatchObject({ status: 400 })
    await opened.call('/api/dropSession', theirs)
    expect(await stranger.ended()).toMatchObject({ code: 4410 })
    expect(reader.closed).toBeNull()
  })

  it('disconnects a reader that takes nothing, keeps its queue, and never lets the others wait', async () => {
    const clock = testClock()
    const {
      house: { url, call, events },
      session,
      path,
    } = await house({ evictAfter: 1_000, maxInFlight: 65_535 }, { clock })
    const frozen = await FrameClient.join(url, session, 'frozen')
    const healthy = await FrameClient.join(url, session, 'healthy')
    await frozen.subscribe('t')
    await healthy.subscribe('t')
    frozen.socket.pause()
    const writer = await FrameClient.join(url, session)
    const data = 'x'.repeat(64_000)
    for (let n = 1; n <= 200; n += 1) {
      writer.publish('t', id(n), data)
      const message = await healthy.next('message')
      healthy.ack('t', message['messageId'])
    }
    const memory = (await call(path)).body['clients'] as { name: string; unacked: number; slow: boolean }[]
    expect(memory.find(({ name }) => name === 'frozen')).toMatchObject({ unacked: 200, slow: true })
    clock.advance(1_001)
    await until('it is disconnected', () => events.some(({ type, subject }) => type === 'client-evicted' && subject === 'frozen'))
    frozen.socket.terminate()
    const back = await FrameClient.join(url, session, 'frozen')
    const got = new Set<unknown>()
    while (got.size < 200) {
      const message = await back.next('message')
      got.add(message['messageId'])
      back.ack('t', message['messageId'])
    }
  })

  it('finds a frozen reader even where its messages are too few to fill any buffer', async () => {
    const clock = testClock()
    const {
      house: { url, events, room },
      session,
    } = await house({ evictAfter: 1_000 }, { clock })
    const frozen = await FrameClient.join(url, session, 'frozen')
    await frozen.subscribe('t')
    const silent = await FrameClient.join(url, session, 'never-acks')
    await silent.subscribe('t')
    frozen.socket.pause()
    const writer = await FrameClient.join(url, session)
    writer.publish('t', id(1))
    await silent.next('message')
    const heardOf = [...room.service.clients.connections].find((each) => each instanceof ClientConnection && each.name === 'never-acks')
    const asked = once(silent.socket, 'ping')
    clock.advance(1_001)
    await asked
    await until('its answer has come', () => heardOf instanceof ClientConnection && heardOf.heartbeat.quietFor === 0)
    clock.advance(1_000)
    await until('it is disconnected', () => events.some(({ type }) => type === 'client-evicted'))
    expect(events.filter(({ type }) => type === 'client-evicted').map(({ subject }) => subject)).toEqual(['frozen'])
    // Not to acknowledge is one's right, as long as one is there.
    expect(silent.closed).toBeNull()
  })

  it('refuses above the quotas of clients and of messages a second', async () => {
    const {
      house: { url },
      session,
    } = await house({ maxClients: 2, maxPublishRate: 5 }, { clock: testClock() })
    const writer = await FrameClient.join(url, session)
    await FrameClient.join(url, session)
    await expect(FrameClient.join(url, session)).rejects.toThrow('Session has too many clients')
    for (let n = 1; n <= 20; n += 1) writer.publish('t', id(n))
    await until('all are answered', () => writer.ofType('publish_response').length === 20)
    const refused = writer.ofType('publish_response').filter(({ error }) => error === 'Publish rate exceeded')
    expect(refused).toHaveLength(15)
  })

  it('refuses above the quota of bytes, and takes messages again once some were acknowledged', async () => {
    const {
      house: { url },
      session,
    } = await house({ maxStoredBytes: 4_000 })
    const [reader, writer] = [await FrameClient.join(url, session), await FrameClient.join(url, session)]
    await reader.subscribe('t')
    for (let n = 1; n <= 4; n += 1) {
      writer.publish('t', id(n), 'x'.repeat(1_000))
      expect(await writer.next('publish_response')).toMatchObject(
        n <= 3 ? { success: true } : { success: false, error: 'Session storage is full', messageId: id(4) },
      )
    }
    reader.ack('t', id(1))
    // Answered in their order: what comes after the acknowledgement finds the room it made.
    reader.publish('elsewhere', id(5))
    await reader.next('publish_response')
    writer.publish('t', id(4), 'x'.repeat(1_000))
    expect(await writer.next('publish_response')).toMatchObject({ success: true, deliveredTo: 1 })
  })

  it('slows down guessing, while the right password still enters', async () => {
    const {
      house: { url },
      session,
    } = await house()
    const guesser = await FrameClient.open(url)
    for (let n = 0; n < 21; n += 1) guesser.send({ type: 'init', sessionName: session.sessionName, password: `guess ${n}` })
    await until('it is told', () => guesser.frames.some(({ error }) => error === 'Too many attempts'))
    expect(await guesser.ended()).toMatchObject({ code: 4429 })
    await FrameClient.join(url, session)
  })

  it('shares a subscription among its members, each message to one of them', async () => {
    const {
      house: { url },
      session,
    } = await house()
    const members = [await FrameClient.join(url, session), await FrameClient.join(url, session)]
    for (const member of members) await member.subscribe('$share/workers/jobs/#')
    const writer = await FrameClient.join(url, session)
    for (let n = 1; n <= 10; n += 1) writer.publish('jobs/a', id(n))
    await until('all came', () => members.reduce((sum, member) => sum + member.ofType('message').length, 0) === 10)
    for (const member of members) expect(member.ofType('message')).toHaveLength(5)
  })

  it('rebuilds queues, retries and dead letters after a restart', async () => {
    const dataDir = temporaryFolder()
    const first = await openBrokers({ dataDir })
    const session = await first.createSession({ retryInterval: 30, maxRetryLimit: 1_000 })
    const reader = await FrameClient.join(first.url, session, 'r')
    await reader.subscribe('t')
    const writer = await FrameClient.join(first.url, session)
    writer.publish('t', id(1))
    await until('it was tried again', () => reader.ofType('message').length >= 3)
    await first.stop()
    const second = await openBrokers({ dataDir })
    const back = await FrameClient.join(second.url, session, 'r')
    const message = await back.next('message')
    expect(message).toMatchObject({ messageId: id(1) })
    expect(Number(message['retry'])).toBeGreaterThanOrEqual(3)
    // A repetition from before the restart is still known as one.
    const again = await FrameClient.join(second.url, session)
    again.publish('t', id(1))
    expect(await again.next('publish_response')).toMatchObject({ success: true, duplicate: true })
  })

  it('loses memory sessions with the process and writes nothing of them', async () => {
    const dataDir = temporaryFolder()
    const first = await openBrokers({ dataDir })
    const session = await first.createSession({ durability: 'memory' })
    const reader = await FrameClient.join(first.url, session, 'r')
    await reader.subscribe('t')
    reader.socket.terminate()
    const writer = await FrameClient.join(first.url, session)
    writer.publish('t', id(1))
    await writer.next('ack_received')
    await first.stop()
    const second = await openBrokers({ dataDir })
    expect((await second.call(`/v1/sessions/${session.sessionName}`)).body['session']).toMatchObject({ subscribers: 0, queued: 0 })
  })
})

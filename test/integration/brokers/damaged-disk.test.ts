/**
 * A journal of which a part cannot be read, and a disk that refuses: what there is serves, what is missing is said, and all is set right
 * afterwards.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { connectAsync } from 'mqtt'
import { Journal } from '../../../server/brokers/engine/embedded/journal.ts'
import { countsIn, FrameClient, openBrokers, type BrokerHouse } from '../../fakes/broker-house.ts'
import { addTenant, engineOf, FakeClient, newEngine, publicationOf, subscriptionTo } from '../../fakes/broker-engine.ts'
import { temporaryFolder, until } from '../../fakes/kernel.ts'
import { inWords } from '../../fakes/words.ts'

const names = ['one', 'two', 'three']

/** A journal of three segments, each with one message that waits for a reader who is away. */
async function threeSegments(
  dataDir: string,
): Promise<{ session: { sessionName: string; password: string }; folder: string; files: string[] }> {
  const folder = join(dataDir, 'brokers')
  let session: { sessionName: string; password: string } | null = null
  for (const name of names) {
    const house = await openBrokers({ dataDir })
    session ??= await house.createSession()
    const reader = await FrameClient.join(house.url, session, 'reader')
    await reader.subscribe('t')
    reader.socket.terminate()
    await until('it is away', () => countsIn(house)?.clients === 0)
    const writer = await FrameClient.join(house.url, session)
    writer.publish('t', name)
    await writer.next('publish_response')
    await house.stop()
  }
  return { session: session ?? { sessionName: '', password: '' }, folder, files: readdirSync(folder).toSorted() }
}

async function waiting(house: BrokerHouse, session: { sessionName: string }): Promise<unknown[]> {
  return ((await house.call(`/v1/sessions/${session.sessionName}/messages`)).body['messages'] as { messageId: string }[]).map(
    ({ messageId }) => messageId,
  )
}

const attention = (house: BrokerHouse): { id: string; text: string; action: string | null }[] =>
  inWords(house.room.attention()).filter(({ id }) => id === 'brokers-journal')

/** A folder in place of the file cannot be read as one, whoever asks: this user may be one for whom no file is closed. */
function makeUnreadable(file: string): () => void {
  renameSync(file, `${file}.kept`)
  mkdirSync(file)
  return () => {
    rmSync(file, { recursive: true })
    renameSync(`${file}.kept`, file)
  }
}

describe('a segment that cannot be read', () => {
  it('costs what is in it and nothing else, is said, and comes back when it can be read', async () => {
    const dataDir = temporaryFolder()
    const { session, folder, files } = await threeSegments(dataDir)
    const file = join(folder, files[1] ?? '')
    const mend = makeUnreadable(file)
    const house = await openBrokers({ dataDir })
    expect(await waiting(house, session)).toEqual(['one', 'three'])
    expect(attention(house)).toEqual([
      expect.objectContaining({ text: expect.stringContaining(files[1] ?? '') as string, action: 'restart-room' }),
    ])
    const writer = await FrameClient.join(house.url, session)
    writer.publish('t', 'new')
    expect(await writer.next('publish_response')).toMatchObject({ success: true, queuedFor: 1 })
    expect(readdirSync(folder)).toContain(files[1])
    mend()
    await house.restart()
    expect((await waiting(house, session)).toSorted()).toEqual(['new', 'one', 'three', 'two'])
    expect(attention(house)).toEqual([])
    const back = await FrameClient.join(house.url, session, 'reader')
    const got = new Set<unknown>()
    while (got.size < 4) {
      const { messageId } = await back.next('message')
      got.add(messageId)
      back.ack('t', messageId)
    }
    await until('nothing waits', () => countsIn(house)?.queued === 0)
  })

  it.each([
    ['garbage', () => Buffer.alloc(5_000, 0xa5)],
    ['zeros, as a power cut leaves them', () => Buffer.alloc(5_000)],
  ])('is left where it is when it is %s', async (_, content) => {
    const dataDir = temporaryFolder()
    const { session, folder, files } = await threeSegments(dataDir)
    const file = join(folder, files[1] ?? '')
    writeFileSync(file, content())
    const house = await openBrokers({ dataDir })
    expect(await waiting(house, session)).toEqual(['one', 'three'])
    expect(attention(house)).toEqual([expect.objectContaining({ text: expect.stringContaining('no segment of a journal') as string })])
    await house.createSession()
    expect(readFileSync(file)).toEqual(content())
  })

  it('has numbers of its own, which nothing else is given meanwhile', async () => {
    const dataDir = temporaryFolder()
    const { folder, files } = await threeSegments(dataDir)
    const before = await new Journal({ folder, onSegment: () => undefined }).recover()
    makeUnreadable(join(folder, files[2] ?? ''))
    const journal = new Journal({ folder, onSegment: () => undefined })
    const replay = await journal.recover()
    expect(replay.nextSeq).toBeGreaterThan(before.nextSeq)
    expect(replay.nextSubscriber).toBeGreaterThan(before.nextSubscriber)
    expect(journal.segment).toBe(4)
  })
})

describe('a byte that flipped', () => {
  /** A journal of one segment with five messages in a batch each. */
  async function fiveBatches(): Promise<{ folder: string; file: string; bytes: Buffer }> {
    const folder = join(temporaryFolder(), 'brokers')
    const engine = newEngine({ folder })
    const tenant = addTenant(engine)
    await engine.start()
    const reader = await new FakeClient('reader').attachTo(engine, tenant.id)
    // Not waited for: the first batch holds it and a message.
    void reader.subscribe([subscriptionTo('t')])
    for (let n = 1; n <= 5; n += 1) {
      engine.publish(tenant.id, publicationOf({ id: `m${n}`, body: Buffer.from(`body ${n}`) }))
      await engine.parts.recorder.stored()
    }
    await engine.stop()
    const file = join(folder, readdirSync(folder)[0] ?? '')
    return { folder, file, bytes: readFileSync(file) }
  }

  it('costs no more than the batch it is in, wherever it is', async () => {
    const { folder, file, bytes } = await fiveBatches()
    let flipped = 0
    for (let at = 8; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 0x10
      writeFileSync(file, changed)
      const journal = new Journal({ folder, onSegment: () => undefined })
      const { messages } = await journal.recover()
      const lost = 5 - messages.size
      expect(lost, `byte ${at}`).toBeLessThanOrEqual(1)
      // In the last batch it looks like the end that a kill leaves.
      expect(journal.damage.length + journal.leftOut.length, `byte ${at}`).toBe(1)
      flipped += 1
    }
    expect(flipped).toBeGreaterThan(300)
  })
})

describe('a disk that refuses', () => {
  it('is said in every answer, and all is set right when it takes again', async () => {
    const dataDir = temporaryFolder()
    const house = await openBrokers({ dataDir, settings: { brokers: { mqttPort: 0 } } })
    const session = await house.createSession()
    const path = `/v1/sessions/${session.sessionName}`
    const reader = await FrameClient.join(house.url, session, 'reader')
    await reader.subscribe('t')
    reader.socket.terminate()
    await until('it is away', () => countsIn(house)?.clients === 0)
    const writer = await FrameClient.join(house.url, session, 'writer')
    writer.publish('t', 'before')
    await writer.next('publish_response')
    rmSync(join(dataDir, 'brokers'), { recursive: true })
    writeFileSync(join(dataDir, 'brokers'), 'in the way')
    await engineOf(house.room).parts.recorder.rewrite()

    writer.publish('t', 'refused')
    expect(await writer.next('publish_response')).toMatchObject({ success: false, error: 'Message could not be stored' })
    writer.send({ type: 'subscribe', topic: 'u' })
    expect(await writer.next('subscribe_response')).toMatchObject({ success: false, error: 'Subscription could not be stored' })
    const mqtt = await connectAsync(`mqtt://127.0.0.1:${house.room.mqttPort() ?? 0}`, {
      protocolVersion: 5,
      clientId: 'm',
      clean: false,
      properties: { sessionExpiryInterval: 60 },
      username: session.sessionName,
      password: session.password,
      reconnectPeriod: 0,
    })
    await expect(mqtt.publishAsync('t', 'refused', { qos: 1 })).rejects.toMatchObject({ code: 0x83 })
    await expect(mqtt.publishAsync('t', 'refused', { qos: 2 })).rejects.toMatchObject({ code: 0x83 })
    await mqtt.endAsync()
    const subscriber =
      ((await house.call(path)).body['clients'] as { subscriberId: number; name: string }[]).find(({ name }) => name === 'reader')
        ?.subscriberId ?? 0
    expect((await house.call(`${path}/subscribers/${subscriber}/purge`, {})).status).toBe(507)
    expect((await house.call(`${path}/dead-letters/purge`, { all: true })).status).toBe(507)
    expect((await house.call(path, { policy: { durability: 'memory' } }, 'PATCH')).status).toBe(507)
    expect(inWords(house.room.attention()).find(({ id }) => id === 'brokers-storage')?.text).toMatch(/not allowed|the disk/)

    rmSync(join(dataDir, 'brokers'))
    mkdirSync(join(dataDir, 'brokers'))
    await until('it is asked again by itself', () => house.room.service.storageError === null)
    expect(house.room.attention()).toEqual([])
    await house.call(path, { policy: { durability: 'fsync' } }, 'PATCH')
    writer.publish('t', 'refused')
    expect(await writer.next('publish_response')).toMatchObject({ success: true, queuedFor: 1 })
    await house.restart()
    const back = await FrameClient.join(house.url, session, 'reader')
    expect(await back.next('message')).toMatchObject({ messageId: 'refused' })
  })

  it('answers 507 to what the database is to keep, and keeps none of it', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const client = await FrameClient.join(house.url, session)
    const empty = house.fillDatabase()
    const refused: string[] = []
    // Until what is free in its pages is used up.
    for (let n = 0; refused.length === 0 && n < 500; n += 1) {
      const sessionName = `s${n}${'x'.repeat(60)}`
      const { status, body } = await house.call('/api/createSession', { sessionName, password: 'secure-password-123' })
      if (status === 200) continue
      expect([status, body]).toEqual([
        507,
        expect.objectContaining({ success: false, error: expect.stringContaining('the disk is full') as string }),
      ])
      refused.push(sessionName)
    }
    expect(refused).toHaveLength(1)
    const token = { type: 'register_fcm_token', userId: 'u', encryptedData: 'x'.repeat(8_000) }
    client.send(token)
    expect(await client.next('fcm_token_response')).toMatchObject({ success: false, error: 'Device could not be stored' })
    expect((await house.call(`/v1/sessions/${refused[0] ?? ''}`)).status).toBe(404)
    empty()
    client.send(token)
    expect(await client.next('fcm_token_response')).toMatchObject({ success: true })
  })

  it('keeps the room down where nothing of the journal can be read, with a sentence, until it can', async () => {
    const dataDir = temporaryFolder()
    const house = await openBrokers({ dataDir })
    const session = await house.createSession()
    renameSync(join(dataDir, 'brokers'), join(dataDir, 'kept'))
    writeFileSync(join(dataDir, 'brokers'), 'in the way')
    await expect(house.restart()).rejects.toThrow('the journal of the brokers cannot be read')
    expect((await house.call('/api/createSession', { sessionName: 'x', password: 'secure-password-123' })).status).toBe(503)
    rmSync(join(dataDir, 'brokers'))
    renameSync(join(dataDir, 'kept'), join(dataDir, 'brokers'))
    await house.restart()
    await FrameClient.join(house.url, session)
  })
})

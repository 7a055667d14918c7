/**
 * Quality 2 is exactly once: a packet id is on the disk before its message is on the wire, and stands for that message until the handshake
 * ends.
 */
import type { IPublishPacket } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { engineOf } from '../../fakes/broker-engine.ts'
import { countsIn, FrameClient, openBrokers, type BrokerHouse } from '../../fakes/broker-house.ts'
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
const keptFour = { clean: false, clientId: 'keeper' }
const facts = ({ messageId, payload, dup }: IPublishPacket): unknown[] => [messageId, payload.toString(), dup]
const text = ({ payload }: IPublishPacket): string => payload.toString()

/** The disk of the house, which takes its time when told to, or refuses. */
function diskOf({ room }: BrokerHouse): { hold(): void; letGo(): void; refuse(): void; work(): void } {
  const { journal } = engineOf(room).parts
  const write = journal.write.bind(journal)
  let gate = Promise.withResolvers<void>()
  gate.resolve()
  let refuses = false
  journal.write = async () => {
    await gate.promise
    if (refuses) {
      // As the journal does with what it could not write: all that is needed is written anew once the disk takes something again.
      journal.records.take()
      journal.startAnew()
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    }
    await write()
  }
  return {
    hold: () => void (gate = Promise.withResolvers<void>()),
    letGo: () => gate.resolve(),
    refuse: () => void (refuses = true),
    work: () => void (refuses = false),
  }
}

/** A round trip: whatever the server had to send before has arrived. */
async function heard(client: PacketClient): Promise<void> {
  client.send({ cmd: 'pingreq' })
  await client.next('pingresp')
}

/** A named reader of quality 2 that has been sent `words` and has answered nothing. */
async function readerWith(
  setting: Setting,
  words: readonly string[],
  properties: object = {},
): Promise<{ client: PacketClient; writer: PacketClient; sent: IPublishPacket[] }> {
  const { client } = await PacketClient.join(setting.port, setting.session, kept)
  await client.subscribe('t', 2)
  const { client: writer } = await PacketClient.join(setting.port, setting.session)
  const sent: IPublishPacket[] = []
  for (const [index, word] of words.entries()) {
    writer.publish('t', word, { qos: 2, messageId: index + 1, properties })
    await writer.next('pubrec')
    writer.send({ cmd: 'pubrel', messageId: index + 1 })
    await writer.next('pubcomp')
    sent.push(await client.message())
  }
  return { client, writer, sent }
}

async function write(writer: PacketClient, word: string, messageId: number, topic = 't'): Promise<void> {
  writer.publish(topic, word, { qos: 2, messageId })
  await writer.next('pubrec')
  writer.send({ cmd: 'pubrel', messageId })
  await writer.next('pubcomp')
}

describe('what the server sends', () => {
  it('is on the wire once its packet id is on the disk, whether it waited for its reader or was retained', async () => {
    const setting = await open()
    const { client, writer } = await readerWith(setting, [])
    client.cut()
    await until('it is away', () => countsIn(setting.house)?.clients === 1)
    await write(writer, 'waited', 1)
    writer.publish('r', 'retained', { qos: 2, messageId: 2, retain: true })
    await writer.next('pubrec')
    const disk = diskOf(setting.house)
    const { client: back } = await PacketClient.join(setting.port, setting.session, kept)
    disk.hold()
    const { client: second } = await PacketClient.join(setting.port, setting.session, { ...kept, clientId: 'second' })
    second.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'r', qos: 2 }] })
    back.send({ cmd: 'pubrec', messageId: (await back.message()).messageId ?? 0 })
    await Promise.all([heard(back), heard(second)])
    expect([back.ofKind('pubrel'), second.ofKind('publish')]).toEqual([[], []])
    disk.letGo()
    await back.next('pubrel')
    expect(text(await second.message())).toBe('retained')
  })

  it('waits for a disk that refuses, and comes when the disk takes again', async () => {
    const setting = await open()
    const { client, writer } = await readerWith(setting, [])
    client.cut()
    await until('it is away', () => countsIn(setting.house)?.clients === 1)
    await write(writer, 'waited', 1)
    const disk = diskOf(setting.house)
    disk.refuse()
    const { client: back } = await PacketClient.join(setting.port, setting.session, kept)
    await until('the disk has refused', () => setting.house.room.service.storageError !== null)
    await heard(back)
    expect(back.ofKind('publish')).toEqual([])
    disk.work()
    expect(text(await back.message())).toBe('waited')
    expect(setting.house.room.service.storageError).toBeNull()
  })

  it('is not given up because it expired: the receiver may have it already', async () => {
    const clock = testClock()
    const setting = await open({}, { clock })
    const { client, writer, sent } = await readerWith(setting, ['first'], { messageExpiryInterval: 10 })
    clock.advance(20_000)
    engineOf(setting.house.room).runDue()
    await write(writer, 'second', 9)
    const second = await client.message()
    expect(second.messageId).not.toBe(sent[0]?.messageId)
    client.cut()
    const { client: back } = await PacketClient.join(setting.port, setting.session, kept)
    expect([facts(await back.message()), facts(await back.message())]).toEqual([
      [sent[0]?.messageId, 'first', true],
      [second.messageId, 'second', true],
    ])
    expect((await setting.house.call(`/v1/sessions/${setting.session.sessionName}`)).body['session']).toMatchObject({ deadLetters: 0 })
  })

  it('is not given up for newer messages, for the number of its tries, or by a purge', async () => {
    const setting = await open({ maxQueuedMessages: 2, maxRetryLimit: 1, overflow: 'drop-oldest' })
    const { client, writer, sent } = await readerWith(setting, ['one', 'two'])
    client.cut()
    await until('it is away', () => countsIn(setting.house)?.clients === 1)
    await write(writer, 'three', 9)
    for (let time = 0; time < 3; time += 1) {
      const { client: back } = await PacketClient.join(setting.port, setting.session, kept)
      expect([facts(await back.message()), facts(await back.message())]).toEqual(
        sent.map(({ messageId, payload }) => [messageId, payload.toString(), true]),
      )
      back.cut()
    }
    const engine = engineOf(setting.house.room)
    const [tenant] = engine.tenants.values()
    const subscriber = tenant?.subscribers.get('mqtt:keeper')
    expect(await engine.purge(tenant?.id ?? 0, subscriber?.id ?? 0)).toEqual({ purged: 0, isStored: true })
    const { client: last } = await PacketClient.join(setting.port, setting.session, kept)
    expect([(await last.message()).messageId, (await last.message()).messageId]).toEqual(sent.map(({ messageId }) => messageId))
    for (const { messageId = 0 } of sent) {
      last.send({ cmd: 'pubrec', messageId })
      await last.next('pubrel')
      last.send({ cmd: 'pubcomp', messageId })
    }
    await until(
      'nothing waits',
      () => subscriber?.unacked.size === 0 && subscriber.packetIds.sent.size === 0 && subscriber.packetIds.releasing.size === 0,
    )
  })

  it('stays with the member of a group that may have it, when that one goes away and when its session ends', async () => {
    const setting = await open()
    const { client } = await PacketClient.join(setting.port, setting.session, { ...kept, clientId: 'a' })
    await client.subscribe('$share/g/t', 2)
    const { client: writer } = await PacketClient.join(setting.port, setting.session)
    await write(writer, 'mine', 1)
    const first = await client.message()
    const { client: other } = await PacketClient.join(setting.port, setting.session, { ...kept, clientId: 'b' })
    await other.subscribe('$share/g/t', 2)
    client.cut()
    await until('it is away', () => countsIn(setting.house)?.clients === 2)
    await heard(other)
    const { client: back } = await PacketClient.join(setting.port, setting.session, { ...kept, clientId: 'a' })
    expect(facts(await back.message())).toEqual([first.messageId, 'mine', true])
    back.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 0 } })
    await back.ended()
    await heard(other)
    expect(other.ofKind('publish')).toEqual([])
  })

  it('is released, not left open, where it has become larger than its receiver takes', async () => {
    const setting = await open()
    const { client, sent } = await readerWith(setting, ['x'.repeat(500)])
    client.cut()
    const { client: back } = await PacketClient.join(setting.port, setting.session, {
      ...kept,
      properties: { sessionExpiryInterval: 600, maximumPacketSize: 200 },
    })
    expect(await back.next('pubrel')).toMatchObject({ messageId: sent[0]?.messageId })
    expect(back.ofKind('publish')).toEqual([])
  })

  it('has its release told on the next connection once the disk has it', async () => {
    const setting = await open()
    const { client, sent } = await readerWith(setting, ['first'])
    const messageId = sent[0]?.messageId ?? 0
    const disk = diskOf(setting.house)
    disk.hold()
    client.send({ cmd: 'pubrec', messageId })
    await heard(client)
    client.cut()
    const { client: back } = await PacketClient.join(setting.port, setting.session, kept)
    await heard(back)
    expect(back.ofKind('pubrel')).toEqual([])
    disk.letGo()
    expect(await back.next('pubrel')).toMatchObject({ messageId })
    expect(back.ofKind('publish')).toEqual([])
  })

  it('has its release told when a disk that refused takes again, and other messages meanwhile', async () => {
    const setting = await open()
    const { client, writer, sent } = await readerWith(setting, ['first'])
    const messageId = sent[0]?.messageId ?? 0
    const disk = diskOf(setting.house)
    disk.refuse()
    client.send({ cmd: 'pubrec', messageId })
    await client.ended()
    const { client: back } = await PacketClient.join(setting.port, setting.session, kept)
    await back.subscribe('u', 0)
    await until('it refused', () => setting.house.room.service.storageError !== null)
    writer.publish('t', 'of no quality', { qos: 0 })
    expect(text(await back.message())).toBe('of no quality')
    expect(back.ofKind('pubrel')).toEqual([])
    disk.work()
    expect(await back.next('pubrel')).toMatchObject({ messageId })
  })

  it('is done with by a PUBREC that comes before it is sent again', async () => {
    const setting = await open()
    const { client, sent } = await readerWith(setting, ['first', 'second'])
    const [first = 0, second = 0] = sent.map(({ messageId }) => messageId)
    client.cut()
    // It takes one at a time: the second waits while its PUBREC comes.
    const { client: back } = await PacketClient.join(setting.port, setting.session, {
      ...kept,
      properties: { sessionExpiryInterval: 600, receiveMaximum: 1 },
    })
    expect((await back.message()).messageId).toBe(first)
    back.send({ cmd: 'pubrec', messageId: second })
    expect(await back.next('pubrel')).toEqual(expect.objectContaining({ messageId: second, reasonCode: 0 }))
    for (const messageId of [second, first]) back.send({ cmd: 'pubcomp', messageId })
    await heard(back)
    expect(back.ofKind('publish')).toHaveLength(1)
  })

  it.each([
    ['puback', 2],
    ['pubrec', 1],
  ] as const)('ends the connection over a %s for quality %i', async (cmd, qos) => {
    const setting = await open()
    const { client } = await PacketClient.join(setting.port, setting.session, kept)
    await client.subscribe('t', qos)
    const writer = await FrameClient.join(setting.house.url, setting.session)
    if (qos === 1) writer.publish('t', 'm1')
    else (await PacketClient.join(setting.port, setting.session)).client.publish('t', 'x', { qos: 2, messageId: 1 })
    client.send({ cmd, messageId: (await client.message()).messageId ?? 0 })
    expect(await client.next('disconnect')).toMatchObject({ reasonCode: 0x82 })
  })
})

describe('what the server takes', () => {
  it.each([4, 5] as const)('is taken when it comes again after the disk refused it (level %i)', async (version) => {
    const setting = await open()
    const reader = await FrameClient.join(setting.house.url, setting.session, 'reader')
    await reader.subscribe('t')
    const disk = diskOf(setting.house)
    const options = version === 5 ? kept : keptFour
    const { client } = await PacketClient.join(setting.port, setting.session, options, version)
    disk.refuse()
    client.publish('t', 'again', { qos: 2, messageId: 7 })
    if (version === 5) expect(await client.next('pubrec')).toMatchObject({ reasonCode: 0x83 })
    else await client.ended()
    disk.work()
    client.cut()
    const { client: back } = await PacketClient.join(setting.port, setting.session, options, version)
    back.publish('t', 'again', { qos: 2, messageId: 7, dup: true })
    await back.next('pubrec')
    back.send({ cmd: 'pubrel', messageId: 7 })
    await back.next('pubcomp')
    expect(await reader.next('message')).toMatchObject({ data: 'again' })
  })

  it('is confirmed on another connection only once the disk has it', async () => {
    const dataDir = temporaryFolder()
    const setting = await open({}, { dataDir })
    const disk = diskOf(setting.house)
    const { client } = await PacketClient.join(setting.port, setting.session, kept)
    disk.hold()
    client.publish('t', 'once', { qos: 2, messageId: 7 })
    await heard(client)
    client.cut()
    const { client: back } = await PacketClient.join(setting.port, setting.session, kept)
    back.publish('t', 'once', { qos: 2, messageId: 7, dup: true })
    await heard(back)
    expect(back.ofKind('pubrec')).toEqual([])
    disk.letGo()
    await back.next('pubrec')
  })

  it('is not said to be unsubscribed where the disk refused', async () => {
    const setting = await open()
    const { client } = await PacketClient.join(setting.port, setting.session, kept)
    await client.subscribe('t', 1)
    diskOf(setting.house).refuse()
    client.send({ cmd: 'unsubscribe', messageId: 3, unsubscriptions: ['t'] })
    expect(await client.next('unsuback')).toMatchObject({ granted: [0x80] })
  })
})

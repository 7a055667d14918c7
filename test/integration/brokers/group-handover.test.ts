/** What a member of a group leaves undone: who gets it instead, when, and what stays with the one who may have it. */
import type { IPublishPacket } from 'mqtt-packet'
import { expect, it } from 'vitest'
import { addTenant, FakeClient, newEngine, publicationOf, subscriptionTo } from '../../fakes/broker-engine.ts'
import { FrameClient, openBrokers, type Json } from '../../fakes/broker-house.ts'
import { temporaryFolder, until } from '../../fakes/kernel.ts'
import { PacketClient } from '../../fakes/mqtt-client.ts'

async function open(fields: Json = {}) {
  const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } } })
  const session = await house.createSession({ durability: 'memory', ...fields })
  const path = `/v1/sessions/${session.sessionName}`
  const state = async () => (await house.call(path)).body['session'] as { queued: number; deadLetters: number; clients: number }
  return {
    house,
    session,
    state,
    json: (userId?: string) => FrameClient.join(house.url, session, userId),
    mqtt: async (clientId: string, { version = 5, ...properties }: { version?: 4 | 5; receiveMaximum?: number } = {}) => {
      const kept = version === 4 ? {} : { properties: { sessionExpiryInterval: 600, ...properties } }
      const port = house.room.mqttPort() ?? 0
      return (await PacketClient.join(port, session, { clean: false, clientId, ...kept }, version)).client
    },
    publish: async (count: number, { from = 1, topic = 'jobs' } = {}): Promise<void> => {
      const writer = await FrameClient.join(house.url, session)
      for (let n = from; n < from + count; n += 1) {
        writer.publish(topic, `m${n}`, `job ${n}`)
        await writer.next('ack_received')
      }
      writer.socket.terminate()
    },
    until: (what: string, check: (now: { queued: number; deadLetters: number; clients: number }) => boolean) =>
      until(what, async () => check(await state())),
  }
}

const idsOf = (client: FrameClient): unknown[] => client.ofType('message').map(({ messageId }) => messageId)
const packetsOf = (client: PacketClient): IPublishPacket[] => client.ofKind('publish') as IPublishPacket[]
const textsOf = (client: PacketClient): string[] => packetsOf(client).map(({ payload }) => payload.toString())
const ids = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, n) => `m${from + n}`)
const jobs = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, n) => `job ${from + n}`)
const group = '$share/g/jobs'

it.each([4, 5] as const)('takes what an MQTT %i member left when its connection broke, as new to who gets it', async (version) => {
  const { json, mqtt, publish, until: untilState } = await open()
  const [leaver, stayer] = [await mqtt('leaver', { version }), await mqtt('stayer')]
  for (const member of [leaver, stayer]) await member.subscribe(group, 1)
  await publish(6)
  await until('each has his part', () => textsOf(leaver).length === 3 && textsOf(stayer).length === 3)
  leaver.cut()
  await until('all came to who stays', () => textsOf(stayer).length === 6)
  expect(textsOf(stayer).sort()).toEqual(jobs(1, 6))
  expect(packetsOf(stayer).map(({ dup }) => dup)).toEqual(Array<boolean>(6).fill(false))
  // A JSON client is told that somebody may have begun with it.
  const reader = await json()
  await reader.subscribe(group)
  stayer.cut()
  await until('all came to the last', () => idsOf(reader).length === 6)
  expect(reader.ofType('message').map(({ retry }) => retry)).toEqual([1, 1, 1, 2, 2, 2])
  await untilState('nothing waits with who is away', ({ queued }) => queued === 6)
})

it('waits for one member while all are away, and is shared by those who come, whoever had it', async () => {
  const { json, publish, until: untilState } = await open({ maxInFlight: 2 })
  const names = ['a', 'b', 'c']
  for (const name of names) {
    const member = await json(name)
    await member.subscribe(group)
    member.socket.terminate()
  }
  await untilState('all are away', ({ clients }) => clients === 0)
  await publish(12)
  await untilState('each message waits once', ({ queued }) => queued === 12)
  const first = await json('b')
  await until('as much as it may have under way', () => idsOf(first).length === 2)
  const second = await json('c')
  await until('as much as it may have under way', () => idsOf(second).length === 2)
  const done = new Set<unknown>()
  await until('the two did it all', () => {
    for (const member of [first, second])
      for (const id of idsOf(member))
        if (!done.has(id)) {
          done.add(id)
          member.ack('jobs', id)
        }
    return done.size === 12
  })
  expect([...idsOf(first), ...idsOf(second)].sort()).toEqual(ids(1, 12).sort())
  await untilState('nothing waits', ({ queued }) => queued === 0)
})

it('goes to who is idle instead of waiting behind a slow member', async () => {
  const { mqtt, publish } = await open()
  const [slow, quick] = [await mqtt('slow', { receiveMaximum: 1 }), await mqtt('quick', { receiveMaximum: 1 })]
  for (const member of [slow, quick]) await member.subscribe(group, 1)
  await publish(10)
  await until('both are at work', () => textsOf(slow).length === 1 && textsOf(quick).length === 1)
  let answered = 0
  await until('the quick one did the rest', () => {
    for (const { messageId = 0 } of packetsOf(quick).slice(answered)) {
      answered += 1
      quick.send({ cmd: 'puback', messageId })
    }
    return answered === 9
  })
  expect([...textsOf(slow), ...textsOf(quick)].sort()).toEqual(jobs(1, 10).sort())
  expect(textsOf(slow)).toHaveLength(1)
})

it('waits at once for somebody who subscribes to the group while its members are away', async () => {
  const { json, publish, until: untilState } = await open()
  const away = await json('away')
  await away.subscribe(group)
  away.socket.terminate()
  await untilState('it is away', ({ clients }) => clients === 0)
  await publish(3)
  const newcomer = await json()
  await newcomer.subscribe(group)
  await until('all came', () => idsOf(newcomer).length === 3)
  expect(idsOf(newcomer)).toEqual(ids(1, 3))
})

it('is handed over by who leaves the group but what it was sent, which it completes', async () => {
  const { mqtt, publish, until: untilState } = await open()
  const [leaver, stayer] = [await mqtt('leaver', { receiveMaximum: 1 }), await mqtt('stayer', { receiveMaximum: 1 })]
  for (const member of [leaver, stayer]) await member.subscribe(group, 1)
  await publish(6)
  await until('both have one', () => textsOf(leaver).length === 1 && textsOf(stayer).length === 1)
  leaver.send({ cmd: 'unsubscribe', messageId: 7, unsubscriptions: [group] })
  await leaver.next('unsuback')
  let answered = 0
  await until('the other one did the rest', () => {
    for (const { messageId = 0 } of packetsOf(stayer).slice(answered)) {
      answered += 1
      stayer.send({ cmd: 'puback', messageId })
    }
    return answered === 5
  })
  await untilState('what it was sent waits', ({ queued }) => queued === 1)
  leaver.send({ cmd: 'puback', messageId: packetsOf(leaver)[0]?.messageId ?? 0 })
  await untilState('nothing waits', ({ queued }) => queued === 0)
  expect(textsOf(leaver)).toHaveLength(1)
})

it('of quality 2 goes to another member as long as it was not sent', async () => {
  const { mqtt, until: untilState, session, house } = await open()
  const { client: writer } = await PacketClient.join(house.room.mqttPort() ?? 0, session)
  const leaver = await mqtt('leaver', { receiveMaximum: 1 })
  await leaver.subscribe(group, 2)
  for (let n = 1; n <= 4; n += 1) {
    writer.publish('jobs', `job ${n}`, { qos: 2, messageId: n })
    await writer.next('pubrec')
  }
  await leaver.message()
  const stayer = await mqtt('stayer')
  await stayer.subscribe(group, 2)
  leaver.cut()
  await until('the rest came', () => textsOf(stayer).length === 3)
  expect(textsOf(stayer).sort()).toEqual(jobs(2, 4))
  const back = await mqtt('leaver')
  expect([(await back.message()).payload.toString(), packetsOf(back).length]).toEqual(['job 1', 1])
  await untilState('each waits once', ({ queued }) => queued === 4)
})

it('comes again, as a message of its own, to who has a copy of his own under way, when nobody else is left', async () => {
  const { json, publish, mqtt, until: untilState } = await open()
  const leaver = await json()
  await leaver.subscribe(group)
  await publish(1)
  await leaver.next('message')
  // One that has a copy of the second message through a subscription of its own, and is of the group afterwards.
  const both = await mqtt('both')
  await both.subscribe('#', 1)
  await publish(1, { from: 2 })
  const own = await both.message()
  await both.subscribe(group, 1)
  leaver.socket.terminate()
  await until('what it did not have', () => textsOf(both).includes('job 1'))
  expect(textsOf(both)).toEqual(['job 2', 'job 1'])
  both.send({ cmd: 'puback', messageId: own.messageId ?? 0 })
  await until('the part of the group', () => textsOf(both).length === 3)
  const again = packetsOf(both)[2]
  expect([again?.payload.toString(), again?.dup]).toEqual(['job 2', false])
  for (const { messageId = 0 } of packetsOf(both).slice(1)) both.send({ cmd: 'puback', messageId })
  await untilState('nothing waits', ({ queued }) => queued === 0)
})

it('is kept over a restart, also what is to come again', async () => {
  const { house, session, json, publish, until: untilState } = await open({ durability: 'fsync' })
  const [leaver, keeper] = [await json('leaver'), await json('keeper')]
  await leaver.subscribe(group)
  await keeper.subscribe('jobs')
  await publish(1)
  await until('both have it', () => idsOf(leaver).length === 1 && idsOf(keeper).length === 1)
  await keeper.subscribe(group)
  const { engine } = house.room.service
  const { id } = house.room.service.byName(session.sessionName)
  const gone = (await engine.clients(id)).find(({ key }) => key === 'user:leaver')
  await engine.removeSubscriber(id, gone?.subscriberId ?? 0)
  await untilState('one is gone', ({ queued }) => queued === 1)
  await house.restart()
  const back = await json('keeper')
  const first = await back.next('message')
  expect([first['messageId'], first['shared']]).toEqual(['m1', undefined])
  back.ack('jobs', 'm1')
  expect(await back.next('message')).toMatchObject({ messageId: 'm1', shared: [group] })
  back.ack('jobs', 'm1')
  await untilState('nothing waits', ({ queued, deadLetters }) => queued === 0 && deadLetters === 0)
})

it('of a client without a name that was there when the process ended goes to another member at the next start', async () => {
  const folder = temporaryFolder()
  const first = newEngine({ folder })
  const { id } = addTenant(first)
  await first.start()
  const shared = { ...subscriptionTo('jobs'), name: group, group: 'g' }
  const [named, nameless] = [new FakeClient('named'), new FakeClient('nameless')]
  const kept = await named.attachTo(first, id)
  await kept.subscribe([shared])
  kept.detach()
  const lost = await first.attach(id, nameless, { key: 'anonymous:1', durable: false, keepFor: null })
  await lost.subscribe([shared])
  first.publish(id, publicationOf({ id: 'm1', topic: 'jobs' }))
  await first.parts.recorder.stored()
  expect(nameless.received.map((each) => each.id)).toEqual(['m1'])
  // As the process leaves it: the connection ends without the engine hearing of it.
  await first.stop()
  const second = newEngine({ folder })
  addTenant(second)
  await second.start()
  const back = new FakeClient('named')
  const place = await back.attachTo(second, id)
  place.resume()
  expect(back.received.map((each) => each.id)).toEqual(['m1'])
  expect(second.counts(id)).toMatchObject({ deadLetters: 0 })
  await second.stop()
})

it.each([true, false])('goes to another member from one that leaves before it is on the disk (kept: %s)', async (durable) => {
  const engine = newEngine()
  const { id } = addTenant(engine)
  await engine.start()
  const shared = { ...subscriptionTo('jobs'), name: group, group: 'g' }
  const [leaver, stayer] = [new FakeClient('leaver'), new FakeClient('stayer')]
  const place = await engine.attach(id, leaver, { key: 'mqtt:leaver', durable, keepFor: durable ? null : 0 })
  await place.subscribe([shared])
  const other = await stayer.attachTo(engine, id)
  await other.subscribe([shared])
  engine.publish(id, publicationOf({ id: 'm1', topic: 'jobs' }))
  place.detach()
  await engine.parts.recorder.stored()
  expect([leaver.received, stayer.received.map((each) => each.id)]).toEqual([[], ['m1']])
  await engine.stop()
})

it('is not thrown away with the session of its member where no other one has room', async () => {
  const { json, mqtt, publish, until: untilState } = await open({ maxQueuedMessages: 2 })
  const full = await json('full')
  await full.subscribe('own')
  await publish(2, { topic: 'own', from: 10 })
  const leaver = await mqtt('leaver')
  await leaver.subscribe(group, 1)
  await publish(1)
  await leaver.message()
  await full.subscribe(group)
  leaver.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 0 } })
  await untilState('it is kept for a person to see', ({ deadLetters, queued }) => deadLetters === 1 && queued === 2)
})

it('is not thrown away when only its publisher is left to hear it, and no other one has room', async () => {
  const engine = newEngine()
  const { id } = addTenant(engine, { policy: { maxQueuedMessages: 2 } })
  await engine.start()
  const shared = { ...subscriptionTo('jobs'), name: group, group: 'g' }
  const full = await new FakeClient('full').attachTo(engine, id)
  await full.subscribe([subscriptionTo('own'), shared])
  for (const message of ['m1', 'm2']) engine.publish(id, publicationOf({ id: message, topic: 'own' }))
  const [writer, other] = [new FakeClient('writer'), new FakeClient('writer')]
  const [place, otherPlace] = [await writer.attachTo(engine, id), await other.attachTo(engine, id)]
  await place.subscribe([shared])
  for (const client of [writer, other]) client.room = false
  place.publish(publicationOf({ id: 'm3', topic: 'jobs' }), 1)
  await engine.parts.recorder.stored()
  expect(engine.counts(id)).toMatchObject({ queued: 3, deadLetters: 0 })
  otherPlace.detach()
  writer.room = true
  place.resume()
  expect(writer.received).toEqual([])
  expect(engine.counts(id)).toMatchObject({ queued: 2, deadLetters: 1 })
  await engine.stop()
})

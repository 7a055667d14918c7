/** Shared subscriptions over the wire, with clients of JSON, MQTT 3.1.1 and MQTT 5 in one group: who gets what, and in whose turn. */
import type { IPublishPacket } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { FrameClient, openBrokers, type Json } from '../../fakes/broker-house.ts'
import { until } from '../../fakes/kernel.ts'
import { PacketClient } from '../../fakes/mqtt-client.ts'

type Version = 4 | 5

async function open(fields: Json = {}) {
  const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } } })
  const session = await house.createSession({ durability: 'memory', ...fields })
  const port = house.room.mqttPort() ?? 0
  const state = async () =>
    (await house.call(`/v1/sessions/${session.sessionName}`)).body['session'] as { queued: number; deadLetters: number }
  return {
    house,
    session,
    json: (userId?: string) => FrameClient.join(house.url, session, userId),
    mqtt: async (version: Version, options = {}) => (await PacketClient.join(port, session, options, version)).client,
    state,
    /** One after another, each accepted; the answers. */
    publish: async (count: number, { from = 1, topic = 'jobs', qos = 1 } = {}): Promise<Json[]> => {
      const writer = await FrameClient.join(house.url, session)
      const answers: Json[] = []
      for (let n = from; n < from + count; n += 1) {
        writer.send({ type: 'publish', topic, data: `job ${n}`, messageId: `m${n}`, qos })
        answers.push(await writer.next('publish_response'))
      }
      writer.socket.terminate()
      return answers
    },
  }
}

const framesOf = (client: FrameClient): Json[] => client.ofType('message')
const idsOf = (client: FrameClient): unknown[] => framesOf(client).map(({ messageId }) => messageId)
const sharesIn = (client: FrameClient): unknown[] =>
  framesOf(client)
    .filter(({ shared }) => shared !== undefined)
    .map(({ messageId }) => messageId)
const textsOf = (client: PacketClient): string[] => packetsOf(client).map(({ payload }) => payload.toString())
const packetsOf = (client: PacketClient): IPublishPacket[] => client.ofKind('publish') as IPublishPacket[]
const jobs = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, n) => `job ${from + n}`)
const ids = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, n) => `m${from + n}`)
const group = '$share/g/jobs'

describe('who gets a message', () => {
  it('is each group, each by one of its members, and whoever listens for himself', async () => {
    const { json, mqtt, publish } = await open()
    const members = [await json(), await mqtt(4), await mqtt(5)] as const
    for (const member of members) await member.subscribe(group, 1)
    const [loner, plain, reader] = [await mqtt(4), await mqtt(5), await json()]
    await loner.subscribe('$share/h/#', 1)
    await plain.subscribe('jobs', 1)
    await reader.subscribe('jobs')
    await publish(9)
    const taken = (): string[] => [...framesOf(members[0]).map(({ data }) => String(data)), ...textsOf(members[1]), ...textsOf(members[2])]
    await until('all came', () => taken().length === 9 && textsOf(loner).length + textsOf(plain).length + idsOf(reader).length === 27)
    expect(taken().sort()).toEqual(jobs(1, 9))
    expect([idsOf(members[0]).length, textsOf(members[1]).length, textsOf(members[2]).length]).toEqual([3, 3, 3])
    expect([textsOf(loner), textsOf(plain), idsOf(reader)]).toEqual([jobs(1, 9), jobs(1, 9), ids(1, 9)])
  })

  it('is a client in two groups once for both, and in the turn of each', async () => {
    const { json, publish } = await open()
    const [both, one] = [await json(), await json()]
    for (const filter of [group, '$share/h/+']) await both.subscribe(filter)
    await one.subscribe(group)
    await publish(8)
    await until('all came', () => idsOf(both).length === 8 && idsOf(one).length === 4)
    const shared = framesOf(both).map(({ shared }) => shared as string[])
    expect(shared.filter((names) => names.includes('$share/h/+'))).toHaveLength(8)
    expect(shared.filter((names) => names.includes(group))).toHaveLength(4)
  })

  it.each([0, 1])('is each member in turn at quality %i, whoever has a subscription of his own beside it', async (qos) => {
    const { json, publish } = await open()
    const members = [await json('a'), await json('b'), await json('c')]
    for (const member of members) await member.subscribe(group)
    await members[0]?.subscribe('jobs')
    await publish(9, { qos })
    const [a, b, c] = members as [FrameClient, FrameClient, FrameClient]
    await until('all came', () => idsOf(a).length + idsOf(b).length + idsOf(c).length === 15)
    expect(members.map((member) => sharesIn(member).length)).toEqual([3, 3, 3])
    expect([idsOf(a), framesOf(a).every(({ own }) => own === (undefined as unknown))]).toEqual([ids(1, 9), false])
  })

  it('is a newcomer in his turn only, though the others have done much before', async () => {
    const { json, publish } = await open()
    const old = await json()
    await old.subscribe(group)
    for (let n = 1; n <= 20; n += 1) {
      await publish(1, { from: n })
      old.ack('jobs', (await old.next('message'))['messageId'])
    }
    const newcomer = await json()
    await newcomer.subscribe(group)
    for (let n = 21; n <= 30; n += 1) {
      await publish(1, { from: n })
      await until('it came', () => idsOf(old).length + idsOf(newcomer).length === n)
      for (const member of [old, newcomer]) member.ack('jobs', `m${n}`)
    }
    expect([idsOf(old).length, idsOf(newcomer).length]).toEqual([25, 5])
  })

  it('is another member than the JSON client who published it', async () => {
    const { json } = await open()
    const [writer, other] = [await json(), await json()]
    for (const member of [writer, other]) await member.subscribe(group)
    for (let n = 1; n <= 6; n += 1) writer.publish('jobs', `m${n}`)
    await until('all came', () => idsOf(other).length === 6)
    expect(idsOf(writer)).toEqual([])
  })

  it('is the group where its member listens for himself but not to himself', async () => {
    const { mqtt } = await open()
    const member = await mqtt(5)
    const subscription = { qos: 1 as const, rap: false, rh: 0 }
    const add = async (topic: string, nl: boolean, subscriptionIdentifier: number): Promise<void> => {
      member.send({
        cmd: 'subscribe',
        messageId: subscriptionIdentifier,
        subscriptions: [{ ...subscription, topic, nl }],
        properties: { subscriptionIdentifier },
      })
      await member.next('suback')
    }
    await add('jobs', true, 1)
    await add(group, false, 2)
    member.publish('jobs', 'mine', { qos: 1, messageId: 9 })
    expect(await member.message()).toMatchObject({ properties: { subscriptionIdentifier: 2 } })
  })
})

describe('quality 0 beside quality 1', () => {
  it('has its turn and no more, whatever the others have under way', async () => {
    const { mqtt, publish } = await open()
    const [once, ...kept] = [await mqtt(5), await mqtt(4), await mqtt(5)]
    await once.subscribe(group, 0)
    for (const member of kept) await member.subscribe(group, 1)
    await publish(9)
    await until('all came', () => [once, ...kept].reduce((sum, member) => sum + textsOf(member).length, 0) === 9)
    expect([once, ...kept].map((member) => textsOf(member).length)).toEqual([3, 3, 3])
  })

  it('loses nothing while its client is away: it waits for who acknowledges', async () => {
    const { mqtt, publish, house } = await open()
    const away = { clean: false, properties: { sessionExpiryInterval: 600 } }
    const [once, kept] = [await mqtt(5, { ...away, clientId: 'once' }), await mqtt(5, { ...away, clientId: 'kept' })]
    await once.subscribe(group, 0)
    await kept.subscribe(group, 1)
    once.cut()
    kept.cut()
    await until('both are away', () => house.room.service.clients.connections.size === 0)
    await publish(6)
    const back = await mqtt(5, { ...away, clientId: 'kept' })
    await until('all came', () => textsOf(back).length === 6)
  })
})

describe('a full queue', () => {
  it('refuses nothing that another member has room for', async () => {
    const { json, publish, state } = await open({ overflow: 'reject', maxQueuedMessages: 3 })
    const [full, free] = [await json('full'), await json('free')]
    await full.subscribe('own')
    await full.subscribe(group)
    await free.subscribe(group)
    await publish(3, { topic: 'own', from: 100 })
    const answers = await publish(4)
    expect(answers.map(({ success, error }) => error ?? success)).toEqual([true, true, true, 'Queue is full'])
    expect([idsOf(free), sharesIn(full)]).toEqual([ids(1, 3), []])
    expect(await state()).toMatchObject({ queued: 6 })
  })

  it.each(['drop-oldest', 'drop-newest'])('costs a group nothing under %s while another member has room', async (overflow) => {
    const { json, publish, state } = await open({ overflow, maxQueuedMessages: 3 })
    const [full, away] = [await json('full'), await json('away')]
    await full.subscribe('own')
    for (const member of [full, away]) await member.subscribe(group)
    await publish(3, { topic: 'own', from: 100 })
    away.socket.terminate()
    await publish(2)
    expect(await state()).toMatchObject({ queued: 5, deadLetters: 0 })
  })

  it('of the publisher himself refuses nothing, who is never sent it, nor quality 0, which does not wait', async () => {
    const { json, publish } = await open({ overflow: 'reject', maxQueuedMessages: 2 })
    const writer = await json('writer')
    await writer.subscribe('jobs')
    await publish(2)
    await until('his queue is full', () => idsOf(writer).length === 2)
    writer.publish('jobs', 'm3')
    expect(await writer.next('publish_response')).toMatchObject({ success: true })
    expect(await publish(1, { from: 4, qos: 0 })).toMatchObject([{ success: true }])
    expect(await publish(1, { from: 5 })).toMatchObject([{ success: false, error: 'Queue is full' }])
  })
})

it('is tried again as what it was: a dead letter of a group is for the group', async () => {
  const { json, publish, state, house, session } = await open()
  const [member, other] = [await json('member'), await json()]
  await member.subscribe(group)
  await other.subscribe('$share/h/jobs')
  await publish(1)
  await other.next('message')
  other.socket.terminate()
  await until('a letter', async () => (await state()).deadLetters === 1)
  const successor = await json()
  await successor.subscribe('$share/h/jobs')
  const path = `/v1/sessions/${session.sessionName}/dead-letters/replay`
  const { status } = await house.call(path, { all: true })
  expect(status).toBe(200)
  expect(await successor.next('message')).toMatchObject({ data: 'job 1', shared: ['$share/h/jobs'] })
  expect(idsOf(member)).toEqual(['m1'])
})

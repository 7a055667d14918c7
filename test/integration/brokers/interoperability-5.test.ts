/** What interoperability suites ask of an MQTT 5 server beside what both versions have. */
import type { IPublishPacket } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { keptAs, openForPackets, publishWhole, untilTheEnd, wordsOf } from '../../fakes/packet-house.ts'

const qualities = [0, 1, 2] as const

describe('a session', () => {
  it('lasts for what CONNECT says, and for what DISCONNECT says where it says otherwise', async () => {
    const { join, pass, present } = await openForPackets()
    const isResumed = async (seconds: number, clean: boolean, atTheEnd?: number): Promise<boolean> => {
      const { client, connack } = await join({ ...keptAs('a', 5, seconds), clean })
      if (clean) await client.subscribe('t', 2)
      client.send({ cmd: 'disconnect', ...(atTheEnd === undefined ? {} : { properties: { sessionExpiryInterval: atTheEnd } }) })
      await client.ended()
      await present(0)
      return connack.sessionPresent
    }
    expect(await isResumed(0, true)).toBe(false)
    expect(await isResumed(0, false)).toBe(false)
    expect(await isResumed(5, true)).toBe(false)
    pass(2)
    expect(await isResumed(5, false)).toBe(true)
    pass(6)
    expect(await isResumed(5, false)).toBe(false)
    expect(await isResumed(1, true, 5)).toBe(false)
    pass(3)
    expect(await isResumed(1, false, 0)).toBe(true)
    expect(await isResumed(1, false)).toBe(false)
  })

  it.each([
    ['the delay is over before the session', 3, 5, 3],
    ['the session ends before the delay', 5, 2, 2],
  ])('has its will published when %s', async (_, willDelayInterval, sessionExpiryInterval, due) => {
    const { join, pass, present } = await openForPackets()
    const { client: watcher } = await join()
    await watcher.subscribe('wills/a', 2)
    const will = { topic: 'wills/a', payload: Buffer.from('gone'), qos: 1 as const, retain: false, properties: { willDelayInterval } }
    const { client } = await join({ clientId: 'a', properties: { sessionExpiryInterval }, will })
    client.cut()
    await present(1)
    pass(due - 0.001)
    expect(await untilTheEnd(watcher)).toEqual([])
    pass(0.001)
    expect(wordsOf(await untilTheEnd(watcher))).toEqual(['gone'])
  })

  it('that ends with its connection has its will published then, whatever the delay', async () => {
    const { join } = await openForPackets()
    const { client: watcher } = await join()
    await watcher.subscribe('wills/a', 2)
    const will = { topic: 'wills/a', payload: Buffer.from('gone'), qos: 1 as const, retain: false, properties: { willDelayInterval: 500 } }
    const { client } = await join({ clientId: 'a', properties: { sessionExpiryInterval: 0 }, will })
    client.cut()
    expect((await watcher.message()).payload.toString()).toBe('gone')
  })
})

describe('a message', () => {
  it('takes its user properties, format and content type along at each quality', async () => {
    const { join } = await openForPackets()
    const { client } = await join()
    await client.subscribe('t', 2)
    const properties = { payloadFormatIndicator: true, contentType: 'My name', userProperties: { a: '2', c: '3' } }
    for (const qos of qualities) await publishWhole(client, 't', '', qos, { properties })
    const got = await untilTheEnd(client)
    expect(
      got.map(({ qos, properties: taken }) => [qos, taken?.payloadFormatIndicator, taken?.contentType, { ...taken?.userProperties }]),
    ).toEqual(qualities.map((qos) => [qos, true, 'My name', { a: '2', c: '3' }]))
  })

  it('that expires while its reader is away never comes; others come with what is left of their time', async () => {
    const { join, pass, present } = await openForPackets()
    const { client } = await join({ clientId: 'a' })
    await client.subscribe('t', 2)
    client.send({ cmd: 'disconnect', properties: { sessionExpiryInterval: 999_999 } })
    await client.ended()
    await present(0)
    // Who said on CONNECT that nothing is to be kept cannot say otherwise when it leaves.
    const { client: reader, connack } = await join(keptAs('a', 5, 99_999))
    expect(connack.sessionPresent).toBe(false)
    await reader.subscribe('t', 2)
    reader.send({ cmd: 'disconnect', properties: { sessionExpiryInterval: 999_999_999 } })
    await reader.ended()
    await present(0)
    const { client: writer } = await join()
    for (const messageExpiryInterval of [1, 6])
      for (const qos of [1, 2] as const)
        await publishWhole(writer, 't', `${qos} for ${messageExpiryInterval}`, qos, { properties: { messageExpiryInterval } })
    pass(3)
    const { client: back } = await join(keptAs('a', 5, 99_999))
    const got = await untilTheEnd(back)
    expect(got.map((packet) => [packet.payload.toString(), packet.properties?.messageExpiryInterval])).toEqual([
      ['1 for 6', 3],
      ['2 for 6', 3],
    ])
  })

  it('bears the identifiers of all its reader’s subscriptions that match, and no one else’s', async () => {
    const { join } = await openForPackets()
    const subscribed = async (filters: [string, number][]) => {
      const { client } = await join()
      for (const [topic, subscriptionIdentifier] of filters) {
        const subscriptions = [{ topic, qos: 2 as const, nl: false, rap: false, rh: 0 as const }]
        client.send({ cmd: 'subscribe', messageId: 1, subscriptions, properties: { subscriptionIdentifier } })
        await client.next('suback')
      }
      return client
    }
    const one = await subscribed([['t', 456_789]])
    const two = await subscribed([
      ['t', 2],
      ['t/#', 3],
    ])
    await publishWhole(two, 't', 'x', 1)
    const identifiersOf = (got: IPublishPacket[]): number[][] =>
      got.map(({ properties }) => [properties?.subscriptionIdentifier ?? []].flat().sort((a, b) => a - b))
    expect(identifiersOf(await untilTheEnd(two))).toEqual([[2, 3]])
    expect(identifiersOf(await untilTheEnd(one))).toEqual([[456_789]])
  })

  it('can be answered: it says where to, and what the answer belongs to', async () => {
    const { join } = await openForPackets()
    const [{ client: asks }, { client: answers }] = [await join(), await join()]
    for (const client of [asks, answers]) await client.subscribe('talk', 2, { nl: true })
    const properties = { responseTopic: 'talk', correlationData: Buffer.from('334') }
    await publishWhole(asks, 'talk', 'question', 1, { properties })
    const { payload, properties: told } = await answers.message()
    expect([payload.toString(), told?.responseTopic, told?.correlationData?.toString()]).toEqual(['question', 'talk', '334'])
    await publishWhole(answers, told?.responseTopic ?? '', 'answer', 1, {
      properties: { correlationData: told?.correlationData as Buffer },
    })
    const got = await untilTheEnd(asks)
    expect(got.map((each) => [each.payload.toString(), each.properties?.correlationData?.toString()])).toEqual([['answer', '334']])
  })

  it('on a topic that is shared goes to one of the group, and on another one to each', async () => {
    const { join } = await openForPackets()
    const members = [(await join()).client, (await join()).client]
    for (const member of members) for (const filter of ['$share/g/jobs', 'news']) await member.subscribe(filter, 2)
    const { client: writer } = await join()
    await publishWhole(writer, 'news', 'for all', 0)
    await publishWhole(writer, 'jobs', 'for one', 0)
    await publishWhole(writer, 'jobs', 'for one, safely', 2)
    const got = (await Promise.all(members.map(untilTheEnd))).map(wordsOf)
    expect(got.map((words) => words.filter((word) => word === 'for all'))).toEqual([['for all'], ['for all']])
    expect(got.flat().filter((word) => word !== 'for all')).toEqual(expect.arrayContaining(['for one', 'for one, safely']))
    expect(got.flat()).toHaveLength(4)
  })
})

it('obeys what a subscription says of its own messages, of the retain flag, and of what is retained already', async () => {
  const { join } = await openForPackets()
  const [{ client: one }, { client: two }] = [await join(), await join()]
  for (const client of [one, two]) await client.subscribe('local', 2, { nl: true })
  await publishWhole(one, 'local', 'not for me', 1)
  expect(wordsOf(await untilTheEnd(two))).toEqual(['not for me'])
  expect(await untilTheEnd(one)).toEqual([])

  const { client: flagged } = await join()
  await flagged.subscribe('flag', 2, { rap: true })
  await publishWhole(flagged, 'flag', 'passing', 1)
  await publishWhole(flagged, 'flag', 'kept', 1, { retain: true })
  expect((await untilTheEnd(flagged)).map(({ payload, retain }) => [payload.toString(), retain])).toEqual([
    ['passing', false],
    ['kept', true],
  ])

  for (const qos of qualities) await publishWhole(one, `kept/${qos}`, String(qos), qos, { retain: true })
  const counts = async (rh: 0 | 1 | 2): Promise<number[]> => {
    const { client } = await join()
    await client.subscribe('kept/+', 2, { rh })
    const first = await untilTheEnd(client)
    // What it has not acknowledged is its own already and does not come twice.
    for (const { qos, messageId = 0 } of first) if (qos > 0) client.send({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId })
    if (first.some(({ qos }) => qos === 2)) await client.next('pubrel')
    await client.subscribe('kept/+', 2, { rh })
    return [first.length, (await untilTheEnd(client)).length - first.length]
  }
  expect([await counts(0), await counts(1), await counts(2)]).toEqual([
    [3, 3],
    [3, 0],
    [0, 0],
  ])
})

describe('topic aliases', () => {
  it('of a client hold for its connection, from 1 on', async () => {
    const { join } = await openForPackets()
    const { client: wrong } = await join()
    // PUBLISH of quality 0 on "t" with alias 0, which the library does not write.
    wrong.raw(Buffer.from([0x30, 8, 0, 1, 116, 3, 0x23, 0, 0, 120]))
    expect(await wrong.next('disconnect')).toMatchObject({ reasonCode: 0x94 })
    await wrong.ended()

    const { client, connack } = await join(keptAs('a', 5))
    expect(connack.properties?.topicAliasMaximum).toBeGreaterThan(0)
    await client.subscribe('t', 2)
    const properties = { topicAlias: 1 }
    await publishWhole(client, 't', 'named', 1, { properties })
    await publishWhole(client, '', 'by its alias', 1, { properties })
    const got = await untilTheEnd(client)
    expect(got.map(({ topic, payload }) => [topic, payload.toString()])).toEqual([
      ['t', 'named'],
      ['t', 'by its alias'],
    ])
    client.send({ cmd: 'disconnect' })
    await client.ended()
    const { client: back, connack: again } = await join(keptAs('a', 5))
    expect(again.sessionPresent).toBe(true)
    back.publish('', 'by an alias of yesterday', { qos: 1, messageId: 1, properties })
    expect(await back.next('disconnect')).toMatchObject({ reasonCode: 0x82 })
    await back.ended()
    expect(wordsOf(back.ofKind('publish') as IPublishPacket[])).not.toContain('by an alias of yesterday')
  })

  it.each([
    [
      'one that takes one alias',
      1,
      [
        ['t', 1],
        ['', 1],
        ['', 1],
      ],
    ],
    ['one that takes none', 0, Array(3).fill(['t', undefined])],
    ['one that does not speak of it', undefined, Array(3).fill(['t', undefined])],
  ])('are used by the server with %s', async (_, topicAliasMaximum, expected) => {
    const { join } = await openForPackets()
    const { client } = await join(topicAliasMaximum === undefined ? {} : { properties: { topicAliasMaximum } })
    await client.subscribe('t', 2)
    for (const qos of qualities) await publishWhole(client, 't', String(qos), qos)
    const got = (await untilTheEnd(client)).map(({ topic, properties }) => [topic, properties?.topicAlias])
    expect(got).toEqual(expected)
  })
})

it('sends a client no packet above the size it takes, and takes what it announces itself', async () => {
  const { join } = await openForPackets()
  const { client, connack } = await join({ properties: { maximumPacketSize: 64 } })
  expect(connack.properties?.maximumPacketSize).toBeGreaterThanOrEqual(65_535)
  await client.subscribe('t', 2)
  for (const qos of qualities) await publishWhole(client, 't', '.'.repeat(64), qos)
  await publishWhole(client, 't', '.'.repeat(32), 0)
  expect(wordsOf(await untilTheEnd(client))).toEqual(['.'.repeat(32)])
})

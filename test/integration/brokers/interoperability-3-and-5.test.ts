/** What interoperability suites ask of any MQTT server, in MQTT 3.1.1 and in MQTT 5. */
import { generate, type IConnackPacket, type IPublishPacket } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { keptAs, openForPackets, publishWhole, untilTheEnd, wordsOf, type Level } from '../../fakes/packet-house.ts'
import { PacketClient } from '../../fakes/mqtt-client.ts'

const qualities = [0, 1, 2] as const
const mark = { userProperties: { a: '2', c: '3' } }
/** As an object that has a prototype, which the parser's has not. */
const markOf = ({ properties }: IPublishPacket): object => ({ ...properties?.userProperties })

/** Without a client id and without a clean start, which the library does not write. */
async function joinNamelessToStay(
  port: number,
  { sessionName, password }: { sessionName: string; password: string },
  version: Level,
): Promise<IConnackPacket> {
  const client = await PacketClient.open(port, version)
  const who = { clientId: '', username: sessionName, password: Buffer.from(password) }
  const bytes = generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: version, clean: true, keepalive: 0, ...who })
  // Its flags follow the head of two bytes, the name of the protocol and its level.
  bytes[9] = (bytes[9] ?? 0) & ~2
  client.raw(bytes)
  return (await client.next('connack')) as IConnackPacket
}

describe.each([4, 5] as const)('a client of MQTT level %i', (version) => {
  const properties = version === 5 ? { properties: mark } : {}

  it('comes, goes, comes again, and hears its own messages at each quality', async () => {
    const { join } = await openForPackets()
    const { client: first } = await join({ clientId: 'a' }, version)
    first.send({ cmd: 'disconnect' })
    await first.ended()
    const { client, connack } = await join({ clientId: 'a' }, version)
    expect([connack.returnCode ?? connack.reasonCode, connack.sessionPresent]).toEqual([0, false])
    expect((await client.subscribe('loop', 2)).granted).toEqual([2])
    for (const qos of qualities) await publishWhole(client, 'loop', `quality ${qos}`, qos)
    const got = await untilTheEnd(client)
    expect(got.map(({ qos, payload }) => [qos, payload.toString()])).toEqual(qualities.map((qos) => [qos, `quality ${qos}`]))
  })

  it('is not served after a second CONNECT', async () => {
    const { join } = await openForPackets()
    const { client } = await join({ clientId: 'a' }, version)
    client.send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: version, clean: true, clientId: 'a', keepalive: 0 })
    await client.ended()
    expect(client.ofKind('connack')).toHaveLength(1)
  })

  it('is not let in under another protocol name', async () => {
    const { port } = await openForPackets()
    const client = await PacketClient.open(port, version)
    const rest = [version, 2, 0, 60, ...(version === 5 ? [0] : []), 0, 1, 97]
    client.raw(Buffer.from([0x10, 4 + rest.length, 0, 2, ...Buffer.from('hj'), ...rest]))
    await client.ended()
    expect(client.packets.filter((packet) => packet.cmd === 'connack' && (packet.returnCode ?? packet.reasonCode) === 0)).toEqual([])
  })

  it('finds what is retained at the quality it was published with, and nothing once it is emptied', async () => {
    const { join } = await openForPackets()
    const { client: writer } = await join({}, version)
    for (const qos of qualities) await publishWhole(writer, `kept/${qos}`, `quality ${qos}`, qos, { retain: true, ...properties })
    const { client } = await join({}, version)
    await client.subscribe('+/+', 2)
    const got = await untilTheEnd(client)
    expect(got.map(({ topic, qos, retain }) => [topic, qos, retain]).sort()).toEqual(qualities.map((qos) => [`kept/${qos}`, qos, true]))
    if (version === 5) expect(got.map(markOf)).toEqual(Array(3).fill(mark.userProperties))
    for (const qos of qualities) await publishWhole(writer, `kept/${qos}`, '', qos, { retain: true })
    const { client: late } = await join({}, version)
    await late.subscribe('+/+', 2)
    expect(await untilTheEnd(late)).toEqual([])
  })

  it('leaves its will to those who listen when its line is cut', async () => {
    const { join } = await openForPackets()
    const { client: watcher } = await join(keptAs('watcher', version), version)
    await watcher.subscribe('wills/+', 2)
    const will = { topic: 'wills/a', payload: Buffer.from('gone'), qos: 2 as const, retain: false }
    const { client } = await join(
      { clientId: 'a', will: { ...will, ...(version === 5 ? { properties: { willDelayInterval: 0, ...mark } } : {}) } },
      version,
    )
    client.cut()
    const message = await watcher.message()
    expect([message.topic, message.payload.toString(), message.qos]).toEqual(['wills/a', 'gone', 2])
    if (version === 5) expect(markOf(message)).toEqual(mark.userProperties)
    expect(await untilTheEnd(watcher)).toHaveLength(1)
  })

  it('without a name is let in, where it has a way to be found again', async () => {
    const { join, session, port } = await openForPackets()
    const lasting = await joinNamelessToStay(port, session, version)
    expect(lasting.returnCode ?? lasting.reasonCode).toBe(version === 5 ? 0 : 2)
    const { client: one, connack } = await join({ clientId: '', clean: true }, version)
    const { client: two, connack: other } = await join({ clientId: '', clean: true }, version)
    expect([connack, other].map((each) => each.returnCode ?? each.reasonCode)).toEqual([0, 0])
    const names = [lasting, connack, other].map((each) => each.properties?.assignedClientIdentifier)
    if (version === 5) expect(names).toEqual(Array(3).fill(expect.stringMatching(/./)))
    expect(new Set(names).size).toBe(version === 5 ? 3 : 1)
    for (const client of [one, two]) expect(await untilTheEnd(client)).toEqual([])
  })

  it('that comes back is given what was published with quality 1 and 2 while it was away', async () => {
    const { join, present } = await openForPackets()
    const { client } = await join(keptAs('a', version), version)
    await client.subscribe('+/+', 2)
    client.send({ cmd: 'disconnect' })
    await client.ended()
    await present(0)
    const { client: writer } = await join({}, version)
    for (const qos of qualities) await publishWhole(writer, `t/${qos}`, `quality ${qos}`, qos)
    const { client: back, connack } = await join(keptAs('a', version), version)
    expect(connack.sessionPresent).toBe(true)
    expect(wordsOf(await untilTheEnd(back))).toEqual(['quality 1', 'quality 2'])
  })

  it('whose filters overlap is given a message once, at the highest quality of them', async () => {
    const { join } = await openForPackets()
    const { client } = await join({}, version)
    await client.subscribe('t/#', 2)
    await client.subscribe('t/+', 1)
    await publishWhole(client, 't/c', 'once', 2)
    expect((await untilTheEnd(client)).map(({ qos, payload }) => [qos, payload.toString()])).toEqual([[2, 'once']])
  })

  it('that is not heard within one and a half times its keep alive has gone, and its will is published', async () => {
    const { join, pass, present } = await openForPackets()
    const { client: watcher } = await join({ keepalive: 0 }, version)
    await watcher.subscribe('wills/+', 2)
    const will = { topic: 'wills/a', payload: Buffer.from('silent'), qos: 1 as const, retain: false }
    const { client } = await join({ clientId: 'a', keepalive: 5, will }, version)
    pass(7.5)
    client.send({ cmd: 'pingreq' })
    await client.next('pingresp')
    pass(7.501)
    await client.ended()
    expect((await watcher.message()).payload.toString()).toBe('silent')
    await present(1)
  })

  it('is sent again on its next connection what it has not acknowledged on this one', async () => {
    const { join, present } = await openForPackets()
    const { client } = await join(keptAs('a', version), version)
    await client.subscribe('t/#', 2)
    client.publish('t/b', 'one', { qos: 1, messageId: 1 })
    client.publish('t/c', 'two', { qos: 2, messageId: 2 })
    const first = [await client.message(), await client.message()]
    client.send({ cmd: 'disconnect' })
    await client.ended()
    await present(0)
    const { client: back } = await join(keptAs('a', version), version)
    const again = [await back.message(), await back.message()]
    expect(again.map(({ messageId, payload, qos, dup }) => [messageId, payload.toString(), qos, dup])).toEqual(
      first.map(({ messageId, payload, qos }) => [messageId, payload.toString(), qos, true]),
    )
  })

  it('is told that it may not subscribe where a rule denies it, and goes on with the rest', async () => {
    const { house, session, port } = await openForPackets()
    const rules = [
      { action: 'subscribe', permission: 'deny', topic: 'test/nosubscribe' },
      { action: 'both', permission: 'allow', topic: '#' },
    ]
    const { body } = await house.call(`/v1/sessions/${session.sessionName}/named-clients`, { name: 'guest', rules })
    const login = { sessionName: `${session.sessionName}:guest`, password: String(body['key']) }
    const { client } = await PacketClient.join(port, login, {}, version)
    expect((await client.subscribe('test/nosubscribe', 2)).granted).toEqual([version === 5 ? 0x87 : 0x80])
    expect((await client.subscribe('test/other', 2)).granted).toEqual([2])
    await publishWhole(client, 'test/nosubscribe', 'not heard', 1)
    await publishWhole(client, 'test/other', 'heard', 1)
    expect(wordsOf(await untilTheEnd(client))).toEqual(['heard'])
  })

  it('is not given topics that begin with $ by filters that begin with a wildcard', async () => {
    const { join } = await openForPackets()
    const { client } = await join({}, version)
    for (const filter of ['+/+', '#', '+/b']) await client.subscribe(filter, 2)
    const { client: named } = await join({}, version)
    await named.subscribe('$t/+', 2)
    await publishWhole(client, '$t/b', 'aside', 1)
    expect(await untilTheEnd(client)).toEqual([])
    expect(wordsOf(await untilTheEnd(named))).toEqual(['aside'])
  })

  it('is given no more of what it has unsubscribed from, and all of the rest', async () => {
    const { join } = await openForPackets()
    const { client } = await join({}, version)
    for (const filter of ['t', 't/b', 'u/c']) await client.subscribe(filter, 2)
    client.send({ cmd: 'unsubscribe', messageId: 9, unsubscriptions: ['t'] })
    await client.next('unsuback')
    const { client: writer } = await join({}, version)
    for (const topic of ['t', 't/b', 'u/c']) await publishWhole(writer, topic, topic, 1)
    expect(wordsOf(await untilTheEnd(client))).toEqual(['t/b', 'u/c'])
  })
})

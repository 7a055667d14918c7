/** Packets that no client library sends: each ends its own connection, with the reason where MQTT 5 has a word for it, and nothing else. */
import { describe, expect, it } from 'vitest'
import { FrameClient, openBrokers, type BrokerHouse } from '../../fakes/broker-house.ts'
import { PacketClient } from '../../fakes/mqtt-client.ts'

const malformed = 0x81
const protocolError = 0x82

const number = (value: number): number[] => [value >> 8, value & 0xff]
const bytes = (text: string | readonly number[]): number[] => {
  const content = typeof text === 'string' ? [...Buffer.from(text)] : [...text]
  return [...number(content.length), ...content]
}
const packet = (head: number, ...parts: readonly (readonly number[])[]): Buffer => {
  const body = parts.flat()
  return Buffer.from([head, body.length, ...body])
}

const illFormed: Readonly<Record<string, readonly number[]>> = {
  'bytes that are no UTF-8': [0x61, 0xff, 0x62],
  'half of a surrogate pair': [0xed, 0xa0, 0x80],
  'a longer form than needed': [0xc0, 0xaf],
  'a character that was cut': [0x61, 0xe2, 0x82],
  'U+0000': [0x61, 0x00, 0x62],
}

interface Setting {
  house: BrokerHouse
  session: { sessionName: string; password: string }
  port: number
}

async function open(): Promise<Setting> {
  const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } } })
  return { house, session: await house.createSession(), port: house.room.mqttPort() ?? 0 }
}

/** What each packet led to: the reason with which its connection was ended, `closed` without one. */
async function outcomesOf(
  { port, session }: Setting,
  version: 4 | 5,
  packets: Readonly<Record<string, Buffer>>,
): Promise<Record<string, number | 'closed'>> {
  const outcomes: Record<string, number | 'closed'> = {}
  for (const [name, bytesOfIt] of Object.entries(packets)) {
    const { client } = await PacketClient.join(port, session, {}, version)
    client.raw(bytesOfIt)
    await client.ended()
    const [goodbye] = client.ofKind('disconnect')
    outcomes[name] = goodbye?.cmd === 'disconnect' ? (goodbye.reasonCode ?? 0) : 'closed'
  }
  return outcomes
}

const all = <Value>(packets: object, value: Value): Record<string, Value> =>
  Object.fromEntries(Object.keys(packets).map((name) => [name, value]))

describe('text that is ill-formed', () => {
  const publishing = (topic: readonly number[]): Buffer => packet(0x30, bytes(topic), [0], [0x78])

  it.each([4, 5] as const)('ends the connection at level %i, as a topic and as a filter, and reaches nobody', async (version) => {
    const setting = await open()
    const watcher = await FrameClient.join(setting.house.url, setting.session)
    await watcher.subscribe('#')
    const none = version === 5 ? [0] : []
    const packets = Object.fromEntries(
      Object.entries(illFormed).flatMap(([name, text]) => [
        [`publish: ${name}`, packet(0x30, bytes(text), none, [0x78])],
        [`publish retained: ${name}`, packet(0x33, bytes(text), number(1), none, [0x78])],
        [`subscribe: ${name}`, packet(0x82, number(1), none, bytes(text), [0])],
        [`unsubscribe: ${name}`, packet(0xa2, number(1), none, bytes(text))],
      ]),
    )
    expect(await outcomesOf(setting, version, packets)).toEqual(all(packets, version === 5 ? malformed : 'closed'))
    const { client } = await PacketClient.join(setting.port, setting.session, {}, version)
    client.publish('after', 'fine', { qos: 1, messageId: 1 })
    expect(await watcher.next('message')).toMatchObject({ topic: 'after' })
    expect(setting.house.faults).toEqual([])
  })

  it('ends the connection in properties and in every part of CONNECT', async () => {
    const setting = await open()
    const text = illFormed['bytes that are no UTF-8'] ?? []
    const properties = {
      'a response topic': [0x08, ...bytes(text)],
      'a content type': [0x03, ...bytes(text)],
      'the name of a user property': [0x26, ...bytes(text), ...bytes('value')],
      'the value of a user property': [0x26, ...bytes('name'), ...bytes(text)],
    }
    const packets = Object.fromEntries(
      Object.entries(properties).map(([name, content]) => [name, packet(0x30, bytes('t'), [content.length], content, [0x78])]),
    )
    expect(await outcomesOf(setting, 5, packets)).toEqual(all(packets, malformed))
    const { sessionName, password } = setting.session
    const connecting = (id: readonly number[], topic: readonly number[], name: readonly number[]): Buffer =>
      packet(0x10, bytes('MQTT'), [4, 0xc6], number(0), bytes(id), bytes(topic), bytes('will'), bytes(name), bytes(password))
    const fine = [...Buffer.from('fine')]
    const user = [...Buffer.from(sessionName)]
    for (const connect of [connecting(text, fine, user), connecting(fine, text, user), connecting(fine, fine, [...user, 0x3a, ...text])]) {
      const client = await PacketClient.open(setting.port, 4)
      client.raw(connect)
      await client.ended()
      expect(client.packets).toEqual([])
    }
    const client = await PacketClient.open(setting.port, 4)
    client.raw(connecting(fine, fine, user))
    expect(await client.next('connack')).toMatchObject({ returnCode: 0 })
  })

  it('is not what a client meant that wrote the replacement character itself, or a byte order mark', async () => {
    const setting = await open()
    const { client } = await PacketClient.join(setting.port, setting.session)
    for (const topic of ['a\uFFFDb', '\uFEFFbom', 'grüße/☀/𝄞']) {
      await client.subscribe(topic, 0)
      client.raw(publishing([...Buffer.from(topic)]))
      expect(await client.message()).toMatchObject({ topic })
    }
  })

  it('is no topic for a JSON client either', async () => {
    const setting = await open()
    const client = await FrameClient.join(setting.house.url, setting.session)
    client.send('{"type":"publish","topic":"a\\ud800","data":"x","hash":"h","timestamp":1,"messageId":"m"}')
    expect(await client.next('publish_response')).toMatchObject({ success: false, error: 'Invalid topic' })
    client.send('{"type":"subscribe","topic":"a\\udc00/+"}')
    expect(await client.next('subscribe_response')).toMatchObject({ success: false })
  })
})

describe('packets that say what they may not', () => {
  const shared: Readonly<Record<string, readonly [head: number, ...parts: (readonly number[])[]]>> = {
    'a PUBLISH with packet id 0': [0x32, bytes('t'), number(0)],
    'a SUBSCRIBE with packet id 0': [0x82, number(0), bytes('t'), [0]],
    'a SUBSCRIBE of quality 3': [0x82, number(1), bytes('t'), [3]],
    'a SUBSCRIBE whose last filter has no options': [0x82, number(1), bytes('t')],
    'an UNSUBSCRIBE with packet id 0': [0xa2, number(0), bytes('t')],
    'a text that is longer than its packet': [0x82, number(1), [0, 9, 0x74], [0]],
    'reserved flags of SUBSCRIBE': [0x80, number(1), bytes('t'), [0]],
    'reserved flags of PUBREL': [0x60, number(1)],
    'a PUBLISH of quality 3': [0x36, bytes('t'), number(1)],
    'a PUBLISH of quality 0 that says it comes again': [0x38, bytes('t')],
    'a PINGREQ with something in it': [0xc0, [0]],
    'a PUBACK without a packet id': [0x40],
    'a PUBACK of packet id 0': [0x40, number(0)],
    'a packet of the kind that is reserved': [0x00, [0]],
    'a SUBACK': [0x90, number(1), [0]],
  }

  it('are malformed at level 4', async () => {
    const setting = await open()
    const packets = {
      ...Object.fromEntries(Object.entries(shared).map(([name, [head, ...parts]]) => [name, packet(head, ...parts)])),
      'a SUBSCRIBE without a filter': packet(0x82, number(1)),
      'an UNSUBSCRIBE without a filter': packet(0xa2, number(1)),
      'options of MQTT 5': packet(0x82, number(1), bytes('t'), [4]),
      'a PUBACK with more than it has': packet(0x40, number(1), [0]),
      'a DISCONNECT with something in it': packet(0xe0, [0]),
      'an AUTH': packet(0xf0, [0, 0]),
      'a length of five bytes': Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    }
    expect(await outcomesOf(setting, 4, packets)).toEqual(all(packets, 'closed'))
    expect(setting.house.faults).toEqual([])
  })

  it('are ended with their reasons at level 5', async () => {
    const setting = await open()
    const publish = (properties: readonly number[], qos: 0 | 1 = 0): Buffer =>
      packet(0x30 | (qos << 1), bytes('t'), qos === 0 ? [] : number(1), [properties.length], properties, [0x78])
    const subscribe = (properties: readonly number[], options = 0, filter = 't'): Buffer =>
      packet(0x82, number(1), [properties.length], properties, bytes(filter), [options])
    const ended = {
      'a SUBSCRIBE without a filter': [packet(0x82, number(1), [0]), protocolError],
      'an UNSUBSCRIBE without a filter': [packet(0xa2, number(1), [0]), protocolError],
      'reserved options': [subscribe([], 0x40), malformed],
      'retain handling 3': [subscribe([], 0x30), malformed],
      'no local on a shared subscription': [subscribe([], 0x04, '$share/g/t'), protocolError],
      'a subscription identifier of 0': [subscribe([0x0b, 0]), protocolError],
      'two subscription identifiers': [subscribe([0x0b, 1, 0x0b, 2]), protocolError],
      'a subscription identifier of five bytes': [subscribe([0x0b, 0xff, 0xff, 0xff, 0xff, 0x7f]), malformed],
      'a subscription identifier in PUBLISH': [publish([0x0b, 1]), protocolError],
      'a topic alias of 0': [publish([0x23, 0, 0]), 0x94],
      'a topic alias that was never given': [packet(0x30, bytes(''), [3], [0x23, 0, 7]), protocolError],
      'an empty topic without an alias': [packet(0x30, bytes(''), [0]), protocolError],
      'a topic with a wildcard': [packet(0x30, bytes('a/+'), [0]), 0x90],
      'a response topic with a wildcard': [publish([0x08, ...bytes('a/#')]), protocolError],
      'an empty response topic': [publish([0x08, ...bytes('')]), protocolError],
      'a payload format of 2': [publish([0x01, 2]), protocolError],
      'a payload format twice, though it is 0': [publish([0x01, 0, 0x01, 0]), protocolError],
      'a content type twice': [publish([0x03, ...bytes(''), 0x03, ...bytes('')]), protocolError],
      'a property that belongs to CONNECT': [publish([0x21, 0, 1]), protocolError],
      'a property that nobody knows': [publish([0x7f, 0]), malformed],
      'properties that end beyond the packet': [packet(0x30, bytes('t'), [9, 0x01, 1]), malformed],
      'a property that ends beyond the others': [packet(0x30, bytes('t'), [3], [0x03, 0, 5, 0x61, 0x62, 0x63, 0x64, 0x65]), malformed],
      'a PUBLISH without properties': [packet(0x32, bytes('t'), number(1)), malformed],
      'a DISCONNECT with a reason that nobody knows': [packet(0xe0, [0x7e]), malformed],
      'a session kept by DISCONNECT that was to end': [packet(0xe0, [0, 5, 0x11, 0, 0, 0, 9]), protocolError],
    } as const
    const packets = Object.fromEntries(Object.entries(ended).map(([name, [content]]) => [name, content]))
    expect(await outcomesOf(setting, 5, packets)).toEqual(Object.fromEntries(Object.entries(ended).map(([name, [, code]]) => [name, code])))
    expect(setting.house.faults).toEqual([])
  })

  it('may leave out what MQTT 5 lets them leave out', async () => {
    const setting = await open()
    const { client } = await PacketClient.join(setting.port, setting.session, {
      will: { topic: 'will', payload: Buffer.from('x'), qos: 1, retain: false },
    })
    await client.subscribe('#', 1)
    client.raw(packet(0x32, bytes('t'), number(1), [0], [0x78]))
    const { messageId = 0 } = await client.message()
    client.raw(packet(0x40, number(messageId), [0x00]))
    client.raw(packet(0x40, number(messageId), [0x10], [0]))
    // Without a reason it says goodbye, whatever stands behind it.
    client.raw(Buffer.from([0xe0, 0x00, 0x04, 0x7f]))
    await client.ended()
    const { client: watcher } = await PacketClient.join(setting.port, setting.session)
    await watcher.subscribe('will', 1)
    expect(client.ofKind('disconnect')).toEqual([])
    expect(await setting.house.call(`/v1/sessions/${setting.session.sessionName}`)).toMatchObject({
      body: { session: { publishedTotal: 1, queued: 0 } },
    })
  })
})

describe('CONNECT', () => {
  const connect = (name: string, level: number, flags: number, ...rest: readonly (readonly number[])[]): Buffer =>
    packet(0x10, bytes(name), [level, flags], number(0), ...rest)
  async function answerTo(port: number, content: Buffer): Promise<number | null> {
    const client = await PacketClient.open(port, 4)
    client.raw(content)
    await client.ended()
    const [first] = client.packets
    return first?.cmd === 'connack' ? (first.returnCode ?? null) : null
  }

  it('of a version or a name that nobody knows is told so, or ends', async () => {
    const { port } = await open()
    const id = bytes('client')
    expect(await answerTo(port, connect('MQTT', 6, 2, id))).toBe(1)
    expect(await answerTo(port, connect('MQTT', 0, 2, id))).toBe(1)
    expect(await answerTo(port, connect('MQTT', 3, 2, id))).toBe(1)
    expect(await answerTo(port, connect('MQIsdp', 4, 2, id))).toBe(1)
    expect(await answerTo(port, connect('MQIsdp', 2, 2, id))).toBe(1)
    expect(await answerTo(port, connect('hj', 4, 2, id))).toBe(null)
    expect(await answerTo(port, connect('mqtt', 4, 2, id))).toBe(null)
  })

  it('that contradicts itself ends', async () => {
    const { port } = await open()
    const id = bytes('client')
    expect(await answerTo(port, connect('MQTT', 4, 3, id))).toBe(null)
    expect(await answerTo(port, connect('MQTT', 4, 0x1e, id, bytes('t'), bytes('x')))).toBe(null)
    expect(await answerTo(port, connect('MQTT', 4, 0x22, id))).toBe(null)
    expect(await answerTo(port, connect('MQTT', 4, 0x42, id, bytes('password')))).toBe(null)
    expect(await answerTo(port, connect('MQTT', 4, 0x82, id))).toBe(null)
    expect(await answerTo(port, connect('MQTT', 4, 2, id, bytes('more')))).toBe(null)
  })

  it('of MQTT 3.1 is answered, and its client is served', async () => {
    const { port, session } = await open()
    const login = [bytes(session.sessionName), bytes(session.password)] as const
    const client = await PacketClient.open(port, 4)
    client.raw(connect('MQIsdp', 3, 0xc2, bytes('old'), ...login))
    expect(await client.next('connack')).toMatchObject({ returnCode: 0, sessionPresent: false })
    client.raw(packet(0x82, number(1), bytes('t'), [1], bytes('a/#/b'), [1]))
    // It has no word for a filter that is refused.
    expect(await client.next('suback')).toMatchObject({ granted: [1, 0] })
    client.raw(packet(0x32, bytes('t'), number(2), [0x78]))
    expect(await client.message()).toMatchObject({ topic: 't', payload: Buffer.from('x') })
    expect(await answerTo(port, connect('MQIsdp', 3, 0xc2, bytes(''), ...login))).toBe(2)
    expect(await answerTo(port, connect('MQIsdp', 3, 0xc2, bytes('old'), login[0], bytes('wrong')))).toBe(4)
  })
})

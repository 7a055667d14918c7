/** Clients with a password or key of their own: they come in under their name, and may do what their rules say. */
import type { ErrorWithReasonCode, IClientOptions } from 'mqtt'
import { describe, expect, it } from 'vitest'
import { FrameClient, type Json } from '../../fakes/broker-house.ts'
import { until } from '../../fakes/kernel.ts'
import { allow, deny, joinNamed, openNamed, type NamedMqttClient } from '../../fakes/named-clients.ts'

const codeOf = async (work: Promise<unknown>): Promise<number | undefined> => {
  try {
    await work
  } catch (error) {
    return (error as ErrorWithReasonCode).code
  }
  return undefined
}

describe('a named client', () => {
  it('comes in with its own password or key, in both protocols, and the session’s own password stays what it is', async () => {
    const { house, session, add, clients } = await openNamed()
    const { sessionName, password } = session
    const key = await add('door')
    const own = await add('gate', { password: 'gate-password' })
    expect(key).toMatch(/^bk_.{32}$/)
    for (const [name, secret] of [
      ['door', key],
      ['gate', own],
    ] as const) {
      await joinNamed(house, `${sessionName}:${name}`, secret)
      await FrameClient.join(house.url, { sessionName, password: secret }, name)
      await FrameClient.join(house.url, { sessionName: `${sessionName}:${name}`, password: secret })
    }
    expect((await clients()).map(({ name, credential, connections }) => [name, credential, connections])).toEqual([
      ['door', 'key', 3],
      ['gate', 'password', 3],
    ])
    const owner = await FrameClient.join(house.url, { sessionName, password }, 'door')
    await owner.subscribe('sys/logs')
    await FrameClient.join(house.url, { sessionName: `${sessionName}:anything`, password })
  })

  it('is told that its password is wrong as anybody is, and does not come in with another one’s', async () => {
    const { house, session, add } = await openNamed()
    const { sessionName } = session
    const key = await add('door')
    await add('gate')
    const init = async (fields: Json): Promise<unknown> => {
      const client = await FrameClient.open(house.url)
      client.send({ type: 'init', ...fields })
      return (await client.next('init_response'))['error']
    }
    expect(await init({ sessionName, userId: 'gate', password: key })).toBe('Invalid password')
    expect(await init({ sessionName, password: key })).toBe('Invalid password')
    expect(await init({ sessionName, userId: 'nobody', password: key })).toBe('Invalid password')
    expect(await codeOf(joinNamed(house, `${sessionName}:gate`, key))).toBe(0x86)
    expect(await codeOf(joinNamed(house, sessionName, key))).toBe(0x86)
    expect(await codeOf(joinNamed(house, `${sessionName}:gate`, key, { protocolVersion: 4 }))).toBe(4)
  })

  it('may publish and subscribe where its rules say, and hears what it may not', async () => {
    const { house, session, add } = await openNamed()
    const { sessionName, password } = session
    const key = await add('door', {
      rules: [allow('doors/%u/#'), allow('ids/%c', 'publish'), deny('news/secret'), allow('news/#', 'subscribe')],
    })
    const reader = await FrameClient.join(house.url, { sessionName, password })
    for (const topic of ['doors/#', 'ids/#', 'news/#']) await reader.subscribe(topic)

    const mqtt = await joinNamed(house, `${sessionName}:door`, key, { clientId: 'phone' })
    await mqtt.publishAsync('doors/door/state', 'open', { qos: 1 })
    await mqtt.publishAsync('ids/phone', 'me', { qos: 2 })
    expect(await codeOf(mqtt.publishAsync('doors/gate/state', 'open', { qos: 1 }))).toBe(0x87)
    expect(await codeOf(mqtt.publishAsync('ids/other', 'not me', { qos: 2 }))).toBe(0x87)
    await mqtt.publishAsync('news/today', 'forged', { qos: 0 })
    const granted = async (filter: string): Promise<unknown> => {
      const answer = new Promise((resolve) => {
        mqtt.once('packetreceive', (packet) => resolve(packet.cmd === 'suback' ? packet.granted[0] : packet.cmd))
      })
      mqtt.subscribe(filter, { qos: 1 }, () => undefined)
      return answer
    }
    expect(await granted('doors/door/#')).toBe(1)
    for (const filter of ['doors/#', '#', 'news/#', 'news/secret', '$share/g/doors/gate/+', 'sys/logs', '$SYS/#'])
      expect(await granted(filter), filter).toBe(0x87)
    expect(await granted('news/today')).toBe(1)

    const json = await FrameClient.join(house.url, { sessionName, password: key }, 'door')
    json.publish('doors/gate/state', 'm1')
    expect(await json.next('publish_response')).toEqual({
      ...{ type: 'publish_response', success: false, messageId: 'm1' },
      error: 'Not allowed to publish on this topic',
    })
    json.send({ type: 'subscribe', topic: '#' })
    expect(await json.next('subscribe_response')).toMatchObject({ success: false, error: 'Not allowed to subscribe to this topic' })
    json.publish('doors/door/bell', 'm2', 'ring')
    expect(await json.next('publish_response')).toMatchObject({ success: true })
    await until('all that is allowed has come', () => reader.ofType('message').length === 3)
    expect(reader.ofType('message').map(({ topic }) => topic)).toEqual(['doors/door/state', 'ids/phone', 'doors/door/bell'])
  })

  it('is not let in with a will that it may not publish, and relays files and reads devices of its own alone', async () => {
    const { house, session, add } = await openNamed()
    const { sessionName, password } = session
    const key = await add('door', { rules: [allow('doors/%u/#')] })
    const will = (topic: string): IClientOptions => ({ will: { topic, payload: Buffer.from('gone'), qos: 1, retain: false } })
    expect(await codeOf(joinNamed(house, `${sessionName}:door`, key, will('doors/gate/state')))).toBe(0x87)
    expect(await codeOf(joinNamed(house, `${sessionName}:door`, key, { protocolVersion: 4, ...will('doors/gate/state') }))).toBe(5)
    await joinNamed(house, `${sessionName}:door`, key, will('doors/door/state'))

    const reader = await FrameClient.join(house.url, { sessionName, password })
    await reader.subscribe('doors/#')
    const json = await FrameClient.join(house.url, { sessionName, password: key }, 'door')
    const fileId = 'f'.repeat(36)
    json.send({ type: 'init_file', fileId, topic: 'doors/gate/files' })
    expect(await json.next()).toEqual({ error: 'Not allowed to publish on this topic' })
    json.send({ type: 'init_file', fileId, topic: 'doors/door/files' })
    await reader.next('init_file')
    expect(reader.ofType('init_file')).toHaveLength(1)
    json.send({ type: 'get_registered_devices', userId: 'gate' })
    expect(await json.next('registered_devices_response')).toMatchObject({ success: false, error: 'Not allowed for another userId' })
    json.send({ type: 'register_fcm_token', userId: 'gate', encryptedData: 'x' })
    expect(await json.next('fcm_token_response')).toMatchObject({ success: false })
    json.send({ type: 'register_fcm_token', userId: 'door', encryptedData: 'x' })
    expect(await json.next('fcm_token_response')).toMatchObject({ success: true })
  })

  it('leaves no will that it may not publish any more', async () => {
    const { house, session, add, setRules, clients } = await openNamed()
    const { sessionName, password } = session
    const key = await add('door')
    const reader = await FrameClient.join(house.url, { sessionName, password })
    await reader.subscribe('doors/#')
    const willing = async (clientId: string, topic: string, willDelayInterval: number): Promise<NamedMqttClient> =>
      joinNamed(house, `${sessionName}:door`, key, {
        clientId,
        will: { topic, payload: Buffer.from('gone'), qos: 1, retain: false, properties: { willDelayInterval } },
      })
    const here = await willing('here', 'doors/forbidden', 0)
    const away = await willing('away', 'doors/forbidden', 1)
    const other = await willing('other', 'doors/allowed', 2)
    away.stream.destroy()
    await until('it is still there', async () => (await clients())[0]?.['connections'] === 2)
    expect((await setRules('door', [deny('doors/forbidden'), allow('#')])).status).toBe(200)
    here.stream.destroy()
    other.stream.destroy()
    await reader.next('message')
    expect(reader.ofType('message').map(({ topic }) => topic)).toEqual(['doors/allowed'])
  })

  it('cannot take over the queue or the connection of anybody else by a client id', async () => {
    const { house, session, add } = await openNamed()
    const { sessionName, password } = session
    const [door, gate] = [await add('door'), await add('gate')]
    const owner = await joinNamed(house, sessionName, password, { clientId: 'phone' })
    await owner.subscribeAsync('private', { qos: 1 })
    const first = await joinNamed(house, `${sessionName}:gate`, gate, { clientId: 'phone' })
    await first.subscribeAsync('private', { qos: 1 })
    const thief = await joinNamed(house, `${sessionName}:door`, door, { clientId: 'phone' })
    const writer = await FrameClient.join(house.url, { sessionName, password })
    writer.publish('private', 'm1', 'x')
    await until('both have it', () => owner.got.length === 1 && first.got.length === 1)
    expect([owner.ended, first.ended, thief.got]).toEqual([null, null, []])
    await FrameClient.join(house.url, { sessionName: `${sessionName}:door`, password: door }, '@gate')
    expect(first.connected).toBe(true)
  })
})

describe('the rules of a named client, once changed', () => {
  it('are in force at once: for publishing, for its subscriptions, and for what waits', async () => {
    const { house, session, add, setRules } = await openNamed()
    const { sessionName, password } = session
    const key = await add('door')
    const away = await joinNamed(house, `${sessionName}:door`, key, { clientId: 'away' })
    for (const filter of ['a/#', 'b/#', '$share/g/a/#']) await away.subscribeAsync(filter, { qos: 1 })
    await away.endAsync()
    const here = await FrameClient.join(house.url, { sessionName, password: key }, 'door')
    await here.subscribe('a/1')
    const writer = await FrameClient.join(house.url, { sessionName, password })
    for (const topic of ['a/1', 'b/1']) {
      writer.publish(topic, `before-${topic}`)
      await writer.next('publish_response')
    }
    await here.next('message')
    expect(await setRules('door', [allow('b/#')])).toMatchObject({ status: 200 })
    writer.publish('a/1', 'after')
    expect(await writer.next('publish_response')).toMatchObject({ deliveredTo: 0 })
    here.publish('a/2', 'm1')
    expect(await here.next('publish_response')).toMatchObject({ success: false })
    const back = await joinNamed(house, `${sessionName}:door`, key, { clientId: 'away' })
    await until('what it may have has come', () => back.got.length > 0)
    writer.publish('b/2', 'last')
    await until('the next has come', () => back.got.length > 1)
    expect(back.got.map((each) => each.split(' ')[0])).toEqual(['b/1', 'b/2'])
  })

  it('outlive the room’s restart, as its key and its queue do', async () => {
    const { house, session, add, setRules, clients } = await openNamed()
    const { sessionName } = session
    const key = await add('door')
    await setRules('door', [allow('b/#')])
    await house.restart()
    expect(await clients()).toMatchObject([{ name: 'door', rules: [allow('b/#')] }])
    const json = await FrameClient.join(house.url, { sessionName, password: key }, 'door')
    json.publish('a', 'm1')
    expect(await json.next('publish_response')).toMatchObject({ success: false })
  })
})

describe('who is revoked', () => {
  it('is disconnected, comes in no more, and leaves no queue behind', async () => {
    const { house, session, path, add } = await openNamed()
    const { sessionName, password } = session
    const [key] = [await add('door'), await add('gate')]
    const mqtt = await joinNamed(house, `${sessionName}:door`, key)
    await mqtt.subscribeAsync('t', { qos: 1 })
    const json = await FrameClient.join(house.url, { sessionName, password: key }, 'door')
    await json.subscribe('t')
    expect((await house.call(`${path}/door`, undefined, 'DELETE')).status).toBe(204)
    expect(await json.ended()).toEqual({ code: 4406, reason: 'Access was revoked' })
    await until('MQTT has ended', () => !mqtt.connected)
    expect(mqtt.ended?.reasonCode).toBe(0x87)
    expect(await codeOf(joinNamed(house, `${sessionName}:door`, key))).toBe(0x86)
    const writer = await FrameClient.join(house.url, { sessionName, password })
    writer.publish('t', 'm1')
    expect(await writer.next('publish_response')).toMatchObject({ deliveredTo: 0 })
    expect((await writer.next('ack_received'))['messageId']).toBe('m1')
    expect((await house.call(`${path}/door`, undefined, 'DELETE')).body).toEqual({ success: false, error: 'Named client not found' })
    // One of the same name is another client.
    const again = await add('door')
    expect((await joinNamed(house, `${sessionName}:door`, again)).got).toEqual([])
    expect(await codeOf(joinNamed(house, `${sessionName}:door`, key))).toBe(0x86)
  })

  it('and who gets another key is disconnected and keeps its queue', async () => {
    const { house, session, path, add } = await openNamed()
    const { sessionName, password } = session
    const key = await add('door')
    const mqtt = await joinNamed(house, `${sessionName}:door`, key)
    await mqtt.subscribeAsync('t', { qos: 1 })
    const { body } = await house.call(`${path}/door/secret`, {})
    await until('it has ended', () => !mqtt.connected)
    expect(await codeOf(joinNamed(house, `${sessionName}:door`, key))).toBe(0x86)
    const writer = await FrameClient.join(house.url, { sessionName, password })
    writer.publish('t', 'm1', 'kept')
    expect(await writer.next('publish_response')).toMatchObject({ queuedFor: 1 })
    const back = await joinNamed(house, `${sessionName}:door`, String(body['key']))
    await until('it has come', () => back.got.length === 1)
  })
})

it('says whether something is allowed and by which rule, for rules that are tried too', async () => {
  const { house, session, add } = await openNamed()
  await add('door', { rules: [deny('a/secret'), allow('a/#')] })
  const check = async (fields: object): Promise<unknown> =>
    (await house.call(`/v1/sessions/${session.sessionName}/access/check`, fields)).body
  expect(await check({ client: 'door', action: 'publish', topic: 'a/1' })).toEqual({ allowed: true, rule: 1 })
  expect(await check({ client: 'door', action: 'subscribe', topic: 'a/#' })).toEqual({ allowed: false, rule: 0 })
  expect(await check({ client: 'door', action: 'subscribe', topic: '$share/g/a/1' })).toEqual({ allowed: true, rule: 1 })
  expect(await check({ client: 'new', action: 'publish', topic: 'b/me', clientId: 'me', rules: [allow('b/%c')] })).toEqual({
    allowed: true,
    rule: 0,
  })
  expect(await check({ client: 'door', action: 'publish', topic: 'a/#' })).toMatchObject({
    success: false,
    error: 'This is no topic to publish on',
  })
  expect(await check({ client: 'nobody', action: 'publish', topic: 'a' })).toMatchObject({
    success: false,
    error: 'Named client not found',
  })
})

it('refuses names and rules that mean nothing, in words', async () => {
  const { house, session, path, add } = await openNamed()
  await add('door')
  const refused = async (body: object): Promise<unknown> => (await house.call(path, body)).body['error']
  expect(await refused({ name: 'door' })).toBe('A client of this name exists already')
  expect(await refused({ name: 'a/b' })).toBe('name may hold letters, digits, ".", "_" and "-"')
  expect(await refused({ name: '' })).toBe('name may not be empty')
  expect(await refused({ name: 'x', password: 'short' })).toBe('password must have at least 8 characters')
  expect(await refused({ name: 'x', rules: [allow('a/#/b')] })).toMatch(/topic is no MQTT filter/)
  expect(await refused({ name: 'x', rules: [allow('$share/g/a')] })).toMatch(/topic may not be shared/)
  expect(await refused({ name: 'x', rules: [{ ...allow('a'), permission: 'maybe' }] })).toMatch(/permission must be allow or deny/)
  expect((await house.call(`/v1/sessions/${session.sessionName}x/named-clients`)).status).toBe(404)
})

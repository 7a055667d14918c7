/** `$SYS/#`: what a session tells its own clients of itself, as users of Mosquitto know it. */
import { connectAsync, type MqttClient } from 'mqtt'
import { describe, expect, it, onTestFinished } from 'vitest'
import { addTenant, FakeClient, newEngine, publicationOf, subscriptionTo } from '../../fakes/broker-engine.ts'
import { FrameClient, openBrokers, type BrokerHouse } from '../../fakes/broker-house.ts'
import { testClock, until } from '../../fakes/kernel.ts'

async function listen(house: BrokerHouse, session: { sessionName: string; password: string }, topic: string, protocolVersion: 4 | 5 = 5) {
  const client: MqttClient = await connectAsync(`mqtt://127.0.0.1:${house.room.mqttPort() ?? 0}`, {
    ...{ protocolVersion, username: session.sessionName, password: session.password, reconnectPeriod: 0 },
  })
  onTestFinished(() => void client.end(true))
  const got = new Map<string, { text: string; qos: number; retain: boolean }>()
  client.on('message', (name, payload, { qos, retain }) => got.set(name, { text: payload.toString('utf8'), qos, retain }))
  await client.subscribeAsync(topic, { qos: 1 })
  return { client, got }
}

describe('$SYS', () => {
  it.each([4, 5] as const)('tells who subscribes at once, of this session alone (MQTT level %i)', async (version) => {
    const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } } })
    const [one, other] = [await house.createSession(), await house.createSession()]
    const writer = await FrameClient.join(house.url, other)
    writer.publish('t', 'm1')
    await writer.next('publish_response')
    await FrameClient.join(house.url, one, 'reader')
    const { got } = await listen(house, one, '$SYS/#', version)
    await until('all has come', () => got.has('$SYS/broker/load/messages/sent/15min'))
    expect(got.get('$SYS/broker/clients/connected')).toEqual({ text: '2', qos: 0, retain: true })
    expect(got.get('$SYS/broker/messages/received')?.text).toBe('0')
    expect(got.get('$SYS/broker/subscriptions/count')?.text).toBe('1')
    expect(got.get('$SYS/broker/version')?.text).toMatch(/^Wheelhouse \d/)
    expect(got.get('$SYS/broker/uptime')?.text).toMatch(/^\d+ seconds$/)
    for (const name of ['clients/disconnected', 'clients/total', 'messages/sent', 'messages/stored', 'retained messages/count'])
      expect(got.get(`$SYS/broker/${name}`)?.text).toMatch(/^\d+$/)
    expect(got.get('$SYS/broker/dead letters/count')?.text).toBe('0')
  })

  it('is heard by JSON clients too, by wildcards of its own only, and nobody can publish there', async () => {
    const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } } })
    const session = await house.createSession()
    const reader = await FrameClient.join(house.url, session, 'reader')
    await reader.subscribe('#')
    await reader.subscribe('+/broker/version')
    await reader.subscribe('$SYS/broker/clients/+')
    for (const name of ['connected', 'disconnected', 'total'])
      expect(await reader.next('message')).toMatchObject({ topic: `$SYS/broker/clients/${name}`, retained: true })
    reader.publish('$SYS/broker/version', 'm1')
    expect(await reader.next('publish_response')).toMatchObject({ success: false, error: '$SYS is reserved' })
    expect(reader.ofType('message')).toHaveLength(3)
    const { client } = await listen(house, session, 'x')
    await expect(client.publishAsync('$SYS/x', 'false', { qos: 1 })).rejects.toMatchObject({ code: 0x87 })
    const { status } = await house.call(`/v1/sessions/${session.sessionName}/messages`, { topic: '$SYS/x', data: 'false' })
    expect(status).toBe(400)
  })

  it('comes every ten seconds to who listens, is stored nowhere, and costs nothing while nobody does', async () => {
    const clock = testClock()
    const engine = newEngine({ clock, version: '1' })
    onTestFinished(() => engine.stop())
    const tenant = addTenant(engine, { policy: { durability: 'crash-safe' } })
    await engine.start()
    const reader = new FakeClient('reader')
    const place = await reader.attachTo(engine, tenant.id)
    const tick = (): void => {
      clock.advance(10_000)
      engine.tick()
    }
    tick()
    expect(reader.received).toEqual([])
    await place.subscribe([subscriptionTo('$SYS/broker/messages/+'), subscriptionTo('t')])
    await engine.parts.recorder.stored()
    const bytes = engine.parts.journal.totalBytes
    tick()
    expect(reader.received.map(({ topic }) => topic)).toEqual(
      ['received', 'sent', 'stored', 'queued'].map((name) => `$SYS/broker/messages/${name}`),
    )
    tick()
    expect(new Set(reader.received.map(({ id }) => id)).size).toBe(8)
    await engine.parts.recorder.stored()
    expect(engine.parts.journal.totalBytes).toBe(bytes)
    expect([tenant.stored, tenant.queued]).toEqual([0, 0])
    await place.unsubscribe(['$SYS/broker/messages/+'])
    tick()
    engine.publish(tenant.id, publicationOf({ id: 'm1' }))
    await engine.parts.recorder.stored()
    expect(reader.received.slice(8).map(({ id }) => id)).toEqual(['m1'])
  })
})

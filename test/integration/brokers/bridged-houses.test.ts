/** Sessions of two houses, bridged to each other. */
import { describe, expect, it } from 'vitest'
import { openBridgeHouse, type BridgeHouse } from '../../fakes/bridge-house.ts'
import { FrameClient } from '../../fakes/broker-house.ts'
import { temporaryFolder, until } from '../../fakes/kernel.ts'

const all = [{ direction: 'both', filter: '#', quality: 2 }]
const wayTo = ({ port, session }: BridgeHouse) => ({
  address: `mqtt://127.0.0.1:${port}`,
  username: session.sessionName,
  password: session.password,
})

describe('two houses', () => {
  it.each(['5', '3.1.1'])('with bridges to each other in both directions do not ring, in MQTT %s', async (version) => {
    const [one, two] = [await openBridgeHouse(), await openBridgeHouse()]
    const there = await one.bridge({ ...wayTo(two), version, topics: all })
    const back = await two.bridge({ ...wayTo(one), version, topics: all })
    await one.reaches(there, 'connected')
    await two.reaches(back, 'connected')
    const [first, second] = [await one.client(), await two.client()]
    for (const { client } of [first, second]) await client.subscribeAsync('#', { qos: 2 })
    for (let each = 0; each < 5; each += 1) {
      await first.client.publishAsync('a', `first ${each}`, { qos: 1 })
      await second.client.publishAsync('b', `second ${each}`, { qos: 2 })
    }
    await until('all came', () => [first, second].every(({ got }) => new Set(got.map(({ text }) => text)).size === 10))
    const isStill = async (): Promise<boolean> =>
      [await one.shown(there), await two.shown(back)].every(({ queued }) => queued === 0) &&
      [one, two].every(
        ({ house, session }) => house.room.service.engine.counts(house.room.service.byName(session.sessionName).id).queued === 0,
      )
    await until('nothing is on its way', isStill)
    const published = (): number[] =>
      [one, two].map(({ house }) => house.room.service.engine.counts(house.room.service.all()[0]?.id ?? 0).publishedTotal)
    const before = published()
    for (const { client } of [first, second]) await client.publishAsync('last', `last of ${client.options.clientId ?? ''}`, { qos: 1 })
    await until('the last ones came', () => [first, second].every(({ got }) => got.filter(({ topic }) => topic === 'last').length >= 2))
    await until('nothing is on its way', isStill)
    // In a ring each message would have been published again and again meanwhile.
    expect(
      published()
        .map((count, index) => count - (before[index] ?? 0))
        .every((count) => count <= 8),
    ).toBe(true)
    if (version === '5')
      for (const { got } of [first, second]) expect(got.map(({ text }) => text).filter((text) => !text.startsWith('last'))).toHaveLength(10)
  })

  it('lose nothing and repeat nothing over the death of either one', async () => {
    const dataDir = temporaryFolder()
    const [first, two] = [await openBridgeHouse({ dataDir }), await openBridgeHouse()]
    const id = await first.bridge({ ...wayTo(two), topics: all })
    await first.reaches(id, 'connected')
    const reader = await two.client()
    await reader.client.subscribeAsync('#', { qos: 2 })
    const writer = await first.client()
    for (let each = 0; each < 30; each += 1) await writer.client.publishAsync('a', String(each), { qos: 2 })
    const listening = { clientId: 'listener', clean: false, properties: { sessionExpiryInterval: 600 } }
    const early = await first.client(listening)
    await early.client.subscribeAsync('b', { qos: 2 })
    await early.client.endAsync()
    await first.house.stop()
    // What is published there while the house is down waits for it there.
    await reader.client.publishAsync('b', 'meanwhile', { qos: 2 })
    const again = await openBridgeHouse({ dataDir })
    expect(await again.reaches(id, 'connected')).toMatchObject({ sessionPresent: true })
    const listener = await again.client(listening)
    await until('all came', () => reader.got.filter(({ topic }) => topic === 'a').length >= 30 && listener.got.length > 0)
    await until('nothing waits', async () => (await again.shown(id))['queued'] === 0)
    expect(reader.got.filter(({ topic }) => topic === 'a').map(({ text }) => text)).toEqual(
      Array.from({ length: 30 }, (_, each) => String(each)),
    )
    expect(listener.got.map(({ text }) => text)).toEqual(['meanwhile'])
  })

  it('carry what JSON clients publish, under the id that it had', async () => {
    const [one, two] = [await openBridgeHouse(), await openBridgeHouse()]
    const id = await one.bridge({ ...wayTo(two), topics: all })
    await one.reaches(id, 'connected')
    const reader = await FrameClient.join(two.house.url, two.session)
    await reader.subscribe('#')
    const writer = await FrameClient.join(one.house.url, one.session)
    writer.send({ type: 'publish', topic: 'orders', data: 'Order 1', messageId: 'order-1' })
    expect(await reader.next('message')).toMatchObject({ topic: 'orders', data: 'Order 1', messageId: 'order-1' })
  })

  it('hold still while a session is suspended, and go on with what waited', async () => {
    const [one, two] = [await openBridgeHouse(), await openBridgeHouse()]
    const id = await one.bridge({ ...wayTo(two), topics: all })
    await one.reaches(id, 'connected')
    const path = `/v1/sessions/${one.session.sessionName}`
    await one.house.call(path, { suspended: true }, 'PATCH')
    expect(await one.reaches(id, 'waiting')).toMatchObject({ problem: { code: 'session-suspended' } })
    const writer = await two.client()
    await writer.client.publishAsync('a', 'meanwhile', { qos: 1 })
    await one.house.call(path, { suspended: false }, 'PATCH')
    await one.reaches(id, 'connected')
    const reader = await one.client()
    await reader.client.subscribeAsync('#', { qos: 1 })
    await writer.client.publishAsync('a', 'after', { qos: 1 })
    await until('it goes on', () => reader.got.some(({ text }) => text === 'after'))
    await until('all was received', async () => (await one.shown(id))['received'] === 2)
  })
})

/** A connection's life where an engine takes its time to make its place: nothing is lost, and nothing stays behind. */
import { describe, expect, it } from 'vitest'
import { engineOf } from '../../fakes/broker-engine.ts'
import { countsIn, FrameClient, openBrokers, type BrokerHouse } from '../../fakes/broker-house.ts'
import { until } from '../../fakes/kernel.ts'
import { PacketClient } from '../../fakes/mqtt-client.ts'

/** From now on the engine of the house makes a place and keeps the client waiting for it, as one on another machine does. */
function slowEngine(house: BrokerHouse): { isAsked(): boolean; answer(): void } {
  const engine = engineOf(house.room)
  const attach = engine.attach.bind(engine)
  const gate = Promise.withResolvers<void>()
  let isAsked = false
  engine.attach = async (...asked) => {
    const place = await attach(...asked)
    isAsked = true
    await gate.promise
    return place
  }
  return { isAsked: () => isAsked, answer: () => gate.resolve() }
}

describe('a client whose place is being made', () => {
  it('is heard with what it said meanwhile once it has it, and told first that it has', async () => {
    const house = await openBrokers()
    const session = await house.createSession()
    const engine = slowEngine(house)
    const client = await FrameClient.open(house.url)
    client.send({ type: 'init', ...session, userId: 'ann' })
    client.send({ type: 'subscribe', topic: 't' })
    client.publish('u', 'm1')
    await until('its place is made', engine.isAsked)
    expect(client.frames).toEqual([])
    engine.answer()
    await until('all is answered', () => ['publish_response', 'subscribe_response'].every((type) => client.ofType(type).length === 1))
    expect(client.frames[0]).toMatchObject({ type: 'init_response', success: true })
  })

  it('leaves nothing behind where it goes meanwhile', async () => {
    const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } } })
    const session = await house.createSession()
    const engine = slowEngine(house)
    const json = await FrameClient.open(house.url)
    json.send({ type: 'init', ...session })
    await until('its place is made', engine.isAsked)
    json.socket.terminate()
    await until('the connection is gone', () => house.room.service.clients.connections.size === 0)
    expect(countsIn(house)?.clients).toBe(1)
    engine.answer()
    await until('its place is given back', () => countsIn(house)?.clients === 0)
    const { client } = await PacketClient.join(house.room.mqttPort() ?? 0, session)
    expect(countsIn(house)?.clients).toBe(1)
    client.cut()
    expect(house.faults).toEqual([])
  })
})

it('lets a JSON client that is in a session try another: refused it stays, accepted it moves', async () => {
  const house = await openBrokers()
  const [first, second] = [await house.createSession(), await house.createSession()]
  const client = await FrameClient.join(house.url, first, 'ann')
  client.send({ type: 'init', ...second, password: 'wrong' })
  expect(await client.next('init_response')).toMatchObject({ success: false, error: 'Invalid password' })
  expect([countsIn(house, first.sessionName)?.clients, countsIn(house, second.sessionName)?.clients]).toEqual([1, 0])
  client.publish('t', 'm1')
  expect(await client.next('publish_response')).toMatchObject({ success: true })
  client.send({ type: 'init', ...second, userId: 'ann' })
  expect(await client.next('init_response')).toMatchObject({ success: true, sessionName: second.sessionName })
  expect([countsIn(house, first.sessionName)?.clients, countsIn(house, second.sessionName)?.clients]).toEqual([0, 1])
  expect(house.faults).toEqual([])
})

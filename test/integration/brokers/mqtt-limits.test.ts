/** Limits that a session sets its MQTT clients, of which MQTT 5 ones are told. */
import { describe, expect, it } from 'vitest'
import { keptAs, openForPackets, publishWhole } from '../../fakes/packet-house.ts'

describe('maxKeepAlive', () => {
  it.each([
    [120, 60],
    [0, 60],
    [60, undefined],
    [30, undefined],
  ])('makes of a keep alive of %i one of %s', async (keepalive, told) => {
    const { join } = await openForPackets({ maxKeepAlive: 60 })
    expect((await join({ keepalive })).connack.properties?.serverKeepAlive).toBe(told)
  })

  it('is not spoken of where there is none', async () => {
    const { join } = await openForPackets()
    const { connack } = await join({ keepalive: 65_535 })
    expect(connack.properties).not.toHaveProperty('serverKeepAlive')
    expect(connack.properties).not.toHaveProperty('receiveMaximum')
  })

  it.each([
    [4, 120],
    [4, 0],
    [5, 120],
    [5, 0],
  ] as const)(
    'ends a connection of level %i that asked for %i once it is silent for one and a half times as long',
    async (level, keepalive) => {
      const { join, pass, present } = await openForPackets({ maxKeepAlive: 60 })
      const { client } = await join({ keepalive }, level)
      pass(90)
      client.send({ cmd: 'pingreq' })
      await client.next('pingresp')
      pass(90.001)
      if (level === 5) expect(await client.next('disconnect')).toMatchObject({ reasonCode: 0x8d })
      await client.ended()
      await present(0)
    },
  )

  it('does not lengthen what a client asked for', async () => {
    const { join, pass } = await openForPackets({ maxKeepAlive: 60 })
    const { client } = await join({ keepalive: 10 })
    pass(15.001)
    expect(await client.next('disconnect')).toMatchObject({ reasonCode: 0x8d })
  })

  it('counts for logins from the change on, and is taken away by null', async () => {
    const { house, session, join } = await openForPackets()
    const told = async (maxKeepAlive: number | null): Promise<number | undefined> => {
      const path = `/v1/sessions/${session.sessionName}`
      const { body } = await house.call(path, { policy: { maxKeepAlive } }, 'PATCH')
      expect(body).toMatchObject({ policy: { maxKeepAlive } })
      return (await join({ keepalive: 300 })).connack.properties?.serverKeepAlive
    }
    expect([await told(20), await told(null)]).toEqual([20, undefined])
  })

  it.each([0, 65_536, 1.5, '60'])('may not be %s', async (maxKeepAlive) => {
    const { house, session } = await openForPackets()
    const { status, body } = await house.call(`/v1/sessions/${session.sessionName}`, { policy: { maxKeepAlive } }, 'PATCH')
    expect([status, String(body['error'])]).toEqual([400, expect.stringContaining('maxKeepAlive must be')])
  })
})

describe('receiveMaximum', () => {
  it('disconnects a client that has more messages of quality 2 under way than it was told it may', async () => {
    const { join } = await openForPackets({ receiveMaximum: 3 })
    const { client, connack } = await join()
    expect(connack.properties?.receiveMaximum).toBe(3)
    for (let messageId = 1; messageId <= 4; messageId += 1) client.publish('t', String(messageId), { qos: 2, messageId })
    expect(await client.next('disconnect')).toMatchObject({ reasonCode: 0x93 })
    await client.ended()
  })

  it('counts no message that is answered, repeated, refused or of quality 0, and none of an earlier connection', async () => {
    const { join, present } = await openForPackets({ receiveMaximum: 2, maxMessageBytes: 10 })
    const { client } = await join(keptAs('a', 5))
    for (let n = 0; n < 5; n += 1) for (const qos of [0, 1, 2] as const) await publishWhole(client, 't', String(n), qos)
    for (let messageId = 1; messageId <= 3; messageId += 1) {
      client.publish('t', 'much too large', { qos: 2, messageId })
      expect(await client.next('pubrec')).toMatchObject({ reasonCode: 0x97 })
    }
    for (const messageId of [1, 2, 2, 1]) {
      client.publish('t', 'open', { qos: 2, messageId, dup: true })
      await client.next('pubrec')
    }
    client.cut()
    await present(0)
    const { client: back } = await join(keptAs('a', 5))
    for (const messageId of [3, 4]) {
      back.publish('t', 'open', { qos: 2, messageId })
      await back.next('pubrec')
    }
    back.publish('t', 'too many', { qos: 1, messageId: 5 })
    expect(await back.next('disconnect')).toMatchObject({ reasonCode: 0x93 })
  })

  it('means nothing to MQTT 3.1.1, which has no word for it', async () => {
    const { join } = await openForPackets({ receiveMaximum: 1 })
    const { client } = await join({}, 4)
    for (const messageId of [1, 2, 3]) {
      client.publish('t', 'x', { qos: 2, messageId })
      await client.next('pubrec')
    }
  })
})

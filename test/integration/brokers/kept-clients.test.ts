/** Named clients are kept while they are away, but not without bound: beyond it nobody new comes in under a name. */
import { connectAsync } from 'mqtt'
import { expect, it } from 'vitest'
import { countsIn, FrameClient, openBrokers } from '../../fakes/broker-house.ts'
import { until } from '../../fakes/kernel.ts'

it('lets in whoever is kept already, nobody new under a name, and anybody without', async () => {
  const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } } })
  const session = await house.createSession()
  const path = `/v1/sessions/${session.sessionName}`
  expect((await house.call(path, { policy: { maxKeptClients: 2 } }, 'PATCH')).status).toBe(200)
  const mqtt = (clientId: string, protocolVersion: 4 | 5, clean = false) =>
    connectAsync(`mqtt://127.0.0.1:${house.room.mqttPort() ?? 0}`, {
      ...{ protocolVersion, clientId, clean, username: session.sessionName, password: session.password, reconnectPeriod: 0 },
      ...(protocolVersion === 5 && !clean ? { properties: { sessionExpiryInterval: 60 } } : {}),
    })
  const ann = await FrameClient.join(house.url, session, 'ann')
  const device = await mqtt('device', 5)
  await device.endAsync()
  ann.socket.terminate()
  await until('both are away', () => countsIn(house)?.clients === 0)
  expect((await house.call(path)).body['session']).toMatchObject({ subscribers: 2, away: 2 })

  const late = await FrameClient.open(house.url)
  late.send({ type: 'init', ...session, userId: 'late' })
  expect(await late.next('init_response')).toMatchObject({ success: false, error: 'Session keeps too many clients' })
  expect(await late.ended()).toMatchObject({ code: 4503 })
  await expect(mqtt('late', 5)).rejects.toMatchObject({ code: 0x97 })
  await expect(mqtt('late', 4)).rejects.toMatchObject({ code: 3 })

  await FrameClient.join(house.url, session, 'ann')
  await FrameClient.join(house.url, session)
  await (await mqtt('device', 4)).endAsync()
  await (await mqtt('passing', 5, true)).endAsync()

  const { subscriberId } = ((await house.call(path)).body['clients'] as { subscriberId: number; key: string }[]).find(
    ({ key }) => key === 'mqtt:device',
  ) ?? { subscriberId: 0 }
  await house.call(`${path}/subscribers/${subscriberId}`, undefined, 'DELETE')
  await FrameClient.join(house.url, session, 'late')
  await house.restart()
  expect((await house.call(path)).body['session']).toMatchObject({ subscribers: 2, away: 2 })
  await expect(FrameClient.join(house.url, session, 'another')).rejects.toThrow('Session keeps too many clients')
})

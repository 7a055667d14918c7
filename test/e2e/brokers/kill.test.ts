/** The whole server, killed in the middle of its work. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { FrameClient, type Json } from '../../fakes/broker-house.ts'
import { runExactlyOnce } from '../../fakes/exactly-once.ts'
import { newDataDir, startServer, type ServerProcess } from '../../fakes/server-process.ts'
import { until } from '../../fakes/kernel.ts'

const servers: ServerProcess[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.dispose()
})

async function start(dataDir: string): Promise<{ server: ServerProcess; url: string }> {
  const server = await startServer({ dataDir })
  servers.push(server)
  return { server, url: server.ready.apis['brokers']?.url ?? '' }
}

it('loses nothing it acknowledged when it is killed, and serves on', async () => {
  const dataDir = newDataDir()
  const first = await start(dataDir)
  const session = { sessionName: 'orders', password: 'secure-password-123' }
  const created = await fetch(`${first.url}/api/createSession`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(session),
  })
  expect(await created.json()).toMatchObject({ success: true, sessionName: 'orders' })

  const reader = await FrameClient.join(first.url, session, 'reader')
  await reader.subscribe('t')
  const acknowledged = new Set<unknown>()
  const handled = new Set<unknown>()
  reader.socket.on('message', (bytes: Buffer) => {
    const frame = JSON.parse(bytes.toString('utf8')) as { type: string; messageId: string }
    if (frame.type !== 'message') return
    handled.add(frame.messageId)
    // Half of them, so that the restart finds both kinds.
    if (handled.size % 2 === 0) reader.ack('t', frame.messageId)
  })
  const writer = await FrameClient.join(first.url, session)
  const enough = Promise.withResolvers<{ ended: Promise<number | null>; published: number; acknowledged: number }>()
  writer.socket.on('message', (bytes: Buffer) => {
    const frame = JSON.parse(bytes.toString('utf8')) as { type: string; success?: boolean; messageId: string }
    if (frame.type !== 'publish_response' || frame.success !== true) return
    acknowledged.add(frame.messageId)
    // Published in hundreds: some are under way at this very moment.
    if (acknowledged.size === 3_001) enough.resolve({ ended: first.server.end('SIGKILL'), published, acknowledged: acknowledged.size })
  })
  let published = 0
  const flood = setInterval(() => {
    for (let n = 0; n < 100; n += 1) writer.publish('t', `m${(published += 1)}`)
  }, 5)
  const killed = await enough.promise
  await killed.ended
  clearInterval(flood)
  expect(killed.published).toBeGreaterThan(killed.acknowledged)

  const second = await start(dataDir)
  const back = await FrameClient.join(second.url, session, 'reader')
  const take = ({ type, messageId }: Json): void => {
    if (type !== 'message') return
    handled.add(messageId)
    back.ack('t', messageId)
  }
  // What came in one go with the answer to the login is there already.
  for (const frame of back.frames) take(frame)
  back.socket.on('message', (bytes: Buffer) => take(JSON.parse(bytes.toString('utf8')) as Json))
  await back.next('message')
  await until('everything that was acknowledged has come', () => [...acknowledged].every((id) => handled.has(id)))

  const again = await FrameClient.join(second.url, session)
  again.publish('t', [...acknowledged].at(-1) as string)
  expect(await again.next('publish_response')).toMatchObject({ success: true, duplicate: true })
  await second.server.end('SIGTERM')
  expect(readdirSync(join(dataDir, 'brokers')).length).toBeGreaterThan(0)
})

it('brings each message of quality 2 once, to receivers of either method, though it is killed and its disk is late', async () => {
  const result = await runExactlyOnce({ messages: 2_500, kills: 2, diskDelay: 100 })
  expect(result).toEqual({
    receivers: [
      { method: 'A', twice: 0, never: 0, missing: [] },
      { method: 'B', twice: 0, never: 0, missing: [] },
    ],
    neverOfQualityOne: 0,
    kills: 2,
  })
})

it('serves the same under its prefix on the control port, and MQTT there too', async () => {
  const dataDir = newDataDir()
  const { server } = await start(dataDir)
  const control = server.ready.control.url
  const session = { sessionName: 'orders', password: 'secure-password-123' }
  await fetch(`${control}/brokers/api/createSession`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(session),
  })
  const client = await FrameClient.join(`${control}/brokers/`, session)
  client.publish('t', 'm1')
  expect(await client.next('publish_response')).toMatchObject({ success: true })
  const { connectAsync } = await import('mqtt')
  const mqtt = await connectAsync(`${control.replace('http', 'ws')}/brokers/mqtt`, {
    username: 'orders',
    password: session.password,
    reconnectPeriod: 0,
  })
  await mqtt.publishAsync('t', 'x', { qos: 1 })
  await mqtt.endAsync()
})

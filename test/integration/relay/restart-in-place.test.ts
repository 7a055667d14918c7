/** The room stopped and started again in one process: the same sessions and servers, nothing left of the run before. */
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'

const odd = join(import.meta.dirname, '..', '..', 'fixtures', 'mcp', 'odd-server.ts')

let relay: ServedRelay
beforeEach(async () => {
  relay = await serveRelay({ given: { backOff: [10, 20] } })
  await new Promise((resolve) => setImmediate(resolve))
})
afterEach(() => relay.stop())

const ready = () => eventually('it is ready', () => relay.room.upstreamAdmin.list().find(({ state }) => state === 'ready'))
async function connected(address: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(address)))
  return client
}
const isAlive = (pid: number | null): boolean => {
  try {
    return process.kill(Number(pid), 0)
  } catch {
    return false
  }
}

test('the relay can be stopped and started in place, again and again: addresses, servers and charges go on, no process stays', async () => {
  relay.room.upstreamAdmin.create({ name: 'odd', transport: 'stdio', command: process.execPath, args: [odd] }, 'owner')
  relay.room.upstreamAdmin.changeTool((await ready()).id, 'echo', { price: 5 }, 'owner')
  const { sessionUrl } = await relay.session()
  let before = await connected(sessionUrl)
  expect(await before.callTool({ name: 'echo', arguments: { text: 'one' } })).toMatchObject({ content: [{ text: 'one' }] })
  for (const round of ['two', 'three']) {
    const { pid } = await ready()
    await relay.room.stop()
    expect(isAlive(pid)).toBe(false)
    expect(relay.room.upstreamAdmin.list().map(({ state }) => state)).toEqual(['disabled'])
    await expect(before.callTool({ name: 'echo' })).rejects.toThrow()
    await relay.room.start()
    await ready()
    // A protocol session ended with the run before; the address is good for another.
    before = await connected(sessionUrl)
    expect(await before.callTool({ name: 'echo', arguments: { text: round } })).toMatchObject({ content: [{ text: round }] })
  }
  await before.close()
  expect(relay.users.find('ann')?.credits).toBe(335)
  expect((await relay.call('GET', '/v1/relay-calls')).body.calls).toHaveLength(3)
})

test('windows hear of calls and charges again after the relay was started in place', async () => {
  const changed: string[] = []
  const heard = await serveRelay({ given: { backOff: [10] } })
  heard.context.changed = (resource) => void changed.push(resource)
  await new Promise((resolve) => setImmediate(resolve))
  heard.room.upstreamAdmin.create({ name: 'odd', transport: 'stdio', command: process.execPath, args: [odd] }, 'owner')
  const up = () => eventually('it is ready', () => heard.room.upstreamAdmin.list().some(({ state }) => state === 'ready'))
  await up()
  const { sessionUrl } = await heard.session()
  const call = async (): Promise<void> => {
    const client = await connected(sessionUrl)
    await client.callTool({ name: 'echo' })
    await client.close()
  }
  await call()
  // At once, while what it has to tell still waits to be told.
  await heard.room.stop()
  await heard.room.start()
  await up()
  changed.length = 0
  await call()
  await eventually('a window is told of the call', () => changed.includes('relay-calls'))
  await heard.stop()
})

test('an upkeep that the disk refuses keeps the relay neither from starting nor from stopping', async () => {
  const { database } = relay.context
  await relay.room.stop()
  database.exec('ALTER TABLE relay_sessions RENAME TO relay_sessions_away')
  await relay.room.start()
  await relay.room.stop()
  database.exec('ALTER TABLE relay_sessions_away RENAME TO relay_sessions')
  await relay.room.start()
  expect((await relay.call('GET', '/api/sessions')).status).toBe(200)
})

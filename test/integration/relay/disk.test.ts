/** A disk that refuses while servers run: they go on, what a person wants stored is answered with 507, and nothing is half done. */
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { openOfferingServer, tool, type OfferingServer } from '../../fakes/offering-server.ts'
import { processesNaming } from '../../fakes/processes.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'

const odd = join(import.meta.dirname, '..', '..', 'fixtures', 'mcp', 'odd-server.ts')

let relay: ServedRelay
let yard: OfferingServer
const refused: string[] = []
beforeEach(async () => {
  relay = await serveRelay({ given: { backOff: [10, 20] } })
  relay.context.diskRefused = (room, { reason }) => void refused.push(`${room}: ${reason}`)
  refused.length = 0
  yard = await openOfferingServer({ tools: [tool('list'), tool('move')] })
  await new Promise((resolve) => setImmediate(resolve))
})
afterEach(async () => {
  await relay.stop()
  await yard.stop()
})

const disk = (manner: 'refuses' | 'takes') => void relay.context.database.pragma(`query_only = ${manner === 'refuses' ? 'ON' : 'OFF'}`)
const ready = () => eventually('all are ready', () => relay.room.upstreamAdmin.list().every(({ state }) => state === 'ready'))
const add = async (): Promise<string> => {
  const { id } = relay.room.upstreamAdmin.create({ name: 'yard', transport: 'http', url: yard.url }, 'owner')
  await ready()
  return id
}
async function client(sessionUrl: string): Promise<Client> {
  const made = new Client({ name: 'test', version: '1.0.0' })
  await made.connect(new StreamableHTTPClientTransport(new URL(sessionUrl)))
  onTestFinished(() => made.close())
  return made
}
const toolsOf = async (of: Client) => (await of.listTools()).tools.map(({ name }) => name).toSorted()

test('a server whose tools are others while the disk refuses serves them, and what has changed waits for a person, then and later', async () => {
  const id = await add()
  const { sessionUrl } = await relay.session()
  disk('refuses')
  yard.offers.tools = [tool('list'), tool('move', { description: 'Moves, and tells everybody' }), tool('weigh')]
  await relay.room.upstreamAdmin.restart(id, 'owner')
  await ready()
  const during = await client(sessionUrl)
  expect(await toolsOf(during)).toEqual(['list', 'weigh'])
  expect(await during.callTool({ name: 'weigh', arguments: {} })).toMatchObject({ content: [{ text: '{}' }] })
  expect(refused).toContain('relay: the disk is read-only')
  disk('takes')
  await relay.room.stop()
  const kept = relay.context.database.prepare('SELECT name FROM relay_tools WHERE hash <> approved_hash').pluck()
  expect(kept.all()).toEqual(['move'])
  await relay.room.start()
  await ready()
  expect(await toolsOf(await client(sessionUrl))).toEqual(['list', 'weigh'])
})

test('who listens to what servers offer costs none of them its start, and no process is left', async () => {
  relay.room.upstreams.onCatalogue(() => {
    throw new Error('Nobody takes that')
  })
  const marker = `disk-${process.pid}`
  relay.room.upstreamAdmin.create({ name: 'odd', transport: 'stdio', command: process.execPath, args: [odd, marker] }, 'owner')
  await ready()
  expect([processesNaming(marker).length, relay.room.upstreamAdmin.list()[0]?.attempts]).toEqual([1, 0])
  expect(JSON.stringify(relay.context.log.lines)).toContain('what a server offers could not be passed on')
  await relay.room.stop()
  expect(processesNaming(marker)).toHaveLength(0)
})

test('a server whose removal the disk refuses is still there', async () => {
  const id = await add()
  const { sessionUrl } = await relay.session()
  const agent = await client(sessionUrl)
  disk('refuses')
  await expect(relay.room.upstreamAdmin.remove(id, 'owner')).rejects.toThrow('readonly')
  expect(relay.room.upstreamAdmin.list()).toMatchObject([{ id, state: 'ready' }])
  expect(await toolsOf(agent)).toEqual(['list', 'move'])
  disk('takes')
  await relay.room.upstreamAdmin.remove(id, 'owner')
  expect(relay.room.upstreamAdmin.list()).toEqual([])
})

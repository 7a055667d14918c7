/** The tasks of 2025-11-25, of the published server that has them: hidden whole, and the tool that requires one answers as any other. */
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ownerStanding } from '../../../server/http/rights.ts'
import { RawMcpClient } from '../../fakes/raw-mcp-client.ts'
import { serveRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'

const published = join(import.meta.dirname, '../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js')

test('clients see nothing of tasks, and call a tool that requires one plainly', async () => {
  const relay = await serveRelay()
  onTestFinished(() => relay.stop())
  const { id } = relay.room.upstreamAdmin.create(
    { name: 'everything', transport: 'stdio', command: process.execPath, args: [published] },
    'owner',
  )
  await eventually('the server is ready', () => relay.room.upstreams.get(id).state === 'ready')
  const client = new RawMcpClient((await relay.session()).sessionUrl)
  await client.initialize({ tasks: { list: {}, cancel: {} } })
  const [listed] = await (await client.request('tools/list')).rest()
  expect(JSON.stringify(listed)).toContain('simulate-research-query')
  expect(JSON.stringify(listed)).not.toContain('taskSupport')
  const params = { name: 'simulate-research-query', arguments: { topic: 'tides' }, task: { ttl: 60_000 } }
  const [answer] = (await (await client.request('tools/call', params)).rest()).slice(-1)
  expect(answer?.result?.content?.[0]?.text).toContain('Research Report: tides')
  expect(JSON.stringify(answer)).not.toContain('related-task')
  const relaySession = relay.room.sessionAdmin.all(ownerStanding)[0]?.id
  const byPerson = { sessionId: relaySession, tool: 'simulate-research-query', arguments: { topic: 'ebb' } }
  const { body } = await relay.call('POST', '/v1/relay-calls', { body: byPerson })
  expect(body.result.content[0].text).toContain('Research Report: ebb')
  const [unknown] = await (await client.request('tasks/list')).rest()
  expect(unknown?.error?.code).toBe(-32601)
})

/** A server that `npx` has to fetch first, from a registry on loopback: what is seen of it meanwhile, and what can be done about it. */
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openNpmRegistry } from '../../fakes/npm-registry.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'

const source = `#!/usr/bin/env node
const quay = require('quay')
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line)
  if (id === undefined) return
  const initialize = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'harbor', version: '1.0.0' } }
  const result = method === 'initialize' ? initialize : method === 'tools/list' ? { tools: [{ name: quay, inputSchema: { type: 'object' } }] } : null
  const answer = result === null ? { error: { code: -32601, message: 'Method not found' } } : { result }
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, ...answer }) + '\\n')
}).on('close', () => process.exit(0))
`
const packages = [
  { name: 'harbor-mcp', bin: 'harbor-mcp', dependencies: { quay: '^1.0.0' }, source },
  { name: 'quay', source: "module.exports = 'berth'" },
]

function hasNpx(): boolean {
  try {
    return execFileSync('npx', ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] }).length > 0
  } catch {
    return false
  }
}

let relay: ServedRelay
beforeAll(async () => {
  relay = await serveRelay({ given: { backOff: [10] } })
  await new Promise((resolve) => setImmediate(resolve))
})
afterAll(() => relay.stop())

const view = (id: string) => relay.room.upstreamAdmin.list().find((each) => each.id === id) ?? expect.unreachable('there is no such server')
async function addHarbor(name: string) {
  const registry = await openNpmRegistry(packages)
  onTestFinished(() => registry.stop())
  const harbor = { name, transport: 'stdio' as const, command: 'npx', args: ['-y', 'harbor-mcp'], env: registry.env }
  const { id } = relay.room.upstreamAdmin.create(harbor, 'owner')
  onTestFinished(() => relay.room.upstreamAdmin.remove(id, 'owner'))
  return { id, registry }
}

test.skipIf(!hasNpx())('a server that npx has to fetch shows what is fetched, and is ready when that is there', async () => {
  const { id, registry } = await addHarbor('harbor')
  await eventually('two packages are missing', () => view(id).progress?.of === 2)
  expect(view(id)).toMatchObject({
    state: 'starting',
    progress: { phase: 'downloading', unit: 'package', done: 0, of: 2, steps: [{ phase: 'finding' }] },
  })
  expect(relay.context.emitted).toContainEqual(
    expect.objectContaining({ type: 'upstream-installing', subject: 'harbor', data: { by: 'npx' } }),
  )
  registry.release()
  await eventually('it is ready', () => view(id).state === 'ready')
  expect(view(id)).toMatchObject({ tools: 1, attempts: 0, progress: null })
  const log = relay.room.upstreamAdmin.log(id).map(({ text }) => text)
  expect(log).toContainEqual(expect.stringMatching(/^npm http fetch GET 200 .*harbor-mcp\.tgz/))
  expect(log).not.toContainEqual(expect.stringMatching(/^npm (?:silly|verbose)/))
})

test.skipIf(!hasNpx())('an installation that is cancelled ends, says so, and begins again when somebody starts it', async () => {
  const { id, registry } = await addHarbor('quay')
  await eventually('it downloads', () => view(id).progress?.phase === 'downloading')
  const cancelled = await relay.call('POST', `/v1/upstreams/${id}/cancel`)
  expect([cancelled.status, cancelled.body]).toMatchObject([
    200,
    { state: 'disabled', enabled: true, error: 'Its start was cancelled', pid: null, progress: null },
  ])
  expect(relay.context.emitted.at(-1)).toMatchObject({ type: 'upstream-start-cancelled', subject: 'quay', actor: 'owner' })
  expect(await relay.call('POST', `/v1/upstreams/${id}/cancel`)).toMatchObject({ status: 409 })
  registry.release()
  expect((await relay.call('POST', `/v1/upstreams/${id}/restart`)).status).toBe(200)
  await eventually('it is ready', () => view(id).state === 'ready')
  expect(view(id).error).toBeNull()
})

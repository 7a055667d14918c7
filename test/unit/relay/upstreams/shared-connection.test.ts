/** What becomes of a connection that was opened when something of ours that follows fails: it is ended, and so is the next one. */
import { McpServer } from '@modelcontextprotocol/server'
import { expect, test } from 'vitest'
import { defaultOptions } from '../../../../server/relay/contract/upstream-options.ts'
import { createEraMemory } from '../../../../server/relay/upstreams/era.ts'
import { ProcessBudget } from '../../../../server/relay/upstreams/process-budget.ts'
import { createProcessReaper } from '../../../../server/relay/upstreams/process-reaper.ts'
import { linkedTransports } from '../../../../server/relay/upstreams/transports.ts'
import { Upstream } from '../../../../server/relay/upstreams/upstream.ts'
import { testClock } from '../../../fakes/kernel.ts'
import { eventually } from '../../../fixtures/eventually.ts'

/** A server whose catalogue is told of to `onCatalogue`; `ends` is waited for by each connection that is closed. */
function served(onCatalogue: () => void, ends: () => Promise<void> = () => Promise.resolve()) {
  const open = new Set<number>()
  let opened = 0
  const upstream = new Upstream({
    definition: {
      ...{ id: 'yard', name: 'yard', transport: 'built-in', command: null, args: [], cwd: null, url: null, env: {}, headers: {} },
      ...{ enabled: true, options: defaultOptions, createdAt: 0 },
    },
    clock: testClock(),
    reaper: createProcessReaper(),
    eras: createEraMemory({ era: () => undefined, keepEra: () => undefined }, 'yard'),
    backOff: [1, 1],
    builtIn: async () => {
      const own = (opened += 1)
      const [here, there] = linkedTransports()
      const server = new McpServer({ name: 'yard', version: '1.0.0' })
      server.registerTool('echo', {}, () => ({ content: [{ type: 'text', text: 'here' }] }))
      await server.connect(there)
      open.add(own)
      const close = here.close.bind(here)
      here.close = async () => {
        await ends()
        await close()
        open.delete(own)
      }
      return here
    },
    onState: () => undefined,
    onCatalogue,
    budget: new ProcessBudget(() => 10),
    onOwnTools: () => undefined,
    onOwn: () => undefined,
    onNotification: () => undefined,
    onProgress: () => undefined,
    onIllegalTransition: (_, state, event) => expect.unreachable(`${event} while ${state}`),
  })
  return { upstream, open, opened: () => opened }
}

test('what was opened for a start that failed afterwards is ended before the next try, and a stop leaves nothing', async () => {
  let [failures, most] = [0, 0]
  const { upstream, open, opened } = served(() => {
    most = Math.max(most, open.size)
    failures += 1
    if (failures < 3) throw new Error('Nobody takes that')
  })
  upstream.start()
  await eventually('it is ready', () => upstream.state === 'ready')
  expect([opened(), open.size, most]).toEqual([3, 1, 1])
  await upstream.stop()
  expect(open.size).toBe(0)
})

test('a server that cannot be taken in at all is given up with nothing left open', async () => {
  const { upstream, open, opened } = served(() => {
    throw new Error('Nobody takes that')
  })
  upstream.start()
  await eventually('it is given up', () => upstream.state === 'failed')
  await eventually('the last one has ended', () => open.size === 0)
  expect([opened(), upstream.pid, upstream.error]).toEqual([3, null, 'Nobody takes that. Stopped after 3 tries'])
  await expect(upstream.request({ method: 'tools/call', params: { name: 'echo' } })).rejects.toThrow('Nobody takes that')
})

test('a stop waits for what is still ending', async () => {
  const end = Promise.withResolvers<void>()
  const { upstream, open } = served(
    () => {
      throw new Error('Nobody takes that')
    },
    () => end.promise,
  )
  upstream.start()
  await eventually('it is tried again', () => upstream.attempts === 1)
  let stopped = false
  const stopping = upstream.stop().then(() => (stopped = true))
  await new Promise((resolve) => setImmediate(resolve))
  expect([stopped, open.size]).toEqual([false, 1])
  end.resolve()
  await stopping
  expect(open.size).toBe(0)
})

/** How long a server may take to be found out about: real processes, by a clock that the test sets. */
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { defaultOptions } from '../../../server/relay/contract/upstream-options.ts'
import { UpstreamConnection } from '../../../server/relay/upstreams/connection.ts'
import { createProcessReaper } from '../../../server/relay/upstreams/process-reaper.ts'

const odd = join(import.meta.dirname, '..', '..', 'fixtures', 'mcp', 'odd-server.ts')

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** Opens a connection to the odd server in a mode of its; `said` resolves with the first line it writes to its log. */
function open(mode: string): { opening: Promise<UpstreamConnection>; said: Promise<string> } {
  const { promise: said, resolve: onLog } = Promise.withResolvers<string>()
  const reaper = createProcessReaper()
  const own = { id: 'up_odd', name: 'odd', transport: 'stdio' as const, command: process.execPath, args: [odd, mode] }
  const opening = UpstreamConnection.open({
    definition: { ...own, cwd: null, url: null, env: {}, headers: {}, enabled: true, options: defaultOptions, createdAt: 0 },
    capabilities: {},
    reaper,
    signal: new AbortController().signal,
    redacted: (text) => text,
    onLog,
    onNotification: () => undefined,
    onRequest: async () => ({}),
  })
  onTestFinished(async () => {
    await opening.then((connection) => connection.close()).catch(() => undefined)
    reaper.stop()
  })
  return { opening, said }
}

test('a server whose program takes long to load is waited for', async () => {
  const { opening, said } = open('late')
  const pid = /^loading (\d+)$/.exec(await said)?.[1]
  vi.advanceTimersByTime(25_000)
  process.kill(Number(pid), 'SIGUSR2')
  expect((await opening).protocol).toBe('2025-06-18')
})

test('a server that is silent about what it does not know is spoken to as an old one', async () => {
  const { opening, said } = open('silent')
  expect(await said).toBe('server/discover?')
  vi.advanceTimersByTime(30_000)
  expect(await opening).toMatchObject({ era: 'legacy', protocol: '2025-06-18' })
})

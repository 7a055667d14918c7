/** How long a server may take to be found out about: real processes, by a clock that the test sets. */
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { defaultOptions } from '../../../server/relay/contract/upstream-options.ts'
import { isAlive } from '../../fakes/processes.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { UpstreamConnection } from '../../../server/relay/upstreams/connection.ts'
import { askPatience } from '../../../server/relay/upstreams/greeting.ts'
import { createEraMemory, type Era } from '../../../server/relay/upstreams/era.ts'
import { createProcessReaper } from '../../../server/relay/upstreams/process-reaper.ts'

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures', 'mcp')
const odd = join(fixtures, 'odd-server.ts')
const starts = join(fixtures, 'odd-starts.ts')

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** Opens a connection to an odd server in one of its manners, its log line by line. */
function open(script: string, manner: string, options: Partial<typeof defaultOptions> = {}) {
  const log: string[] = []
  const reaper = createProcessReaper()
  const own = { id: 'up_odd', name: 'odd', transport: 'stdio' as const, command: process.execPath, args: [script, manner] }
  let kept: Era | undefined
  const opening = UpstreamConnection.open({
    definition: {
      ...{ ...own, cwd: null, url: null, env: {}, headers: {}, enabled: true, createdAt: 0 },
      options: { ...defaultOptions, ...options },
    },
    capabilities: {},
    eras: createEraMemory({ era: () => undefined, keepEra: (_, era) => void (kept = era) }, own.id),
    reaper,
    signal: new AbortController().signal,
    redacted: (text) => text,
    onLog: (line) => void log.push(line),
    onNotification: () => undefined,
    onRequest: async () => ({}),
  })
  opening.catch(() => undefined)
  onTestFinished(async () => {
    await opening.then((connection) => connection.close()).catch(() => undefined)
    reaper.stop()
  })
  /** The process that has said it is loading, by its place. */
  const loading = (nth: number) =>
    eventually(`start ${nth} is loading`, () => log.flatMap((line) => /^loading (\d+)$/.exec(line)?.[1] ?? [])[nth - 1])
  return { opening, log, loading, kept: () => kept }
}

test('a server whose program takes forty seconds to load is waited for', async () => {
  const { opening, loading, kept } = open(odd, 'late')
  const pid = Number(await loading(1))
  await vi.advanceTimersByTimeAsync(40_000)
  process.kill(pid, 'SIGUSR2')
  expect((await opening).protocol).toBe('2025-06-18')
  expect(kept()).toBe('legacy')
})

test('a server that takes forty seconds and then ends when it was asked first is started once more, and greeted', async () => {
  const { opening, loading } = open(starts, 'late-exits')
  const first = Number(await loading(1))
  await vi.advanceTimersByTimeAsync(40_000)
  process.kill(first, 'SIGUSR2')
  process.kill(Number(await loading(2)), 'SIGUSR2')
  expect((await opening).era).toBe('legacy')
})

test('a server of the newest revision that takes forty seconds is spoken to in that revision', async () => {
  const { opening, loading, kept } = open(starts, 'late-modern')
  const first = Number(await loading(1))
  await vi.advanceTimersByTimeAsync(40_000)
  process.kill(first, 'SIGUSR2')
  process.kill(Number(await loading(2)), 'SIGUSR2')
  expect(await opening).toMatchObject({ era: 'modern', protocol: '2026-07-28' })
  expect(kept()).toBe('modern')
})

test('a server that is silent about what it does not know is greeted as an old one after seconds', async () => {
  const { opening, log } = open(odd, 'silent')
  await eventually('it was asked', () => log.includes('server/discover?'))
  await vi.advanceTimersByTimeAsync(askPatience)
  expect(await opening).toMatchObject({ era: 'legacy', protocol: '2025-06-18' })
})

test('a server that never answers is given up, and ended, when its own start time-out is over', async () => {
  const { opening, loading, kept } = open(odd, 'late', { startTimeout: 60 })
  const pid = Number(await loading(1))
  await vi.advanceTimersByTimeAsync(59_000)
  expect(isAlive(pid)).toBe(true)
  await vi.advanceTimersByTimeAsync(1_000)
  await eventually('its process has ended', async () => {
    // It wants a signal, for which it is given a moment.
    await vi.advanceTimersByTimeAsync(1_000)
    return !isAlive(pid)
  })
  await expect(opening).rejects.toThrow('It does not answer, 60 s after it was started')
  expect(kept()).toBeUndefined()
})

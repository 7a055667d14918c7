/** What the server costs while nobody uses it. */
import { readFileSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { newDataDir, startServer, type ServerProcess } from '../fakes/server-process.ts'

let server: ServerProcess | undefined
afterEach(() => server?.dispose())

/** In MB. */
function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024
}

it.runIf(process.platform === 'linux')('the built server takes less than 90 MB with all its rooms open', async () => {
  const dataDir = newDataDir()
  // The first start after a build also compiles; every later one finds that done.
  const first = await startServer({ built: true, dataDir })
  await first.end()
  server = await startServer({ built: true, dataDir })
  expect(Object.keys(server.ready.apis)).toHaveLength(5)
  expect(memoryOf(server.ready.pid)).toBeLessThan(90)
  expect(await server.end()).toBe(0)
})

/** The parts of the start and test scripts that start programs, listen or wait. */
import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isReachable } from '../../../scripts/lib/electron.mjs'
import { withLock, workOnce } from '../../../scripts/lib/lock.mjs'
import { run, runQuietly } from '../../../scripts/lib/run.mjs'
import { childrenOf, isAlive } from '../../fakes/processes.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { reservedPort } from '../../fixtures/ports.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wheelhouse-scripts-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the lock of a build', () => {
  it('lets one in at a time, and the next when it is done or has failed', async () => {
    const file = join(folder, 'out/.building')
    const order: string[] = []
    const first = Promise.withResolvers<void>()
    const one = withLock(file, async () => {
      order.push('one in')
      await first.promise
      order.push('one out')
      throw new Error('failed')
    })
    const two = withLock(file, async () => order.push('two in'))
    first.resolve()
    await expect(one).rejects.toThrow('failed')
    await two
    expect(order).toEqual(['one in', 'one out', 'two in'])
    expect(existsSync(file)).toBe(false)
  })

  it('has the work done once, by whoever comes first, for all who come meanwhile', async () => {
    const file = join(folder, 'out/.installing')
    let done = false
    let times = 0
    const come = () =>
      workOnce(
        file,
        () => done,
        async () => {
          times += 1
          await new Promise((resolve) => setImmediate(resolve))
          done = true
        },
      )
    await Promise.all([come(), come(), come()])
    await come()
    expect([times, existsSync(file)]).toEqual([1, false])
  })

  it('is taken over from a process that is gone by one of many who see that', async () => {
    const file = join(folder, '.building')
    const gone = spawnSync(process.execPath, ['-e', ''])
    writeFileSync(file, String(gone.pid))
    let inside = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 8 }, () =>
        withLock(file, async () => {
          inside += 1
          most = Math.max(most, inside)
          await new Promise((resolve) => setImmediate(resolve))
          inside -= 1
        }),
      ),
    )
    expect([most, readdirSync(folder)]).toEqual([1, []])
  })

  it('does not wait for a process that is gone', async () => {
    const file = join(folder, '.building')
    const gone = spawnSync(process.execPath, ['-e', ''])
    writeFileSync(file, String(gone.pid))
    expect(await withLock(file, async () => 'done')).toBe('done')
  })
})

describe('busy loops', () => {
  it('keeps cores busy, and they are free again when it ends or its script is killed', async () => {
    const starter = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { startBusyLoops } from ${JSON.stringify(new URL('../../../scripts/lib/busy-loops.mjs', import.meta.url).href)}
      startBusyLoops(process.execPath, 2)
      setInterval(() => {}, 1_000)`,
      ],
      { stdio: 'ignore' },
    )
    const loops = await eventually('both run', () => {
      const children = childrenOf(starter.pid ?? 0)
      return children.length === 2 ? children : null
    })
    starter.kill('SIGKILL')
    await eventually('both have ended', () => loops.every((pid) => !isAlive(pid)))
  })
})

describe('Electron', () => {
  it('is not waited for when nobody answers', async () => {
    const server = createServer()
    const port = await reservedPort()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    expect(await isReachable(new URL(`http://127.0.0.1:${port}/`), {})).toBe(true)
    await new Promise((resolve) => server.close(resolve))
    expect(await isReachable(new URL(`http://127.0.0.1:${port}/`), {})).toBe(false)
  })
})

describe('running programs', () => {
  it('gives the exit code', async () => {
    expect(await run(process.execPath, ['-e', 'process.exit(7)'])).toBe(7)
  })

  it('gives 128 and the number of the signal that ended it, as a shell does', async () => {
    expect(await run(process.execPath, ['-e', "process.kill(process.pid, 'SIGKILL')"])).toBe(137)
  })

  it('ends what takes longer than it may', async () => {
    expect(await run(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { limit: 200 })).toBe(137)
  })

  it('keeps what both streams say', async () => {
    expect(await runQuietly(process.execPath, ['-e', "console.log('out'); console.error('err')"])).toEqual({
      code: 0,
      output: expect.stringMatching(/^(out\nerr|err\nout)\n$/),
    })
  })

  it('leaves no listener behind', async () => {
    const before = process.listenerCount('SIGTERM')
    await run(process.execPath, ['-e', ''])
    expect(process.listenerCount('SIGTERM')).toBe(before)
  })
})

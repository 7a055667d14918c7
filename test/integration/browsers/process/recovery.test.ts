import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createBrowsersRoom } from '../../../../server/browsers/index.ts'
import { sessionText } from '../../../../server/words.ts'
import { processFacts } from '../../../../server/browsers/process/process-facts.ts'
import { reapLeftovers } from '../../../../server/browsers/process/reaper.ts'
import { createProcessRegistry } from '../../../../server/browsers/process/process-registry-store.ts'
import { createRoomContext } from '../../../fakes/room-context.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { startPortal } from '../../../fixtures/portal/portal.ts'

let dataDir = ''
let profilesDir = ''

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-recovery-'))
  profilesDir = join(dataDir, 'browsers', 'profiles')
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 }))

describe('after a server was killed', () => {
  it('no browser is left at once, and no directory after the next start', async () => {
    const portal = await startPortal({ captcha: 'none' })
    onTestFinished(() => portal.stop())
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('../../../fixtures/browsers-child.ts', import.meta.url)), dataDir, `${portal.url}/notice`, '2'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    onTestFinished(() => void child.kill('SIGKILL'))
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const pids = JSON.parse(line) as number[]
    expect(pids).toHaveLength(2)
    expect(pids.every(isRunning)).toBe(true)
    expect(readdirSync(profilesDir)).toHaveLength(2)

    const temporary = readdirSync(profilesDir).map((name) => readlinkSync(join(profilesDir, name, 'temporary-files')))
    expect(temporary.every((folder) => existsSync(folder))).toBe(true)

    child.kill('SIGKILL')
    await once(child, 'exit')
    await eventually('the browsers have died with their server', () => !pids.some(isRunning))
    await eventually('so have their children', () => !commandLines().some((line) => line.includes(dataDir)))
    expect(readdirSync(profilesDir)).toHaveLength(2)

    const context = createRoomContext({ dataDir })
    const room = createBrowsersRoom(context, { textOf: sessionText })
    await room.start()
    await eventually('the directories are gone', () => readdirSync(profilesDir).length === 0)
    await eventually('so are the rows', () => createProcessRegistry(context.database).all().length === 0)
    expect(temporary.filter((folder) => existsSync(folder))).toEqual([])
    await room.stop()
    context.dispose()
  })

  it('a browser that outlived it is killed only when its id, start and profile prove that it is ours', async () => {
    const context = createRoomContext({ dataDir })
    onTestFinished(() => context.dispose())
    const registry = createProcessRegistry(context.database)
    const gone = 2 ** 22 - 1
    const note = async (name: string, child: ChildProcess, startedAt?: string) => {
      const pid = child.pid ?? 0
      registry.add(name, join(profilesDir, name), gone, 0)
      registry.started(name, pid, startedAt ?? (await processFacts(pid))?.startedAt ?? null)
    }
    const [ours, reused, stranger, unknown] = ['ours', 'reused', 'stranger', 'unknown'].map((name) => {
      mkdirSync(join(profilesDir, name), { recursive: true })
      return standIn(name === 'stranger' ? '/somewhere/else' : join(profilesDir, name))
    }) as [ChildProcess, ChildProcess, ChildProcess, ChildProcess]
    await note('ours', ours)
    // The id belongs to another process by now.
    await note('reused', reused, 'another boot/1')
    // The id belongs to a browser with another profile.
    await note('stranger', stranger)
    // A row that points outside our directory, as after the data directory was copied.
    const outside = join(dataDir, 'not-ours')
    mkdirSync(outside)
    registry.add('outside', outside, gone, 0)

    const ended = once(ours, 'exit')
    const result = await reapLeftovers({ registry, profilesDir, inUse: () => false, log: context.log })
    expect(await ended).toEqual([null, 'SIGKILL'])
    expect(result).toEqual({ killed: 1, directories: 4 })
    for (const other of [reused, stranger, unknown]) expect(other.exitCode ?? other.signalCode).toBeNull()
    expect(registry.all()).toEqual([])
    expect(readdirSync(profilesDir)).toEqual([])
    expect(existsSync(outside)).toBe(true)
  })

  it('a browser whose own server still runs is left alone, with its directory', async () => {
    const context = createRoomContext({ dataDir })
    onTestFinished(() => context.dispose())
    const profileDir = join(profilesDir, 'theirs')
    mkdirSync(profileDir, { recursive: true })
    const script = `const {spawn} = require('node:child_process'); console.log(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '--', '--user-data-dir=${profileDir}'], {detached: true}).pid); setInterval(() => {}, 1000)`
    const server = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string]
    const pid = Number(line)
    onTestFinished(() => {
      server.kill('SIGKILL')
      process.kill(pid, 'SIGKILL')
    })
    const registry = createProcessRegistry(context.database)
    registry.add('theirs', profileDir, server.pid ?? 0, 0)
    registry.started('theirs', pid, (await processFacts(pid))?.startedAt ?? null)
    expect(await reapLeftovers({ registry, profilesDir, inUse: () => false, log: context.log })).toEqual({ killed: 0, directories: 0 })
    expect(isRunning(pid)).toBe(true)
    expect(existsSync(profileDir)).toBe(true)
    expect(registry.all()).toHaveLength(1)
  })
})

/** A process with the command line of a browser. */
function standIn(profileDir: string): ChildProcess {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '--', `--user-data-dir=${profileDir}`], {
    stdio: 'ignore',
    detached: true,
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A zombie is gone; only its parent has not noticed yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      } catch {
        return ''
      }
    })
    .filter((line) => line.includes('--type=') || line.includes('--user-data-dir='))
}

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { OptionError } from '../../../server/config/options.ts'
import {
  lockDataDir,
  readRuntimeFile,
  removeRuntimeFile,
  runtimeFileName,
  writeRuntimeFile,
  type Runtime,
} from '../../../server/config/runtime-file.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'

const runtime: Runtime = {
  version: '0.1.0',
  pid: process.pid,
  control: { url: 'http://127.0.0.1:7700', token: 'who_secret' },
  apis: { browsers: { url: 'http://127.0.0.1:5010', state: 'listening' } },
}

/** Another process that takes the lock of `folder`. */
async function lockingProcess(folder: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./locking-process.ts', import.meta.url)), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(child.stdout, 'data')
  expect(String(line)).toBe('locked\n')
  return child
}

function refusal(folder: string): string {
  try {
    lockDataDir(folder)
  } catch (error) {
    if (error instanceof OptionError) return error.message
    throw error
  }
  throw new Error('it was not refused')
}

describe('runtime.json', () => {
  test('is whole, readable by the owner alone, and gone after the stop', () => {
    const folder = temporaryFolder()
    writeRuntimeFile(folder, runtime)
    writeRuntimeFile(folder, runtime)
    expect(readdirSync(folder)).toEqual([runtimeFileName])
    expect(statSync(join(folder, runtimeFileName)).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(join(folder, runtimeFileName), 'utf8'))).toEqual(runtime)
    expect(readRuntimeFile(folder)).toEqual(runtime)
    removeRuntimeFile(folder)
    removeRuntimeFile(folder)
    expect(readdirSync(folder)).toEqual([])
  })

  test('of a server that was killed is not believed', async () => {
    const folder = temporaryFolder()
    const child = spawn(process.execPath, ['-e', ''])
    await once(child, 'exit')
    writeRuntimeFile(folder, { ...runtime, pid: child.pid ?? 0 })
    expect(readRuntimeFile(folder)).toBeNull()
    removeRuntimeFile(folder)
    expect(existsSync(join(folder, runtimeFileName))).toBe(false)
  })

  test('of another living server is left alone', () => {
    const folder = temporaryFolder()
    writeRuntimeFile(folder, { ...runtime, pid: process.ppid })
    removeRuntimeFile(folder)
    expect(readRuntimeFile(folder)?.pid).toBe(process.ppid)
  })

  test.each(['', '{', '{}', 'null'])('that is none (%j) is no server', (content) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, runtimeFileName), content)
    expect(readRuntimeFile(folder)).toBeNull()
  })
})

describe('the data directory', () => {
  test('belongs to one server; the second is told which process has it', async () => {
    const folder = temporaryFolder()
    const child = await lockingProcess(folder)
    expect(refusal(folder)).toBe(
      `another Wheelhouse (pid ${child.pid}) is already running on ${folder}: stop it, or give another folder with --data-dir or WHEELHOUSE_DATA_DIR`,
    )
  })

  test('is free at once after kill -9, though another process has the old pid', async () => {
    const folder = temporaryFolder()
    const child = await lockingProcess(folder)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(readFileSync(join(folder, 'server.pid'), 'utf8')).toBe(`${child.pid}\n`)
    writeFileSync(join(folder, 'server.pid'), `${process.ppid}\n`)

    const lock = lockDataDir(folder)
    expect(readFileSync(join(folder, 'server.pid'), 'utf8')).toBe(`${process.pid}\n`)
    lock.release()
  })

  test('is refused to a second server of the same process, and free after the release', () => {
    const folder = join(temporaryFolder(), 'new')
    const lock = lockDataDir(folder)
    expect(refusal(folder)).toContain(`pid ${process.pid}`)
    lock.release()
    lock.release()
    expect(existsSync(join(folder, 'server.pid'))).toBe(false)
    lockDataDir(folder).release()
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  test('that cannot be made is one clear line', () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    expect(refusal(file)).toMatch(
      /cannot be used as data directory \(EEXIST\): give a folder that can be written with --data-dir or WHEELHOUSE_DATA_DIR$/,
    )
    expect(refusal(join(file, 'below'))).toContain('(ENOTDIR)')
  })
})

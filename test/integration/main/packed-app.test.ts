/** What an installer would carry: electron-builder packs the app around a stand-in for Electron's own files, and the packed app is run. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildShell, startBuiltShell } from '../../fakes/built-shell.ts'

const root = join(import.meta.dirname, '../../..')
// It comes with electron-builder and has no types of its own that this project could see.
const asar = createRequire(import.meta.url)('@electron/asar') as {
  listPackage(archive: string, options: { isPack: boolean }): string[]
  extractAll(archive: string, to: string): void
}
let folder: string
let archive: string

beforeAll(async () => {
  await buildShell()
  folder = mkdtempSync(join(tmpdir(), 'wheelhouse-packed-'))
  archive = await pack()
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Packs as for an installer, without what needs Electron's real program: the fuses, which are set in that. */
async function pack(): Promise<string> {
  const electron = join(folder, 'electron')
  mkdirSync(join(electron, 'resources'), { recursive: true })
  for (const file of ['electron', 'LICENSE', 'LICENSES.chromium.html']) writeFileSync(join(electron, file), '')
  chmodSync(join(electron, 'electron'), 0o755)
  const configuration = join(folder, 'electron-builder.yml')
  writeFileSync(configuration, readFileSync(join(root, 'electron-builder.yml'), 'utf8').replace(/^electronFuses:\n(?: .*\n)*/m, ''))
  const args = [
    '--linux',
    'dir',
    '--publish',
    'never',
    '--config',
    configuration,
    `-c.electronDist=${electron}`,
    `-c.directories.output=${join(folder, 'dist')}`,
  ]
  const child = spawn(process.execPath, [join(root, 'node_modules/electron-builder/cli.js'), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(output)
  return join(folder, 'dist', process.arch === 'arm64' ? 'linux-arm64-unpacked' : 'linux-unpacked', 'resources/app.asar')
}

test('the build, its pictures and the one native package are packed, and nothing else of the working tree', () => {
  const files = asar.listPackage(archive, { isPack: false }).map((path) => path.replaceAll('\\', '/').slice(1))
  const top = new Set(files.map((path) => path.split('/')[0]))
  expect([...top].toSorted()).toEqual(['node_modules', 'out', 'package.json', 'resources'])
  expect(files.filter((path) => /^node_modules\/[^/]+$/.test(path))).toEqual(['node_modules/better-sqlite3'])
  expect(files.filter((path) => path.endsWith('.map'))).toEqual([])
  expect(files.filter((path) => /better-sqlite3\/(deps|src|build)\b/.test(path))).toEqual([])
  expect(files.filter((path) => path.endsWith('.node')).every((path) => path.includes(`/prebuilds/${process.platform}`))).toBe(true)
  expect(files).toEqual(
    expect.arrayContaining([
      'out/main/index.js',
      'out/main/cli.js',
      'out/preload/index.cjs',
      'out/renderer/index.html',
      'resources/icons/512x512.png',
      'resources/tray/fine-light.png',
      `node_modules/better-sqlite3/prebuilds/${process.platform}-${process.arch}.node`,
    ]),
  )
})

test('it runs from what is packed alone', async () => {
  const app = join(folder, 'app')
  asar.extractAll(archive, app)
  const shell = startBuiltShell(['--smoke-test'], {}, app)
  try {
    expect([await shell.exited, shell.stderr()]).toEqual([0, ''])
    expect(shell.stdout()).toMatch(/^wheelhouse smoke ok /)
  } finally {
    await shell.dispose()
  }
})

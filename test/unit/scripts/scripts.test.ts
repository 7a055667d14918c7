/** The parts of the start and test scripts that decide something. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { downloadAddress, parseMissing } from '../../../scripts/lib/electron.mjs'
import { controlAddress, dataDirFlag } from '../../../scripts/lib/headless.mjs'
import { findOnPath, hasDisplay, isDebian } from '../../../scripts/lib/machine.mjs'
import { watchParent } from '../../../scripts/lib/parent.mjs'
import { allowedScripts, isAtLeast, unbuildable, whatDiffers } from '../../../scripts/lib/set-up.mjs'
import { fingerprint, readStamp, removeStamp, writeStamp } from '../../../scripts/lib/stamp.mjs'
import { narrowToFiles, planTests, systemPackages } from '../../../scripts/lib/test-plan.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wheelhouse-scripts-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('set-up', () => {
  const lock = {
    packages: { '': {}, 'node_modules/koa': { version: '3.3.0' }, 'node_modules/fsevents': { version: '2.0.0', optional: true } },
  }

  it('finds nothing to install when every package has the version of the lock file', () => {
    expect(whatDiffers(lock, { packages: { 'node_modules/koa': { version: '3.3.0' } } })).toBeNull()
  })

  it('names the first package that is missing or of another version', () => {
    expect(whatDiffers(lock, { packages: {} })).toBe('node_modules/koa')
    expect(whatDiffers(lock, { packages: { 'node_modules/koa': { version: '3.2.0' } } })).toBe('node_modules/koa')
  })

  it('takes an install that was interrupted for none', () => {
    expect(whatDiffers(lock, null)).toBe('node_modules')
  })

  it('runs install scripts of the packages that are allowed to, and of no other', () => {
    expect(allowedScripts({ allowScripts: { node: true, 'better-sqlite3': false, '@scarf/scarf': false } })).toEqual(['node'])
  })

  it('has decided on every package that brings an install script', () => {
    const read = (name: string) => JSON.parse(readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8'))
    const packages: Record<string, { hasInstallScript?: boolean }> = read('package-lock.json').packages
    const names = Object.entries(packages).flatMap(([path, { hasInstallScript }]) =>
      hasInstallScript ? [path.replace(/^.*node_modules\//, '')] : [],
    )
    expect(names.length).toBeGreaterThan(0)
    expect(Object.keys(read('package.json').allowScripts)).toEqual(expect.arrayContaining(names))
  })

  it('refuses a folder that the build tools misread, and no other', () => {
    for (const name of ["/home/ann/ann's work", '/home/ann/größe 100%', '/home/ann/a & b [c] $d; (e)'])
      expect(unbuildable(name), name).toBeNull()
    expect(unbuildable('/home/ann/c#/wheelhouse')).toBe('#')
  })

  it('compares versions by number', () => {
    expect(isAtLeast('20.19.0', [20, 19])).toBe(true)
    expect(isAtLeast('22.1.0', [20, 19])).toBe(true)
    expect(isAtLeast('20.9.0', [20, 19])).toBe(false)
    expect(isAtLeast('18.20.1', [20, 19])).toBe(false)
  })
})

describe('the stamp of a build', () => {
  beforeEach(() => {
    mkdirSync(join(folder, 'server/http'), { recursive: true })
    writeFileSync(join(folder, 'server/http/app.ts'), 'one')
    writeFileSync(join(folder, 'server/index.ts'), 'two')
  })
  const stamp = () => fingerprint(folder, ['server', 'absent.json'])

  it('stays when only dates change, as they do with every checkout', () => {
    const before = stamp()
    utimesSync(join(folder, 'server/index.ts'), new Date(0), new Date(0))
    expect(stamp()).toBe(before)
  })

  it('changes with a content, a name, or a file more', () => {
    const seen = new Set([stamp()])
    writeFileSync(join(folder, 'server/index.ts'), 'three')
    seen.add(stamp())
    writeFileSync(join(folder, 'server/new.ts'), '')
    seen.add(stamp())
    rmSync(join(folder, 'server/new.ts'))
    writeFileSync(join(folder, 'server/newer.ts'), '')
    seen.add(stamp())
    expect(seen.size).toBe(4)
  })

  it('does not see what the build itself writes', () => {
    const before = stamp()
    mkdirSync(join(folder, 'server/node_modules'))
    writeFileSync(join(folder, 'server/node_modules/x.ts'), '')
    writeFileSync(join(folder, 'server/components.d.ts'), '')
    expect(stamp()).toBe(before)
  })

  it('is read back as written, and absent before', () => {
    const file = join(folder, 'out/.built')
    expect(readStamp(file)).toBeNull()
    writeStamp(file, 'abc')
    expect(readStamp(file)).toBe('abc')
    removeStamp(file)
    expect(readStamp(file)).toBeNull()
  })
})

describe('a run of the tests', () => {
  it('is everything when nothing is named', () => {
    expect(planTests([])).toEqual({
      checks: ['format', 'lint', 'types'],
      projects: ['unit', 'renderer', 'integration', 'e2e'],
      filters: [],
      underLoad: 0,
    })
  })

  it('is the named stages only', () => {
    expect(planTests(['unit', 'lint'])).toEqual({ checks: ['lint'], projects: ['unit'], filters: [], underLoad: 0 })
    expect(planTests(['types'])).toEqual({ checks: ['types'], projects: [], filters: [], underLoad: 0 })
  })

  it('narrows all kinds of tests down by part of a path, and leaves the checks out', () => {
    expect(planTests(['http/guards'])).toEqual({
      checks: [],
      projects: ['unit', 'renderer', 'integration', 'e2e'],
      filters: ['http/guards'],
      underLoad: 0,
    })
    expect(planTests(['integration', 'browsers'])).toEqual({ checks: [], projects: ['integration'], filters: ['browsers'], underLoad: 0 })
  })
})

describe('a run of some files', () => {
  const files = [
    'test/unit/http/guards.test.ts',
    'test/unit/relay/view.test.ts',
    'test/integration/http/app.test.ts',
    'test/fakes/http-server.ts',
  ]

  it('is of the kinds that have one, and builds nothing for those that do not read the build', () => {
    expect(narrowToFiles(planTests(['http/guards']), files)).toMatchObject({ projects: ['unit'], needsBuild: false })
    expect(narrowToFiles(planTests(['http']), files)).toMatchObject({ projects: ['unit', 'integration'], needsBuild: true })
    expect(narrowToFiles(planTests(['http/guards', 'types']), files)).toMatchObject({
      checks: ['types'],
      projects: ['unit'],
      needsBuild: true,
    })
  })

  it('is of none when no path has the word, and of all when there is no word', () => {
    expect(narrowToFiles(planTests(['nowhere']), files)).toMatchObject({ checks: [], projects: [] })
    expect(narrowToFiles(planTests([]), files)).toMatchObject({ ...planTests([]), needsBuild: true })
  })
})

describe('what the tests run', () => {
  it('is Node, npm, what every system has, or installed for them', () => {
    const everywhere = ['npm', 'npx', 'tar', 'sh', 'unshare', 'nohup']
    const known = new Set([...everywhere, ...systemPackages.map(({ program }) => program)])
    const tests = fileURLToPath(new URL('../../', import.meta.url))
    const files = readdirSync(tests, { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.ts') && !file.startsWith('bench'),
    )
    const started = files.flatMap((file) =>
      [
        ...readFileSync(join(tests, file), 'utf8').matchAll(
          /(?<![.\w])(?:spawn|spawnSync|execFile|execFileSync|promisify\(execFile\)|run|serve)\(\[?'([\w-]+)'/g,
        ),
      ].map(([, program = '']) => program),
    )
    expect(started).toEqual(expect.arrayContaining(['redis-server', 'curl', 'python3']))
    expect(started.filter((program) => !known.has(program))).toEqual([])
  })
})

describe('a run under load', () => {
  it('is everything three times, or as often as is said, and goes with all other words', () => {
    expect(planTests(['under-load'])).toEqual({ ...planTests([]), underLoad: 3 })
    expect(planTests(['under-load=5', 'e2e'])).toEqual({ ...planTests(['e2e']), underLoad: 5 })
  })
})

describe('the machine', () => {
  it('has a display on Linux only when one is named', () => {
    expect(hasDisplay('linux', {})).toBe(false)
    expect(hasDisplay('linux', { DISPLAY: '' })).toBe(false)
    expect(hasDisplay('linux', { DISPLAY: ':0' })).toBe(true)
    expect(hasDisplay('linux', { WAYLAND_DISPLAY: 'wayland-0' })).toBe(true)
    expect(hasDisplay('win32', {})).toBe(true)
    expect(hasDisplay('darwin', {})).toBe(true)
  })

  it('tells Debian from Ubuntu, whose Chromium is a snap', () => {
    expect(isDebian('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n')).toBe(true)
    expect(isDebian('ID=raspbian\nID_LIKE=debian\n')).toBe(true)
    expect(isDebian('ID=ubuntu\nID_LIKE=debian\n')).toBe(false)
    expect(isDebian('ID=linuxmint\nID_LIKE="ubuntu debian"\n')).toBe(false)
    expect(isDebian('')).toBe(false)
  })

  it('finds a program by the folders of the PATH', () => {
    writeFileSync(join(folder, 'chromium'), '')
    expect(findOnPath('chromium', `/nowhere:${folder}`)).toBe(join(folder, 'chromium'))
    expect(findOnPath('chromium', '/nowhere')).toBeNull()
    expect(findOnPath('chromium', '')).toBeNull()
  })
})

describe('Electron', () => {
  it('is fetched from the mirror that is named, and from its home otherwise', () => {
    expect(downloadAddress({}).hostname).toBe('github.com')
    expect(downloadAddress({ ELECTRON_MIRROR: 'http://127.0.0.1:8100/electron/' }).host).toBe('127.0.0.1:8100')
    expect(downloadAddress({ npm_config_electron_mirror: 'https://mirror.test/' }).hostname).toBe('mirror.test')
    expect(downloadAddress({ ELECTRON_MIRROR: 'not an address' }).hostname).toBe('github.com')
  })

  it('names the libraries that the system lacks', () => {
    const output =
      '\tlinux-vdso.so.1 (0x00007ffd)\n\tlibnss3.so => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x00007f)\n\tlibgtk-3.so.0 => not found\n'
    expect(parseMissing(output)).toEqual(['libnss3.so', 'libgtk-3.so.0'])
    expect(parseMissing('\tlibc.so.6 => /lib/libc.so.6 (0x00007f)\n')).toEqual([])
  })
})

describe('the headless start', () => {
  it('reads the address from the ready line and from no other', () => {
    expect(controlAddress('wheelhouse ready {"control":{"url":"http://127.0.0.1:7700"}}')).toBe('http://127.0.0.1:7700')
    expect(controlAddress('wheelhouse ready')).toBeNull()
    expect(controlAddress('wheelhouse ready {broken')).toBeNull()
    expect(controlAddress('{"level":30}')).toBeNull()
  })

  it('asks the same server for its sign-in link', () => {
    expect(dataDirFlag(['--host', '127.0.0.1', '--data-dir', '/somewhere', '--control-port', '0'])).toEqual(['--data-dir', '/somewhere'])
    expect(dataDirFlag(['--data-dir=/somewhere'])).toEqual(['--data-dir=/somewhere'])
    expect(dataDirFlag(['--control-port', '0'])).toEqual([])
  })
})

describe('the end of npm', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  const byNpm: { ppid: number; env: NodeJS.ProcessEnv; platform: NodeJS.Platform } = {
    ppid: 7,
    env: { npm_lifecycle_event: 'serve' },
    platform: 'linux',
  }
  const watched = (own: typeof byNpm, hasOutlivedHangUp = () => false) => {
    const gone = vi.fn()
    const stop = watchParent({ process: own, gone, hasOutlivedHangUp })
    return { gone, stop }
  }

  it('is noticed, once', () => {
    const own = { ...byNpm }
    const { gone } = watched(own)
    vi.advanceTimersByTime(60_000)
    expect(gone).not.toHaveBeenCalled()
    own.ppid = 1
    vi.advanceTimersByTime(60_000)
    expect(gone).toHaveBeenCalledTimes(1)
  })

  it('is nothing to a process that has ended its own work', () => {
    const own = { ...byNpm }
    const { gone, stop } = watched(own)
    stop()
    own.ppid = 1
    vi.advanceTimersByTime(60_000)
    expect(gone).not.toHaveBeenCalled()
  })

  it('by a hang-up that this process outlives means nothing, though the hang-up is heard of later', () => {
    const own = { ...byNpm }
    let hungUp = false
    const { gone } = watched(own, () => hungUp)
    own.ppid = 1
    vi.advanceTimersByTime(500)
    hungUp = true
    vi.advanceTimersByTime(60_000)
    expect(gone).not.toHaveBeenCalled()
  })

  it.each([
    ['started by hand', { ...byNpm, env: {} }],
    ['on Windows', { ...byNpm, platform: 'win32' as const }],
  ])('is not looked for where this process was %s', (_, given) => {
    const own = { ...given }
    const { gone } = watched(own)
    own.ppid = 1
    vi.advanceTimersByTime(60_000)
    expect(gone).not.toHaveBeenCalled()
  })
})

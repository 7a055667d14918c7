import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadSettings } from '../../../server/config/settings-file.ts'
import { createSettingsStore } from '../../../server/config/settings-store.ts'
import { merge } from '../../../server/config/paths.ts'
import { defaultSettings, settingsSchema } from '../../../server/config/settings.ts'
import { temporaryFolder, testClock, testLog } from '../../fakes/kernel.ts'

const fixture = (version: number) => fileURLToPath(new URL(`../../fixtures/settings/version-${version}.json`, import.meta.url))

function fileWith(content: string | object): { folder: string; file: string } {
  const folder = temporaryFolder()
  const file = join(folder, 'settings.json')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return { folder, file }
}

function json(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}

describe('loading settings', () => {
  test('gives the defaults when there is no file, and makes none', () => {
    const folder = temporaryFolder()
    expect(loadSettings(join(folder, 'settings.json'))).toEqual({ settings: defaultSettings, setAside: [], version: null })
    expect(readdirSync(folder)).toEqual([])
  })

  test('reads a file of the present version', () => {
    const { settings, setAside } = loadSettings(fixture(1))
    expect(setAside).toEqual([])
    expect(settings).toEqual(
      merge(defaultSettings, {
        apis: { control: { port: 7800 }, browsers: { port: 5050, openTo: 'lan' }, bots: { port: 'off' } },
        allowedOrigins: ['http://localhost:5173'],
        audit: { keepFor: 30 },
        browsers: { executable: '/opt/chromium/chrome', idleTimeout: 1200 },
        desktop: { onClose: 'hide' },
        theme: 'light',
      }),
    )
  })

  test('moves the settings of version 0 to their new places and keeps the file when it is first written', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'settings.json')
    copyFileSync(fixture(0), file)
    const store = createSettingsStore({ file })
    const moved = merge(defaultSettings, {
      apis: { control: { port: 7800 }, browsers: { port: 5050, openTo: 'lan' }, bots: { port: 'off' }, relay: { openTo: 'lan' } },
      browsers: { executable: '/opt/chromium/chrome', headless: false, idleTimeout: 1200 },
      audit: { keepFor: 30 },
      desktop: { startAtLogin: true },
      theme: 'dark',
      logLevel: 'debug',
    })
    expect(store.current()).toEqual(moved)
    expect(
      store
        .setAside()
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['apis.relay.port', 'sound'])

    store.change({ theme: 'light' })
    expect(json(file)).toEqual({ version: 1, settings: merge(moved, { theme: 'light' }) })
    expect(readFileSync(join(folder, 'settings.version-0.json'))).toEqual(readFileSync(fixture(0)))
    expect(json(join(folder, 'settings.set-aside.json'))).toMatchObject([
      { path: 'apis.relay.port', value: 'ninety' },
      { path: 'sound', value: 'chime' },
    ])
  })

  test('keeps bad values aside once, over many starts, and leaves the file to the person', () => {
    const { folder, file } = fileWith({ version: 1, settings: { theme: 'purple', logLevel: 'debug' } })
    const before = readFileSync(file, 'utf8')
    for (let start = 0; start < 3; start += 1) {
      const { settings, setAside } = loadSettings(file, testClock())
      expect(settings.logLevel).toBe('debug')
      expect(setAside.map(({ path }) => path)).toEqual(['theme'])
    }
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(json(join(folder, 'settings.set-aside.json'))).toMatchObject([
      { at: '2026-01-02T03:04:05.678Z', path: 'theme', value: 'purple' },
    ])

    writeFileSync(file, JSON.stringify({ version: 1, settings: { theme: 'pink' } }))
    loadSettings(file)
    expect(json(join(folder, 'settings.set-aside.json'))).toMatchObject([{ value: 'purple' }, { value: 'pink' }])
  })

  test.each(['', '{"version":1,', 'theme = dark', '\u0000\u0000\u0000\u0000'])(
    'keeps a file that is no JSON (%j) under another name and starts with defaults',
    (content) => {
      const { folder, file } = fileWith(content)
      const { settings, setAside } = loadSettings(file, testClock())
      expect(settings).toEqual(defaultSettings)
      expect(setAside[0]?.reason).toContain('settings.broken-2026-01-02T03-04-05.678Z.json')
      expect(readFileSync(join(folder, 'settings.broken-2026-01-02T03-04-05.678Z.json'), 'utf8')).toBe(content)
      expect(existsSync(file)).toBe(false)
    },
  )

  test('takes what it knows from a newer file, and keeps that file before writing', () => {
    const content = { version: 9, settings: { theme: 'dark', hologram: true } }
    const { folder, file } = fileWith(content)
    const store = createSettingsStore({ file })
    expect(store.current().theme).toBe('dark')
    expect(store.setAside().map(({ path }) => path)).toEqual(['version', 'hologram'])
    store.change({ theme: 'light' })
    expect(json(join(folder, 'settings.version-9.json'))).toEqual(content)
  })

  test('reads past the byte order mark of Windows editors', () => {
    const { file } = fileWith('\uFEFF{"version":1,"settings":{"theme":"dark"}}')
    expect(loadSettings(file).settings.theme).toBe('dark')
  })

  test('starts even when the file is a folder, or the kept values cannot be written', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'settings.json'))
    expect(loadSettings(join(folder, 'settings.json'))).toMatchObject({ settings: defaultSettings, setAside: [{ path: '' }] })

    const { folder: other, file } = fileWith({ version: 1, settings: { theme: 'purple' } })
    mkdirSync(join(other, 'settings.set-aside.json'))
    expect(loadSettings(file).setAside.map(({ path }) => path)).toEqual(['theme', ''])
  })

  test('keeps what it could not read before it writes in its place', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'settings.json')
    mkdirSync(file)
    writeFileSync(join(file, 'note'), 'mine')
    const store = createSettingsStore({ file, clock: testClock() })
    store.change({ theme: 'dark' })
    store.change({ theme: 'light' })
    expect(readdirSync(folder).sort()).toEqual(['settings.json', 'settings.unread-2026-01-02T03-04-05.678Z.json'])
    expect(readFileSync(join(folder, 'settings.unread-2026-01-02T03-04-05.678Z.json', 'note'), 'utf8')).toBe('mine')
    expect(json(file)).toMatchObject({ settings: { theme: 'light' } })
  })

  test('never fails and always gives valid settings, whatever JSON the file holds', () => {
    const { file } = fileWith('{}')
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fc.record(
            { version: fc.oneof(fc.constantFrom(0, 1, 2, -1, 1.5), fc.jsonValue()), settings: fc.jsonValue(), theme: fc.jsonValue() },
            { requiredKeys: [] },
          ),
        ),
        (content) => {
          writeFileSync(file, JSON.stringify(content))
          const { settings } = loadSettings(file)
          expect(settingsSchema.parse(settings)).toEqual(settings)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('changing settings', () => {
  test('merges, saves for the next start, and tells the listeners what was before', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'new', 'settings.json')
    const store = createSettingsStore({ file })
    const seen: [string, string][] = []
    const end = store.onChange((now, before) => seen.push([before.theme, now.theme]))
    expect(store.change({ theme: 'dark' }).theme).toBe('dark')
    store.change({ apis: { browsers: { port: 0 } } })
    end()
    store.change({ theme: 'light' })

    expect(seen).toEqual([
      ['system', 'dark'],
      ['dark', 'dark'],
    ])
    expect(createSettingsStore({ file }).current()).toEqual(merge(defaultSettings, { theme: 'light', apis: { browsers: { port: 0 } } }))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(folder, 'new'))).toEqual(['settings.json'])
  })

  test.each([
    [{ theme: 'purple' }, ['theme']],
    [{ apis: { browsers: { prot: 1 } }, sound: true }, ['apis.browsers.prot', 'sound']],
    [{ apis: { control: { port: 'off' } }, audit: { keepFor: 0 } }, ['apis.control.port', 'audit.keepFor']],
    [{ apis: null }, ['apis']],
    [{ allowedOrigins: ['nonsense'] }, ['allowedOrigins.0']],
    [JSON.parse('{"__proto__":{"theme":"dark"}}'), ['__proto__']],
    [[], ['']],
  ])('refuses %j by name and changes nothing', (patch, fields) => {
    const { file } = fileWith({ version: 1, settings: { theme: 'dark' } })
    const before = readFileSync(file, 'utf8')
    const store = createSettingsStore({ file })
    const thrown = catchFault(() => store.change(patch))
    expect(thrown).toMatchObject({ code: 'settings-invalid' })
    expect(thrown.details.issues.map(({ field }) => field)).toEqual(fields)
    expect(store.current().theme).toBe('dark')
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  test('takes limits for roles, whose names no default knows, and still names what is no setting', () => {
    const { file } = fileWith({ version: 1, settings: {} })
    const store = createSettingsStore({ file })
    expect(store.change({ logins: { roles: { guest: { maxConcurrent: 1 } } } }).logins.roles).toEqual({ guest: { maxConcurrent: 1 } })
    expect(() => store.change({ logins: { roles: { guest: { most: 1 } } } })).toThrow('logins.roles.guest.most: not a known setting')
    expect(createSettingsStore({ file }).current().logins.roles).toEqual({ guest: { maxConcurrent: 1 } })
  })

  test('takes a change back as a whole when it turns out not to work', () => {
    const { file } = fileWith({ version: 1, settings: { theme: 'light' } })
    const store = createSettingsStore({ file })
    const before = store.current()
    const takeBack = store.changeOnTrial({ theme: 'dark', logins: { roles: { guest: { maxConcurrent: 1 } } } })
    expect(store.current().theme).toBe('dark')
    takeBack()
    expect(store.current()).toEqual(before)
    expect(createSettingsStore({ file }).current()).toEqual(before)
  })

  test('takes back what it changed alone: what was set while it was tried stays', () => {
    const { file } = fileWith({ version: 1, settings: { theme: 'light' } })
    const store = createSettingsStore({ file })
    const takeBack = store.changeOnTrial({ theme: 'dark', apis: { browsers: { port: 7001 }, bots: { port: 7002 } } })
    store.change({ logLevel: 'warn', apis: { browsers: { openTo: 'lan' }, bots: { port: 7003 } } })
    takeBack()
    const expected = merge(defaultSettings, {
      ...{ theme: 'light', logLevel: 'warn' },
      apis: { browsers: { openTo: 'lan' }, bots: { port: 7003 } },
    })
    expect(store.current()).toEqual(expected)
    expect(createSettingsStore({ file }).current()).toEqual(expected)
  })

  test('refuses what a flag or variable fixes, and never writes the fixed value into the file', () => {
    const file = join(temporaryFolder(), 'settings.json')
    const store = createSettingsStore({
      file,
      fixed: new Map([
        ['apis.browsers.port', { value: 0, by: '--browsers-port' }],
        ['logLevel', { value: 'warn', by: 'WHEELHOUSE_LOG_LEVEL' }],
      ]),
    })
    expect(store.current()).toMatchObject({ logLevel: 'warn', apis: { browsers: { port: 0 } } })
    expect(store.fixedPaths()).toEqual({ 'apis.browsers.port': '--browsers-port', logLevel: 'WHEELHOUSE_LOG_LEVEL' })
    expect(catchFault(() => store.change({ theme: 'dark', apis: { browsers: { port: 5011 } } }))).toMatchObject({
      code: 'setting-fixed',
      message: expect.stringContaining('--browsers-port'),
      details: { paths: ['apis.browsers.port'] },
    })
    expect(store.current().theme).toBe('system')

    store.change({ ...store.current(), theme: 'dark' })
    expect(store.current()).toMatchObject({ theme: 'dark', logLevel: 'warn' })
    expect(json(file)).toEqual({ version: 1, settings: merge(defaultSettings, { theme: 'dark' }) })
  })

  test('a listener that fails harms neither the change nor the other listeners', () => {
    const log = testLog()
    const store = createSettingsStore({ file: join(temporaryFolder(), 'settings.json'), log })
    let told = 0
    store.onChange(() => {
      throw new Error('listener')
    })
    store.onChange(() => (told += 1))
    expect(store.change({ theme: 'dark' }).theme).toBe('dark')
    expect(told).toBe(1)
    expect(log.lines).toHaveLength(1)
  })

  test('a change to what is there already writes nothing', () => {
    const file = join(temporaryFolder(), 'settings.json')
    createSettingsStore({ file }).change({ theme: 'system' })
    expect(existsSync(file)).toBe(false)
  })

  test('nobody can change the settings they were handed', () => {
    const { apis } = createSettingsStore({ file: join(temporaryFolder(), 'settings.json') }).current()
    expect(() => Object.assign(apis.browsers, { port: 1 })).toThrow(TypeError)
  })
})

function catchFault(run: () => unknown): { code: string; message: string; details: { issues: { field: string }[]; paths: string[] } } {
  try {
    run()
  } catch (error) {
    // What a fault of this room carries; the assertions after it read no more than that.
    return error as ReturnType<typeof catchFault>
  }
  throw new Error('nothing was thrown')
}

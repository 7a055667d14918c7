import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createAutostart } from '../../../main/autostart.ts'
import { FakeApp } from '../../fakes/electron.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'

const parts = (platform: NodeJS.Platform, executable = '/opt/Wheelhouse/wheelhouse') => ({
  platform,
  packaged: true,
  app: new FakeApp(),
  executable,
  configDir: temporaryFolder(),
})

describe('on Linux', () => {
  test('is a desktop entry in the autostart folder, which goes when it is switched off', () => {
    const given = parts('linux')
    const autostart = createAutostart(given)
    const path = join(given.configDir, 'autostart/wheelhouse.desktop')
    expect(autostart.get()).toEqual({ available: true, enabled: false })
    expect(autostart.set(true)).toEqual({ available: true, enabled: true })
    expect(readFileSync(path, 'utf8').split('\n')).toContain('Exec="/opt/Wheelhouse/wheelhouse" --at-login')
    expect(autostart.set(false)).toEqual({ available: true, enabled: false })
    expect(existsSync(path)).toBe(false)
    expect(autostart.set(false).enabled).toBe(false)
  })

  test.each([
    ['/home/a b/Wheelhouse.AppImage', '"/home/a b/Wheelhouse.AppImage"'],
    ['/home/$x/100%/W"h', String.raw`"/home/\\$x/100%%/W\\"h"`],
    [String.raw`/home/a\b`, String.raw`"/home/a\\\\b"`],
  ])('%s is quoted as the specification wants it', (executable, quoted) => {
    const given = parts('linux', executable)
    createAutostart(given).set(true)
    expect(readFileSync(join(given.configDir, 'autostart/wheelhouse.desktop'), 'utf8')).toContain(`Exec=${quoted} --at-login\n`)
  })
})

test('on Windows the login item carries the flag that tells a login from a click', () => {
  const given = parts('win32', 'C:\\Programs\\Wheelhouse.exe')
  expect(createAutostart(given).set(true)).toEqual({ available: true, enabled: true })
  expect(given.app.loginItem).toEqual({ openAtLogin: true, path: 'C:\\Programs\\Wheelhouse.exe', args: ['--at-login'] })
})

test('on macOS the system itself says that it was a login', () => {
  const given = parts('darwin')
  createAutostart(given).set(true)
  expect(given.app.loginItem).toEqual({ openAtLogin: true })
})

test.each(['linux', 'win32', 'darwin'] as const)('from a working tree there is nothing to start on %s', (platform) => {
  const given = { ...parts(platform), packaged: false }
  expect(createAutostart(given).set(true)).toEqual({ available: false, enabled: false })
  expect(given.app.loginItem.openAtLogin).toBe(false)
  expect(existsSync(join(given.configDir, 'autostart'))).toBe(false)
})

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { channelOf } from '../../../preload/schema.ts'
import { KernelFault } from '../../../server/fault.ts'
import { openedDesktop, startDesktop } from '../../fakes/desktop.ts'
import { until } from '../../fakes/kernel.ts'

describe('from launch to quit', () => {
  test('one sandboxed window shows our page under its policy, and quitting stops the server before the app exits', async () => {
    const { electron, server, window } = await openedDesktop()
    expect(electron.facts.windows).toHaveLength(1)
    expect(window.loads).toEqual(['app://wheelhouse/'])
    expect(window.loaded.map(({ url, status }) => [url, status])).toEqual([
      ['app://wheelhouse/', 200],
      ['app://wheelhouse/main.js', 200],
    ])
    expect(window.loaded[0]?.policy).toContain("connect-src 'self' http://127.0.0.1:7700 ws://127.0.0.1:7700")
    expect(window.options.webPreferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
    })
    expect(server.state).toBe('running')

    electron.app.quit()
    expect(await electron.app.exited()).toBe(0)
    expect(server.state).toBe('stopped')
    expect(electron.facts.windows).toHaveLength(0)
    expect(electron.facts.trays.every((tray) => tray.isDestroyed())).toBe(true)
  })

  test('a session has a window of its own, one however often it is asked for, which goes with the window', async () => {
    const { electron, window } = await openedDesktop()
    const page = 'app://wheelhouse/index.html'
    const ask = (session: string) => electron.ipcMain.invoke(channelOf('openSessionWindow'), session, page)
    await ask('session_1795246249_3886465173-a')
    await ask('session_1795246249_3886465173-a')
    expect(electron.facts.windows).toHaveLength(2)
    expect(electron.facts.windows[1]?.loads).toEqual(['app://wheelhouse/#/browsers/session_1795246249_3886465173-a?window=1'])
    expect(electron.facts.windows[1]?.options.webPreferences).toEqual(window.options.webPreferences)
    expect(await ask('../settings')).toMatchObject({ ok: false })
    window.close()
    expect(electron.facts.windows).toHaveLength(0)
    expect(await electron.app.exited()).toBe(0)
  })

  test('the window is there while the server still starts, and its page follows once the port is known', async () => {
    const gate = Promise.withResolvers<void>()
    const { electron, opened } = startDesktop({ prepare: (_electron, server) => void (server.startGate = gate.promise) })
    await until('there is a window', () => electron.facts.windows.length === 1)
    const [window] = electron.facts.windows
    expect(window?.loaded).toEqual([])
    gate.resolve()
    await opened
    await until('its page is loaded', () => window?.loaded.length === 2)
  })

  test('a server that does not start is told in words, and the app ends with code 1', async () => {
    const { electron, opened } = startDesktop({
      createServer: () => Promise.reject(new KernelFault('data-dir-held', 'Another Wheelhouse uses this folder')),
    })
    await opened
    expect(await electron.app.exited()).toBe(1)
    expect(electron.dialog.errors).toEqual([{ title: 'Wheelhouse could not start', text: 'Another Wheelhouse uses this folder' }])
  })

  test('quitting while the server still starts waits for it and leaves nothing running', async () => {
    const gate = Promise.withResolvers<void>()
    const { electron, server } = startDesktop({ prepare: (_electron, fake) => void (fake.startGate = gate.promise) })
    await until('there is a window', () => electron.facts.windows.length === 1)
    electron.app.quit()
    gate.resolve()
    expect(await electron.app.exited()).toBe(0)
    expect(server.state).toBe('stopped')
  })

  test('a server that moved to another port brings the page anew, under a policy that names it', async () => {
    const { server, window } = await openedDesktop()
    server.url = 'http://127.0.0.1:7701'
    server.changed()
    await until('the page is loaded again', () => window.loaded.length === 4)
    expect(window.loaded[2]?.policy).toContain('http://127.0.0.1:7701 ')
  })
})

test('the server hears that the machine woke from sleep', async () => {
  const { electron, server } = await openedDesktop()
  electron.powerMonitor.emit('resume')
  expect(server.wakings).toBe(1)
})

describe('the way back', () => {
  test('starting it a second time brings the window to the front', async () => {
    const { electron, window } = await openedDesktop()
    window.minimize()
    electron.app.emit('second-instance')
    expect([window.isMinimized(), window.isFocused()]).toEqual([false, true])
  })

  test('on Linux closing the window quits', async () => {
    const { electron, window } = await openedDesktop({ platform: 'linux' })
    window.close()
    expect(await electron.app.exited()).toBe(0)
  })

  test('on Windows closing hides it, is explained once, and the tray brings it back', async () => {
    const { electron, window } = await openedDesktop({ platform: 'win32' })
    window.close()
    expect(window.isVisible()).toBe(false)
    expect(electron.facts.notifications.map(({ title }) => title)).toEqual(['Wheelhouse keeps running'])
    electron.facts.trays[0]?.menu?.choose('Open Wheelhouse')
    expect(window.isVisible()).toBe(true)
    window.close()
    expect(electron.facts.notifications).toHaveLength(1)
    expect(electron.app.exitCode).toBeUndefined()
  })

  test('the setting overrules what closing does by default', async () => {
    const { electron, server, window } = await openedDesktop({ platform: 'linux' })
    await server.changeSettings({ desktop: { onClose: 'hide' } })
    window.close()
    expect(window.isVisible()).toBe(false)
    electron.app.quit()
    expect(await electron.app.exited()).toBe(0)
  })

  test('started at login with the setting it stays hidden, without the setting it shows', async () => {
    const hidden = startDesktop({
      atLogin: true,
      prepare: (_electron, server) => void server.changeSettings({ desktop: { startHidden: true } }),
    })
    await hidden.opened
    expect(hidden.electron.facts.windows).toHaveLength(0)
    hidden.electron.facts.trays[0]?.emit('click')
    await until('the window is shown', () => hidden.electron.facts.windows[0]?.isVisible() === true)
    await openedDesktop({ atLogin: true })
  })
})

describe('settings that change while it runs', () => {
  test('the theme reaches the system and is remembered for the next start', async () => {
    const { electron, server, window, dataDir } = await openedDesktop()
    await server.changeSettings({ theme: 'dark' })
    expect(electron.nativeTheme.themeSource).toBe('dark')
    expect(window.background).toBe('#0f1114')
    expect(await import(join(dataDir, 'window-state.json'), { with: { type: 'json' } })).toMatchObject({ default: { theme: 'dark' } })
  })

  test('the tray comes and goes', async () => {
    const { electron, server } = await openedDesktop()
    await server.changeSettings({ desktop: { showTray: false } })
    expect(electron.facts.trays.map((tray) => tray.isDestroyed())).toEqual([true])
    await server.changeSettings({ desktop: { showTray: true } })
    expect(electron.facts.trays.map((tray) => tray.isDestroyed())).toEqual([true, false])
  })

  test('start at login is handed to the system; what the system says at the start wins', async () => {
    let enabled = true
    const autostart = {
      get: () => ({ available: true, enabled }),
      set: (wanted: boolean) => ({ available: true, enabled: (enabled = wanted) }),
    }
    const { server } = await openedDesktop({ autostart })
    await until('the setting follows', () => server.settings().desktop.startAtLogin)
    await server.changeSettings({ desktop: { startAtLogin: false } })
    expect(enabled).toBe(false)
  })
})

test('two crashes of the page within a minute are told; the first is mended by loading it anew', async () => {
  const { electron, window } = await openedDesktop()
  window.webContents.crash()
  expect(window.loads).toHaveLength(2)
  expect(electron.dialog.errors).toEqual([])
  window.webContents.crash('oom')
  expect(window.loads).toHaveLength(2)
  expect(electron.dialog.errors[0]?.text).toContain('oom')
})

test('the menu reaches the page, making a window when there is none', async () => {
  const { electron, window } = await openedDesktop({ platform: 'darwin' })
  electron.facts.menu.application?.choose('Go/Browsers')
  await until('the page is told', () => window.webContents.sent.length === 1)
  expect(window.webContents.sent[0]).toEqual({ channel: 'wheelhouse:command', payload: { type: 'go', path: '/browsers' } })
  window.destroy()
  electron.facts.menu.application?.choose('Go/Search and commands')
  await until('a new page is told', () => electron.facts.windows[0]?.webContents.sent.length === 1)
  expect(electron.facts.windows[0]?.webContents.sent[0]?.payload).toEqual({ type: 'palette' })
})

test('a page whose files are missing is told, with the address of the server, and quitting still works', async () => {
  const { electron, opened, dataDir } = startDesktop()
  rmSync(join(dataDir, 'built-window'), { recursive: true })
  await opened
  await until('it is told', () => electron.dialog.errors.length === 1)
  expect(electron.dialog.errors[0]).toEqual({
    title: 'The window could not be loaded',
    text: expect.stringContaining('http://127.0.0.1:7700'),
  })
  electron.app.quit()
  expect(await electron.app.exited()).toBe(0)
})

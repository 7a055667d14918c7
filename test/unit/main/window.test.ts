import { expect, test } from 'vitest'
import { MainWindow, type WindowParts } from '../../../main/window.ts'
import type { WindowState } from '../../../main/window-state.ts'
import { createElectron } from '../../fakes/electron.ts'
import { until } from '../../fakes/kernel.ts'

function mainWindow(saved: Partial<WindowState> = {}, changes: Partial<WindowParts> = {}) {
  const electron = createElectron()
  electron.protocol.handle('app', () => new Response('<!doctype html>'))
  let state: WindowState = { bounds: null, maximized: false, theme: 'system', hidingExplained: false, ...saved }
  const window = new MainWindow({
    create: (options) => new electron.BrowserWindow(options),
    workAreas: () => [{ x: 0, y: 0, width: 1920, height: 1040 }],
    state: { get: () => state, change: (change) => void (state = { ...state, ...change }) },
    address: { url: 'app://wheelhouse/', origin: 'app://wheelhouse' },
    preload: '',
    icon: '',
    dark: () => false,
    developer: false,
    openOutside: () => undefined,
    onClose: () => 'quit',
    hidden: () => undefined,
    crashed: () => undefined,
    failed: () => undefined,
    now: () => 0,
    ...changes,
  })
  const shown = async () => {
    await until('the window is shown', () => electron.facts.windows[0]?.isVisible() === true)
    return electron.facts.windows[0]
  }
  return { window, electron, state: () => state, shown }
}

test('is shown when its first frame is drawn, on the ground of its theme', async () => {
  const { window, electron, shown } = mainWindow({}, { dark: () => true })
  window.show()
  expect(electron.facts.windows[0]?.isVisible()).toBe(false)
  expect(electron.facts.windows[0]?.options).toMatchObject({ show: false, backgroundColor: '#0f1114' })
  await shown()
})

test('opens where it was left, also when it was left maximised', async () => {
  const bounds = { x: 40, y: 50, width: 1100, height: 700 }
  const first = mainWindow()
  first.window.show()
  const opened = await first.shown()
  opened?.setBounds(bounds)
  opened?.maximize()
  opened?.close()
  expect(first.state()).toMatchObject({ bounds, maximized: true })

  const second = mainWindow(first.state())
  second.window.show()
  const again = await second.shown()
  expect([again?.isMaximized(), again?.getNormalBounds()]).toEqual([true, bounds])
})

test('there is never a second one, and a closed one is made anew', async () => {
  const { window, electron, shown } = mainWindow()
  window.show()
  window.show()
  const first = await shown()
  expect(electron.facts.windows).toHaveLength(1)
  first?.close()
  expect(electron.facts.windows).toHaveLength(0)
  window.show()
  expect(await shown()).not.toBe(first)
})

test('loaded for a check it stays hidden, and says when its page cannot be had', async () => {
  const { window, electron } = mainWindow()
  await window.load()
  expect(electron.facts.windows[0]?.isVisible()).toBe(false)
  const failures: unknown[] = []
  const missing = mainWindow({}, { failed: (error) => failures.push(error) })
  missing.electron.protocol.handle('app', () => new Response('', { status: 404 }))
  await expect(missing.window.load()).rejects.toThrow('404')
  expect(failures).toHaveLength(1)
})

test('a page that was ended on purpose is not loaded again', async () => {
  const { window, electron } = mainWindow()
  await window.load()
  electron.facts.windows[0]?.webContents.crash('clean-exit')
  expect(electron.facts.windows[0]?.loads).toHaveLength(1)
})

test('crashes more than a minute apart are each mended by loading the page anew', async () => {
  let now = 0
  const told: string[] = []
  const { window, electron } = mainWindow({}, { now: () => now, crashed: (reason) => told.push(reason) })
  await window.load()
  for (now of [0, 61_000, 122_000]) electron.facts.windows[0]?.webContents.crash()
  expect(electron.facts.windows[0]?.loads).toHaveLength(4)
  expect(told).toEqual([])
})

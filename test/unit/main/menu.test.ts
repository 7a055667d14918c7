import type { MenuItemConstructorOptions } from 'electron'
import { describe, expect, test } from 'vitest'
import { menuTemplate, type MenuParts } from '../../../main/menu.ts'
import type { Command } from '../../../preload/schema.ts'
import { FakeMenu } from '../../fakes/electron.ts'

function menu(changes: Partial<MenuParts> = {}) {
  const done: (Command | string)[] = []
  const template = menuTemplate({
    platform: 'linux',
    rooms: ['browsers'],
    developer: false,
    command: (command) => done.push(command),
    openDataFolder: () => done.push('folder'),
    quit: () => done.push('quit'),
    ...changes,
  })
  return { menu: new FakeMenu(template), template, done }
}

const items = (template: MenuItemConstructorOptions[]): MenuItemConstructorOptions[] =>
  template.flatMap((item) => [item, ...(Array.isArray(item.submenu) ? items(item.submenu) : [])])

describe('the keys', () => {
  test('Ctrl or Cmd with a digit opens each page, with a comma the settings, with K the commands', () => {
    const { template, done } = menu()
    const keyed = items(template).filter(({ accelerator }) => accelerator !== undefined)
    expect(keyed.map(({ accelerator, label }) => [accelerator, label])).toEqual([
      ['CommandOrControl+,', 'Settings'],
      ['CommandOrControl+Q', 'Quit'],
      ['CommandOrControl+K', 'Search and commands'],
      ['CommandOrControl+1', 'Overview'],
      ['CommandOrControl+2', 'Browsers'],
      ['CommandOrControl+3', 'API keys'],
      ['CommandOrControl+4', 'Activity'],
    ])
    for (const label of ['File/Settings', 'Go/Search and commands', 'Go/API keys', 'File/Open data folder', 'File/Quit'])
      new FakeMenu(template).choose(label)
    expect(done).toEqual([{ type: 'go', path: '/settings' }, { type: 'palette' }, { type: 'go', path: '/keys' }, 'folder', 'quit'])
  })

  test('each room that there is has its page, in the order of the side bar, and none before the server runs', () => {
    const go = (rooms: MenuParts['rooms']) =>
      menu({ rooms })
        .menu.labels()
        .filter((label) => label.startsWith('Go/'))
        .slice(1)
    expect(go([])).toEqual(['Go/Overview', 'Go/API keys', 'Go/Activity'])
    expect(go(['relay', 'browsers'])).toEqual(['Go/Overview', 'Go/Browsers', 'Go/Relay', 'Go/API keys', 'Go/Activity'])
  })

  test.each(['linux', 'win32', 'darwin'] as const)('none is given twice on %s', (platform) => {
    const keys = items(menu({ platform, developer: true }).template).flatMap(({ accelerator }) =>
      accelerator === undefined ? [] : [accelerator],
    )
    expect(new Set(keys).size).toBe(keys.length)
  })
})

test('on macOS settings and quit are in the menu of the app, and nowhere else', () => {
  const labels = menu({ platform: 'darwin' }).menu.labels()
  expect(labels.filter((label) => /Settings|Quit/.test(label))).toEqual(['Wheelhouse/Settings…', 'Wheelhouse/Quit Wheelhouse'])
})

test('reload and developer tools are there only while developing', () => {
  const roles = (developer: boolean) => items(menu({ developer }).template).map(({ role }) => role)
  expect(roles(false)).not.toContain('reload')
  expect(roles(false)).not.toContain('toggleDevTools')
  expect(roles(true)).toEqual(expect.arrayContaining(['reload', 'toggleDevTools']))
})

test('text can be cut, copied and pasted, and the page zoomed', () => {
  const roles = items(menu().template).map(({ role }) => role)
  expect(roles).toEqual(expect.arrayContaining(['editMenu', 'zoomIn', 'zoomOut', 'resetZoom']))
})

import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TrayController, trayIconFile } from '../../../main/tray.ts'
import { trayState, trayTemplate, trayToolTip, type TrayActions } from '../../../main/tray-menu.ts'
import { createElectron, FakeMenu } from '../../fakes/electron.ts'
import { FakeHostedServer } from '../../fakes/hosted-server.ts'

const iconDir = join(import.meta.dirname, '../../../resources/tray')

function tray(platform: NodeJS.Platform = 'linux', desktop = 'KDE') {
  const electron = createElectron()
  const server = new FakeHostedServer()
  const done: string[] = []
  const actions: TrayActions = {
    openWindow: (path = '') => done.push(`open ${path}`),
    setApi: (name, on) => done.push(`${on ? 'start' : 'stop'} ${name}`),
    copy: (text) => done.push(`copy ${text}`),
    quit: () => done.push('quit'),
  }
  const controller = new TrayController({
    platform,
    desktop,
    iconDir,
    create: (icon) => new electron.Tray(icon),
    buildMenu: (template) => electron.Menu.buildFromTemplate(template),
    theme: electron.nativeTheme,
    summary: () => server.summary(),
    actions,
  })
  controller.setVisible(true)
  const [icon] = electron.facts.trays
  if (icon === undefined) throw new Error('There is no tray')
  return { electron, server, controller, icon, done }
}

describe('the menu', () => {
  test('names what runs, and each API with its controls', () => {
    const { icon } = tray()
    expect(icon.menu?.labels()).toEqual([
      'Open Wheelhouse',
      'Browsers: 0 of 10',
      'Control API: listening',
      'Control API: listening/Copy address',
      'Control API: listening/Copy LAN address',
      'Browsers API: listening',
      'Browsers API: listening/Stop the Browsers API',
      'Browsers API: listening/Copy address',
      'Browsers API: listening/Copy LAN address',
      'Quit',
    ])
  })

  test('each item does what it says', () => {
    const { icon, done } = tray()
    for (const path of [
      'Open Wheelhouse',
      'Browsers: 0 of 10',
      'Browsers API: listening/Stop the Browsers API',
      'Browsers API: listening/Copy LAN address',
      'Control API: listening/Copy address',
      'Quit',
    ])
      icon.menu?.choose(path)
    expect(done).toEqual(['open ', 'open /browsers', 'stop browsers', 'copy http://192.0.2.7:5010', 'copy http://127.0.0.1:7700', 'quit'])
  })

  test('offers no LAN address where there is none, and a start where an API is off', () => {
    const { icon, server, controller, done } = tray()
    expect(() => icon.menu?.choose('Control API: listening/Copy LAN address')).toThrow('disabled')
    for (const api of server.apis) if (api.name === 'browsers') api.state = 'port-in-use'
    controller.refresh()
    icon.menu?.choose('Browsers API: port in use/Start the Browsers API')
    expect(done).toEqual(['start browsers'])
  })

  test('says first what needs the person', () => {
    const { server } = tray()
    server.attentionCount = 2
    const menu = new FakeMenu(trayTemplate(server.summary(), { openWindow: () => {}, setApi: () => {}, copy: () => {}, quit: () => {} }))
    expect(menu.labels().slice(0, 2)).toEqual(['Open Wheelhouse', '2 things need you'])
  })

  test('opens and quits even before there is a server', () => {
    const menu = new FakeMenu(trayTemplate(undefined, { openWindow: () => {}, setApi: () => {}, copy: () => {}, quit: () => {} }))
    expect(menu.labels()).toEqual(['Open Wheelhouse', 'Quit'])
  })

  test('is replaced only when its words changed, because a new one closes the one that is open', () => {
    const { icon, server, controller } = tray()
    const before = icon.menu
    controller.refresh()
    expect(icon.menu).toBe(before)
    server.browsers = 3
    controller.refresh()
    expect(icon.menu).not.toBe(before)
    expect(icon.toolTip).toBe('Wheelhouse: Browsers 3')
  })
})

describe('the state', () => {
  test('is stopped without a server or a listening API, attention when something needs the person or is open to all, else fine', () => {
    const server = new FakeHostedServer()
    expect(trayState(undefined)).toBe('stopped')
    expect(trayState(server.summary())).toBe('fine')
    server.attentionCount = 1
    expect(trayState(server.summary())).toBe('attention')
    server.attentionCount = 0
    for (const api of server.apis) api.exposed = true
    expect(trayState(server.summary())).toBe('attention')
    for (const api of server.apis) api.state = 'off'
    expect(trayState(server.summary())).toBe('stopped')
  })

  test('is told in words under the pointer', () => {
    const server = new FakeHostedServer()
    expect(trayToolTip(undefined)).toBe('Wheelhouse: starting')
    expect(trayToolTip(server.summary())).toBe('Wheelhouse: nothing runs')
    server.browsers = 2
    server.attentionCount = 1
    expect(trayToolTip(server.summary())).toBe('Wheelhouse: Browsers 2, 1 thing needs you')
  })
})

describe('the icon', () => {
  test('follows state and panel theme', () => {
    const { icon, server, controller, electron } = tray()
    expect(basename(icon.image)).toBe('fine-dark.png')
    electron.nativeTheme.setSystem(true)
    expect(basename(icon.image)).toBe('fine-light.png')
    server.attentionCount = 1
    controller.refresh()
    expect(basename(icon.image)).toBe('attention-light.png')
  })

  test('is light on GNOME, whose panel is dark in both themes', () => {
    expect(basename(tray('linux', 'ubuntu:GNOME').icon.image)).toBe('fine-light.png')
  })

  test.each(['fine', 'attention', 'stopped'] as const)(
    'exists as %s for every system and panel, and twice as large where that is used',
    (state) => {
      for (const platform of ['linux', 'win32', 'darwin'] as const) {
        for (const dark of [true, false]) {
          const path = join(iconDir, trayIconFile(state, platform, dark))
          expect(existsSync(path), path).toBe(true)
          if (path.endsWith('.png')) expect(existsSync(path.replace('.png', '@2x.png')), path).toBe(true)
        }
      }
    },
  )

  test('opens the window on a click, but on macOS, where a click opens the menu', () => {
    const linux = tray('linux')
    linux.icon.emit('click')
    expect(linux.done).toEqual(['open '])
    const mac = tray('darwin')
    mac.icon.emit('click')
    expect(mac.done).toEqual([])
  })

  test('once gone, no longer follows the theme', () => {
    const { electron, controller, icon } = tray()
    controller.dispose()
    expect(icon.isDestroyed()).toBe(true)
    expect(electron.nativeTheme.listenerCount('updated')).toBe(0)
  })
})

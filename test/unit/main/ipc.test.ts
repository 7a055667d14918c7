import { describe, expect, test, vi } from 'vitest'
import '../../../preload/index.ts'
import { bindIpc } from '../../../main/ipc.ts'
import { windowOrigin } from '../../../main/security.ts'
import { KernelFault } from '../../../server/fault.ts'
import { channelOf, schema, type Bridge, type Handlers } from '../../../preload/schema.ts'
import { contextBridge, FakeIpcMain, ipcMain, ipcRenderer } from '../../fakes/electron.ts'

const page = `${windowOrigin}/#/`

function handlers(changes: Partial<Handlers> = {}): Handlers {
  return {
    getConnection: () => ({ url: 'http://127.0.0.1:7700', token: 'owner-token' }),
    getDesktopInfo: () => ({ platform: 'linux', version: '0.1.0', packaged: false, secretsProtected: true, closeByDefault: 'quit' }),
    openExternal: () => undefined,
    openDataFolder: () => undefined,
    openSessionWindow: () => undefined,
    copyText: () => undefined,
    setTheme: () => undefined,
    getAutostart: () => ({ available: true, enabled: false }),
    setAutostart: (enabled) => ({ available: true, enabled }),
    notify: () => undefined,
    ...changes,
  }
}

function bound(changes: Partial<Handlers> = {}, main = new FakeIpcMain()) {
  const refused: string[] = []
  const unbind = bindIpc({
    ipcMain: main,
    origin: windowOrigin,
    handlers: handlers(changes),
    log: ({ call }, message) => refused.push(`${call}: ${message}`),
  })
  return { main, refused, unbind }
}

describe('who may call', () => {
  test('our page', async () => {
    const { main } = bound()
    expect(await main.invoke(channelOf('setAutostart'), true, page)).toEqual({ ok: true, value: { available: true, enabled: true } })
  })

  test.each([
    ['a page of another origin', 'https://example.org/', true],
    ['another host of our scheme', 'app://elsewhere/', true],
    ['a frame within our page', page, false],
    ['an empty page', 'about:blank', true],
  ])('not %s, and no token leaves', async (_who, url, mainFrame) => {
    const { main, refused } = bound()
    for (const name of Object.keys(schema).filter((key) => key !== 'command')) {
      expect(await main.invoke(`wheelhouse:${name}`, undefined, url, mainFrame)).toEqual({ ok: false, message: 'Not allowed' })
    }
    expect(refused).toHaveLength(main.handlers.size)
  })
})

describe('what a call may carry', () => {
  test.each([
    ['openExternal', 5],
    ['openExternal', 'x'.repeat(5_000)],
    ['copyText', null],
    ['setTheme', 'pink'],
    ['setAutostart', 'yes'],
    ['notify', { title: '', text: '' }],
    ['notify', { title: 'x', text: 'y', path: 'https://example.org' }],
    ['getConnection', 'argument'],
  ])('%s does not take %j, and its handler never sees it', async (name, argument) => {
    const seen = vi.fn()
    const { main } = bound({ openExternal: seen, copyText: seen, setTheme: seen, setAutostart: seen, notify: seen, getConnection: seen })
    expect(await main.invoke(`wheelhouse:${name}`, argument, page)).toEqual({ ok: false, message: `The argument of ${name} is not valid` })
    expect(seen).not.toHaveBeenCalled()
  })
})

test('a fault’s words reach the page, those of any other error do not', async () => {
  const { main } = bound({
    openExternal: () => Promise.reject(new KernelFault('address-refused', 'That address is not opened')),
    openDataFolder: () => Promise.reject(new Error('/home/someone/secret is missing')),
  })
  expect(await main.invoke(channelOf('openExternal'), 'x', page)).toEqual({ ok: false, message: 'That address is not opened' })
  expect(JSON.stringify(await main.invoke(channelOf('openDataFolder'), undefined, page))).not.toContain('secret')
})

test('unbinding takes every handler away', () => {
  const { main, unbind } = bound()
  expect(main.handlers.size).toBe(Object.values(schema).filter(({ kind }) => kind === 'call').length)
  unbind()
  expect(main.handlers.size).toBe(0)
})

describe('the bridge', () => {
  // The preload script exposed it under this name when it was imported above, built from the schema.
  const bridge = contextBridge.exposed.get('wheelhouse') as Bridge

  test('has one function for each entry of the schema and nothing else', () => {
    const names = Object.entries(schema).map(([name, { kind }]) =>
      kind === 'call' ? name : `on${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    )
    expect(Object.keys(bridge).toSorted()).toEqual(names.toSorted())
    expect(Object.values(bridge).every((member) => typeof member === 'function')).toBe(true)
  })

  test('gives answers, and throws a refusal’s words', async () => {
    ipcMain.handle(channelOf('getAutostart'), () => ({ ok: true, value: { available: true, enabled: true } }))
    ipcMain.handle(channelOf('openExternal'), () => ({ ok: false, message: 'That address is not opened' }))
    expect(await bridge.getAutostart()).toEqual({ available: true, enabled: true })
    await expect(bridge.openExternal('x')).rejects.toThrow('That address is not opened')
  })

  test('hands on a command without Electron’s event, until its listener is ended', () => {
    const heard: unknown[][] = []
    const end = bridge.onCommand((...given) => heard.push(given))
    ipcRenderer.emit(channelOf('command'), { sender: 'the whole of ipcRenderer' }, { type: 'palette' })
    end()
    ipcRenderer.emit(channelOf('command'), {}, { type: 'palette' })
    expect(heard).toEqual([[{ type: 'palette' }]])
  })
})

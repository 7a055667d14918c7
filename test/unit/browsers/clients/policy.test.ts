/** What a program may do, command by command: what it is told, and whether the browser hears of it. */
import { describe, expect, it } from 'vitest'
import { judge, type Standing } from '../../../../server/browsers/clients/policy.ts'
import type { Fields } from '../../../../server/browsers/clients/messages.ts'

const alone: Standing = {
  hides: (targetId) => targetId === 'at the back',
  owns: (contextId) => contextId === 'own',
  isOthers: (contextId) => contextId === 'foreign',
  made: { pages: 0, contexts: 0 },
  downloads: { behavior: 'allowAndName', downloadPath: '/session' },
  mayNameFiles: false,
  isDriven: () => false,
}
const told = (method: string, params: Fields = {}, standing: Partial<Standing> = {}) =>
  judge({ id: 1, method, params }, { ...alone, ...standing })

type Row = [method: string, params: Fields, why: string]

describe('a command that is answered without its effect', () => {
  const rows: Row[] = [
    ['Browser.crash', {}, 'it is the browser of others too'],
    ['Browser.crashGpuProcess', {}, 'pictures of others are drawn there'],
    ['Page.setDownloadBehavior', { behavior: 'allow', downloadPath: '/tmp' }, 'it would write where it likes on this machine'],
    ['Browser.resetPermissions', {}, 'it would take back what others were granted'],
    ['Browser.setWindowBounds', { windowId: 1, bounds: { windowState: 'minimized' } }, 'a window that is put away draws for nobody'],
    ['Browser.setDockTile', {}, 'it is a matter of the desktop'],
    ['Browser.executeBrowserCommand', { commandId: 'openTabSearch' }, 'it opens surfaces of the browser'],
    ['Target.setRemoteLocations', { locations: [] }, 'it would look for browsers on other ports'],
  ]
  it.each(rows)('%s %j: %3$s', (method, params) => {
    expect(told(method, params)).toEqual({ kind: 'answer', result: {} })
  })

  it('Browser.close: the connection ends, as it would, and the browser stays', () => {
    expect(told('Browser.close')).toEqual({ kind: 'leave' })
  })

  it.each(['Target.activateTarget', 'Page.bringToFront'])('%s, while a person has the page in front', (method) => {
    expect(told(method)).toEqual({ kind: 'pass' })
    expect(told(method, {}, { isDriven: () => true })).toEqual({ kind: 'answer', result: {} })
  })
})

describe('a command that is refused in words', () => {
  const rows: Row[] = [
    ['Page.crash', {}, 'others work in the page'],
    ['Memory.prepareForLeakDetection', {}, 'it stops the workers of others'],
    ['Browser.getBrowserCommandLine', {}, 'it tells folders of this machine'],
    ['SystemInfo.getInfo', {}, 'it tells the command line and the machine'],
    ['Target.createBrowserContext', { proxyServer: 'http://a' }, 'it would go past the session’s way to the network'],
    ['Target.createBrowserContext', { proxyBypassList: '*' }, 'so would this'],
    ['Target.disposeBrowserContext', { browserContextId: 'unknown' }, 'it is not its own'],
    ['Target.attachToTarget', { targetId: 'a' }, 'what is not flat hides whose a message is'],
    ['Target.attachToTarget', { targetId: 'at the back', flatten: true }, 'a page at the back is the session’s'],
    ['Target.setAutoAttach', { autoAttach: true, flatten: false }, 'what is not flat hides whose a message is'],
    ['Target.sendMessageToTarget', { message: '{}' }, 'a wrapped message would pass unseen'],
    ['Target.exposeDevToolsProtocol', { targetId: 'a' }, 'the site’s scripts would drive the browser'],
    ['Target.openDevTools', {}, 'there is no window for it'],
    ['Target.createTarget', { url: 'file:///etc/passwd' }, 'files of this machine'],
    ['Target.createTarget', { url: 'about:version' }, 'a page of the browser itself'],
    ['Target.createTarget', { url: 'about:blank', browserContextId: 'foreign' }, 'a context of somebody else’s'],
    ['Page.navigate', { url: 'fi\tle:///etc/passwd' }, 'the browser reads past the tab'],
    ['Page.navigate', { url: 'view-source:https://a.example' }, 'a page of the browser itself'],
    ['DOM.setFileInputFiles', { files: ['/etc/passwd'] }, 'files of this machine'],
    ['Input.dispatchDragEvent', { data: { files: ['/etc/passwd'] } }, 'files of this machine'],
    ['Network.loadNetworkResource', { url: 'file:///etc/passwd' }, 'files of this machine'],
    ['Storage.getCookies', { browserContextId: 'foreign' }, 'a context of somebody else’s'],
    ['Tethering.bind', { port: 1 }, 'a port on this machine'],
    ['Tethering.unbind', { port: 1 }, 'a port on this machine'],
    ['Extensions.loadUnpacked', { path: '/tmp' }, 'a folder of this machine'],
    ['Extensions.uninstall', { id: 'a' }, 'they are the session’s'],
    ['PWA.install', { manifestId: 'a' }, 'programs on this machine'],
    ['PWA.launch', { manifestId: 'a' }, 'programs on this machine'],
    ['PWA.launchFilesInApp', { manifestId: 'a', files: ['/etc/passwd'] }, 'programs on this machine'],
  ]
  it.each(rows)('%s %j: %3$s', (method, params) => {
    expect(told(method, params)).toMatchObject({
      kind: 'refuse',
      error: { code: expect.any(Number), message: expect.stringMatching(/\w/) },
    })
  })

  it('beyond 50 pages or 20 contexts of its own', () => {
    expect(told('Target.createTarget', { url: 'about:blank' }, { made: { pages: 50, contexts: 0 } }).kind).toBe('refuse')
    expect(told('Target.createBrowserContext', {}, { made: { pages: 0, contexts: 20 } }).kind).toBe('refuse')
  })
})

describe('a command that reaches the browser changed', () => {
  it('downloads go where the session puts them, with the events that the program wants', () => {
    expect(told('Browser.setDownloadBehavior', { behavior: 'deny', downloadPath: '/tmp', eventsEnabled: true })).toEqual({
      kind: 'pass',
      params: { behavior: 'allowAndName', downloadPath: '/session', browserContextId: undefined, eventsEnabled: true },
    })
  })

  it('a context goes with its maker, and a page opens behind the one that a person drives', () => {
    expect(told('Target.createBrowserContext', { disposeOnDetach: false })).toMatchObject({ params: { disposeOnDetach: true } })
    expect(told('Target.createTarget', { url: 'about:blank' }, { isDriven: () => true })).toMatchObject({ params: { background: true } })
  })

  it('what is no text names nothing', () => {
    const params = { browserContextId: { toString: 0 } }
    expect(told('Target.disposeBrowserContext', params)).toMatchObject({ kind: 'refuse' })
  })

  it('what closes a page leaves the session another', () => {
    for (const method of ['Page.close', 'Target.closeTarget']) expect(told(method)).toEqual({ kind: 'pass', closes: 'page' })
  })
})

it('everything else is passed on as it is, also by names that every object has', () => {
  for (const method of ['Runtime.evaluate', 'constructor', '__proto__', 'toString', 'Browser.close ', 'browser.close'])
    expect(told(method), method).toEqual({ kind: 'pass' })
  expect(told('DOM.setFileInputFiles', { files: ['/a'] }, { mayNameFiles: true })).toEqual({ kind: 'pass' })
  expect(told('DOM.setFileInputFiles', { files: [] })).toEqual({ kind: 'pass' })
  for (const url of ['https://a.example', 'about:blank', 'data:text/html,a', 'blob:https://a.example/1', 'no address'])
    expect(told('Page.navigate', { url }), url).toEqual({ kind: 'pass' })
})

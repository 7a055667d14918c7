/** What `npm run build` made, from launch to quit: under Node, with a fake in place of Electron and everything else real. */
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { schema, type Connection } from '../../../preload/schema.ts'
import { buildShell, startBuiltShell, type BuiltShell } from '../../fakes/built-shell.ts'
import { until } from '../../fakes/kernel.ts'
import { processesNaming } from '../../fakes/processes.ts'
import { listenOnLoopback, loopbackAllowed, stopServer } from '../../fixtures/loopback.ts'

let shell: BuiltShell | undefined

beforeAll(buildShell, 300_000)
afterEach(async () => shell?.dispose())

async function launched(...args: string[]): Promise<BuiltShell & { connection: Connection }> {
  const started = startBuiltShell(args)
  shell = started
  await until('the window is loaded and the tray there', async () => {
    const { windows, trays } = await started.ask('facts')
    return trays.length === 1 && (windows[0]?.loaded.length ?? 0) > 1 && windows[0]?.visible === true
  })
  // The bridge's own type says so; the channel to the process forgets it.
  return { ...started, connection: (await started.ask('call', 'getConnection', undefined)) as Connection }
}

const listens = (address: string): Promise<boolean> => {
  const { hostname, port } = new URL(address)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    socket.once('connect', () => (socket.destroy(), resolve(true)))
    socket.once('error', () => resolve(false))
  })
}

describe('launched', () => {
  test('the server answers, the window has loaded every file of its page, and menu, tray and bridge are there', async () => {
    const { ask, connection, dataDir } = await launched()
    const health = await fetch(`${connection.url}/control/v1/health`)
    expect(await health.json()).toMatchObject({ status: 'ok' })

    const facts = await ask('facts')
    expect(facts.sandboxed).toBe(true)
    expect(facts.privileged.map(({ scheme }) => scheme)).toEqual(['app'])
    expect(facts.userData).toBe(join(dataDir, 'desktop'))
    expect(facts.errors).toEqual([])
    expect(facts.windows).toHaveLength(1)
    const [page, ...files] = facts.windows[0]?.loaded ?? []
    expect(page).toMatchObject({ url: 'app://wheelhouse/', status: 200 })
    expect(page?.policy).toContain(`connect-src 'self' ${connection.url} ${connection.url.replace('http', 'ws')}`)
    expect(page?.policy).toContain("script-src 'self';")
    expect(files.length).toBeGreaterThan(1)
    expect(files.every(({ status }) => status === 200)).toBe(true)
    expect(facts.windows[0]?.preferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
    })
    expect(facts.bridge.toSorted()).toEqual([...Object.keys(schema).filter((name) => name !== 'command'), 'onCommand'].toSorted())
    expect(facts.menu).toEqual(expect.arrayContaining(['File/Settings', 'Go/Search and commands', 'Go/Browsers']))
    expect(facts.trays[0]?.labels).toEqual(
      expect.arrayContaining(['Open Wheelhouse', 'Browsers API: listening/Stop the Browsers API', 'Quit']),
    )
  })

  test('the page goes nowhere, opens nothing and gets no device, and no other page reaches the bridge', async () => {
    const { ask, connection } = await launched()
    expect(await ask('navigate', 'https://example.org/')).toBe(false)
    expect(await ask('navigate', 'file:///etc/passwd')).toBe(false)
    expect(await ask('openWindow', `${connection.url}/docs`)).toBe(false)
    expect(await ask('openWindow', 'http://example.org/')).toBe(false)
    expect(await ask('grants', 'media', 'app://wheelhouse')).toBe(false)
    expect(await ask('grants', 'loopback-network', 'app://wheelhouse')).toBe(true)
    expect(await ask('callFrom', 'https://example.org/', 'wheelhouse:getConnection')).toEqual({ ok: false, message: 'Not allowed' })
    expect((await ask('facts')).opened).toEqual(['https://example.org/', `${connection.url}/docs`])
  })

  test('the variables that the published APIs name count here as they do without a window', async () => {
    const started = startBuiltShell([], { API_KEY: 'a-key-of-thirty-two-characters-00', SESSION_STORAGE_TYPE: 'database' })
    shell = started
    await until('the server runs', () => existsSync(join(started.dataDir, 'runtime.json')))
    const { apis } = JSON.parse(readFileSync(join(started.dataDir, 'runtime.json'), 'utf8')) as { apis: Record<string, { url: string }> }
    const start = (headers: Record<string, string>) => fetch(`${apis['bots']?.url}/api/sessions/nobody/start`, { method: 'POST', headers })
    expect((await start({})).status).toBe(401)
    expect((await start({ 'x-api-key': 'a-key-of-thirty-two-characters-00' })).status).toBe(404)
    expect(await (await fetch(`${apis['logins']?.url}/api/v1/auth/health`)).json()).toMatchObject({ data: { storage: 'database' } })
  })

  test('the server lets the window’s origin change settings, as its engine would ask for that', async () => {
    const { connection } = await launched()
    const address = `${connection.url}/control/v1/settings`
    const origin = 'app://wheelhouse'
    const preflight = await fetch(address, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'authorization,content-type' },
    })
    expect([preflight.ok, preflight.headers.get('access-control-allow-origin')]).toEqual([true, origin])
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH')
    expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('authorization')
    const changed = await fetch(address, {
      method: 'PATCH',
      headers: { origin, authorization: `Bearer ${connection.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ theme: 'dark' }),
    })
    expect([changed.status, changed.headers.get('access-control-allow-origin')]).toEqual([200, origin])
  })

  test('the tray stops and starts an API, and says so', async () => {
    const { ask, connection } = await launched()
    const state = async () => {
      const answer = await fetch(`${connection.url}/control/v1/apis`, { headers: { authorization: `Bearer ${connection.token}` } })
      const { apis } = (await answer.json()) as { apis: { name: string; state: string }[] }
      return apis.find(({ name }) => name === 'browsers')?.state
    }
    const offered = (label: string) => until(label, async () => (await ask('facts')).trays[0]?.labels.includes(label) === true)
    await ask('chooseInTray', 'Browsers API: listening/Stop the Browsers API')
    await offered('Browsers API: off/Start the Browsers API')
    expect(await state()).toBe('off')
    await ask('chooseInTray', 'Browsers API: off/Start the Browsers API')
    await offered('Browsers API: listening/Stop the Browsers API')
    expect(await state()).toBe('listening')
  })

  test('the menu sends the page to another one', async () => {
    const { ask } = await launched()
    await ask('chooseInMenu', 'Go/Browsers')
    await until('the page is told', async () => (await ask('facts')).windows[0]?.sent.length === 1)
    expect((await ask('facts')).windows[0]?.sent).toEqual([{ channel: 'wheelhouse:command', payload: { type: 'go', path: '/browsers' } }])
  })
})

describe('quit', () => {
  test.each<[string, (shell: BuiltShell) => unknown]>([
    ['from the tray', ({ ask }) => ask('chooseInTray', 'Quit').catch(() => undefined)],
    ['from the menu', ({ ask }) => ask('chooseInMenu', 'File/Quit').catch(() => undefined)],
    ['by SIGTERM', ({ signal }) => signal('SIGTERM')],
    ['by SIGINT', ({ signal }) => signal('SIGINT')],
  ])('%s ends with code 0, with no port open and no file of the run left', async (_how, quit) => {
    const { connection, ...running } = await launched()
    void quit(running)
    expect(await running.exited).toBe(0)
    expect(await listens(connection.url)).toBe(false)
    expect(existsSync(join(running.dataDir, 'runtime.json'))).toBe(false)
    expect(processesNaming(running.dataDir)).toEqual([])
  })

  test('with a browser session open leaves no Chromium behind', async () => {
    const { connection, ...running } = await launched()
    const site = createServer((_, response) => void response.setHeader('content-type', 'text/html').end('<title>Site</title>'))
    onTestFinished(() => stopServer(site))
    await fetch(`${connection.url}/control/v1/settings`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${connection.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ network: loopbackAllowed }),
    })
    const opened = await fetch(`${connection.url}/browsers/v1/browser-sessions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${connection.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ profile: 'plain', address: await listenOnLoopback(site) }),
    })
    const { session } = (await opened.json()) as { session: { id: string } }
    const state = async () => {
      const answer = await fetch(`${connection.url}/browsers/v1/browser-sessions/${session.id}`, {
        headers: { authorization: `Bearer ${connection.token}` },
      })
      return ((await answer.json()) as { session: { state: string } }).session.state
    }
    await until('the session is ready', async () => (await state()) === 'ready')
    expect(processesNaming(running.dataDir).length).toBeGreaterThan(1)
    await running.ask('chooseInTray', 'Quit').catch(() => undefined)
    expect(await running.exited).toBe(0)
    await until('no process names the data directory', () => processesNaming(running.dataDir).length === 0)
  })
})

describe('the smoke test', () => {
  test('checks everything on a profile of its own, says so in one line and exits with 0', async () => {
    shell = startBuiltShell(['--smoke-test'])
    expect([await shell.exited, shell.stderr()]).toEqual([0, ''])
    const [, json] = /^wheelhouse smoke ok (.*)\n$/.exec(shell.stdout()) ?? []
    expect(JSON.parse(json ?? 'no marker')).toMatchObject({
      health: 'ok',
      database: true,
      window: true,
      bridge: true,
      apis: { control: 'listening', browsers: 'listening' },
    })
    expect(existsSync(join(shell.dataDir, 'settings.json')) || existsSync(join(shell.dataDir, 'wheelhouse.db'))).toBe(false)
  })
})

describe('the command line', () => {
  test('a bad value is one line that names it, and exit code 2', async () => {
    shell = startBuiltShell(['--control-port', 'many'])
    expect(await shell.exited).toBe(2)
    expect(shell.stderr().trimEnd().split('\n')).toEqual([expect.stringContaining('--control-port "many"')])
  })

  test('a data directory that cannot be made is told, and the app ends with code 1', async () => {
    shell = startBuiltShell(['--data-dir', '/dev/null/wheelhouse'])
    expect([await shell.exited, shell.stdout()]).toEqual([1, ''])
  })

  test('switches of Chromium are no reason not to start', async () => {
    const { connection } = await launched('--ozone-platform=wayland', '--disable-gpu')
    expect(await listens(connection.url)).toBe(true)
  })
})

test('a data directory that another Wheelhouse holds is told in words, and the app ends with code 1', async () => {
  const first = await launched()
  const second = startBuiltShell(['--data-dir', first.dataDir])
  try {
    expect(await second.exited).toBe(1)
    expect(JSON.parse(readFileSync(join(first.dataDir, 'runtime.json'), 'utf8'))).toMatchObject({ pid: first.pid })
  } finally {
    await second.dispose()
  }
})

import { readFileSync, statSync, writeFileSync, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { newDataDir, runCli, startServer, type ServerProcess, type ServerProcessOptions } from '../fakes/server-process.ts'
import { reservedPort } from '../fixtures/ports.ts'

/** For what leaves a server as it was. */
let house: ServerProcess
beforeAll(async () => {
  // It opens to the network and closes again, and between the two nobody has its port for a moment.
  house = await startServer({ portsFromSettings: ['browsers'], dataDir: withPort('browsers', await reservedPort()) })
})
afterAll(() => house.dispose())

const running: { dispose(): Promise<void> }[] = []
afterEach(async () => {
  for (const thing of running.splice(0)) await thing.dispose()
})

async function start(options?: ServerProcessOptions): Promise<ServerProcess> {
  const server = await startServer(options)
  running.push(server)
  return server
}

async function occupiedPort(): Promise<number> {
  const other = createServer()
  running.push({ dispose: () => new Promise((resolve) => other.close(() => resolve())) })
  return new Promise((resolve) => other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)))
}

test('the ready line is the only line on stdout, and keeps the token to itself', async () => {
  const server = house
  expect(server.stdout().trimEnd().split('\n')).toHaveLength(1)
  expect(server.stdout()).not.toContain(server.token)
  expect(server.ready).toMatchObject({
    pid: server.child.pid,
    control: { url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) },
    apis: { browsers: { state: 'listening' } },
  })
})

test('runtime.json says the same with the token, for this user only, and goes when the server stops', async () => {
  const server = await start()
  const file = join(server.dataDir, 'runtime.json')
  const { control, ...rest } = JSON.parse(readFileSync(file, 'utf8'))
  expect(rest).toEqual({ version: server.ready.version, pid: server.ready.pid, apis: server.ready.apis })
  expect(control.url).toBe(server.ready.control.url)
  expect(control.token.length).toBeGreaterThan(20)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(await server.end()).toBe(0)
  expect(existsSync(file)).toBe(false)
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s ends the server with exit code 0, also while somebody listens to its events',
  async (signal) => {
    const server = await start()
    const events = new WebSocket(`${server.ready.control.url.replace('http', 'ws')}/control/v1/events`, [
      'wheelhouse',
      `bearer.${server.token}`,
    ])
    await new Promise((resolve) => events.once('open', resolve))
    expect(await server.end(signal)).toBe(0)
  },
)

test('a port that is taken is reported, and nothing else is held up by it', async () => {
  const port = await occupiedPort()
  const server = await start({ args: ['--browsers-port', String(port)] })
  expect(server.ready.apis['browsers']).toMatchObject({
    state: 'port-in-use',
    error: expect.stringContaining(String(port)),
    url: `${server.ready.control.url}/browsers`,
  })
  expect((await server.call('/browsers/sessions')).status).toBe(200)
  const { apis } = (await (await server.call('/control/v1/apis')).json()) as { apis: { name: string; freePort: number | null }[] }
  expect(apis.find(({ name }) => name === 'browsers')?.freePort).toBeGreaterThan(port)
})

test('with the control port taken the window still has somewhere to be', async () => {
  const port = await occupiedPort()
  const server = await start({ args: ['--control-port', String(port)] })
  expect(server.ready.control.url).not.toContain(`:${port}`)
  const { apis } = (await (await server.call('/control/v1/apis')).json()) as { apis: { name: string; state: string; error: string }[] }
  expect(apis.find(({ name }) => name === 'control')).toMatchObject({ state: 'port-in-use', error: expect.stringContaining(String(port)) })
})

test.each([
  [['--browsers-port', '70000'], {}, '--browsers-port'],
  [['--no-such-flag'], {}, '--no-such-flag'],
  [['--log-level', 'loud'], {}, '--log-level'],
  [[], { WHEELHOUSE_CONTROL_PORT: 'eighty' }, 'WHEELHOUSE_CONTROL_PORT'],
  [[], { SESSION_DEFAULT_EXPIRATION: 'soon' }, 'SESSION_DEFAULT_EXPIRATION'],
  [[], { DATABASE_URL: 'postgres://u:p@db.example/x' }, 'DATABASE_URL'],
])('a bad value %j %j stops the start with one line that names it and exit code 2', async (args, env, name) => {
  const { code, stdout, stderr } = await runCli(['--data-dir', newDataDir(), ...args], env as Record<string, string>)
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  expect(stderr).toContain(name)
  expect(stderr).not.toContain('u:p@')
})

test('a flag wins over its variable, the variable over the settings file', async () => {
  const [flag, variable, saved] = [await reservedPort(), await reservedPort(), await reservedPort()]
  const dataDir = newDataDir()
  writeFileSync(join(dataDir, 'settings.json'), JSON.stringify({ version: 1, settings: { apis: { browsers: { port: saved } } } }))
  const first = await start({ dataDir, args: ['--browsers-port', String(flag)], env: { WHEELHOUSE_BROWSERS_PORT: String(variable) } })
  expect(first.ready.apis['browsers']?.url).toBe(`http://127.0.0.1:${flag}`)
  const { fixed } = (await (await first.call('/control/v1/settings')).json()) as { fixed: Record<string, string> }
  expect(fixed['apis.browsers.port']).toBe('--browsers-port')
  expect((await first.call('/control/v1/apis/browsers', { method: 'PATCH', json: { port: saved } })).status).toBe(409)
})

test('one data directory has one server', async () => {
  const server = house
  const second = await runCli(['--data-dir', server.dataDir])
  expect(second).toMatchObject({ code: 2, stdout: '' })
  expect(second.stderr).toContain(`pid ${server.child.pid}`)
})

test('health is open, all else of control asks for the token', async () => {
  const { ready } = house
  expect((await fetch(`${ready.control.url}/control/v1/health`)).status).toBe(200)
  for (const path of ['apis', 'settings', 'keys', 'users', 'audit', 'overview', 'site-profiles', 'session']) {
    const refused = await fetch(`${ready.control.url}/control/v1/${path}`)
    expect(refused.status, path).toBe(401)
    expect(await refused.json()).toEqual({ error: { code: 'key-required', message: expect.any(String), requestId: expect.any(String) } })
  }
})

test("the same paths are served at the root of an API's port and under its prefix, document and reference included", async () => {
  const { ready } = house
  for (const base of [ready.apis['browsers']?.url ?? '', `${ready.control.url}/browsers`]) {
    expect(await (await fetch(`${base}/sessions`)).json()).toEqual({ active_sessions: 0, sessions: [] })
    expect((await fetch(`${base}/openapi.json`)).status).toBe(200)
    expect(await (await fetch(`${base}/docs`)).text()).toContain('swagger-ui-bundle.js')
  }
  expect((await fetch(`${ready.control.url}/openapi.json`)).status).toBe(200)
})

test('a changed port moves this listener alone, and is kept over a restart', async () => {
  const dataDir = newDataDir()
  const [first, second] = [await reservedPort(), await reservedPort()]
  writeFileSync(join(dataDir, 'settings.json'), JSON.stringify({ version: 1, settings: { apis: { browsers: { port: first } } } }))
  const server = await startOnSettings(dataDir)
  expect(server.ready.apis['browsers']?.url).toBe(`http://127.0.0.1:${first}`)
  const events = new WebSocket(`${server.ready.control.url.replace('http', 'ws')}/control/v1/events`, [
    'wheelhouse',
    `bearer.${server.token}`,
  ])
  await new Promise((resolve) => events.once('open', resolve))
  const changed = await server.call('/control/v1/apis/browsers', { method: 'PATCH', json: { port: second } })
  expect(await changed.json()).toMatchObject({ state: 'listening', port: second })
  expect((await fetch(`http://127.0.0.1:${second}/sessions`)).status).toBe(200)
  await expect(fetch(`http://127.0.0.1:${first}/sessions`)).rejects.toThrow()
  expect(events.readyState).toBe(WebSocket.OPEN)
  events.close()
  await server.end()
  const again = await startOnSettings(dataDir)
  expect(again.ready.apis['browsers']?.url).toBe(`http://127.0.0.1:${second}`)
})

/** Starts without a flag for the browsers port, so that the settings file decides. */
function startOnSettings(dataDir: string): Promise<ServerProcess> {
  return start({ dataDir, portsFromSettings: ['browsers'] })
}

test.each([
  ['opened to the LAN', (server: ServerProcess) => server.call('/control/v1/apis/control', { method: 'PATCH', json: { openTo: 'lan' } })],
  [
    'opened to the LAN with other settings',
    (server: ServerProcess) =>
      server.call('/control/v1/settings', { method: 'PATCH', json: { apis: { control: { openTo: 'lan' } }, theme: 'dark' } }),
  ],
  [
    'given another port',
    async (server: ServerProcess) => server.call('/control/v1/apis/control', { method: 'PATCH', json: { port: await reservedPort() } }),
  ],
  ['started anew', (server: ServerProcess) => server.call('/control/v1/apis/control/start', { method: 'POST' })],
])('the control API that is %s answers before it moves, and serves where it then is', async (_, change) => {
  const server = await start({ portsFromSettings: ['control'], dataDir: withPort('control', await reservedPort()) })
  const changed = await change(server)
  expect(changed.status).toBe(200)
  await changed.json()
  const { control } = JSON.parse(readFileSync(join(server.dataDir, 'runtime.json'), 'utf8')) as { control: { url: string; token: string } }
  const own = await fetch(`${control.url}/control/v1/apis`, { headers: { authorization: `Bearer ${control.token}` } })
  expect(own.status).toBe(200)
  const link = await runCli(['sign-in-link', '--data-dir', server.dataDir])
  expect(link).toMatchObject({ code: 0, stdout: expect.stringContaining(`${control.url}/#sign-in=`) })
  expect(await server.end()).toBe(0)
})

/** A data directory whose settings give this API this port. */
function withPort(api: string, port: number): string {
  const dataDir = newDataDir()
  writeFileSync(join(dataDir, 'settings.json'), JSON.stringify({ version: 1, settings: { apis: { [api]: { port } } } }))
  return dataDir
}

test('a port that is taken is refused in a change, and the API stays where it was', async () => {
  const dataDir = newDataDir()
  const port = await reservedPort()
  writeFileSync(join(dataDir, 'settings.json'), JSON.stringify({ version: 1, settings: { apis: { browsers: { port } } } }))
  const server = await startOnSettings(dataDir)
  const taken = await occupiedPort()
  const refused = await server.call('/control/v1/apis/browsers', { method: 'PATCH', json: { port: taken } })
  expect(refused.status).toBe(409)
  expect(await refused.json()).toMatchObject({ error: { code: 'port-in-use', message: expect.stringContaining(String(taken)) } })
  expect((await fetch(`http://127.0.0.1:${port}/sessions`)).status).toBe(200)
  expect(JSON.parse(readFileSync(join(dataDir, 'settings.json'), 'utf8')).settings.apis.browsers.port).toBe(port)
})

test('settings that come with a port that is taken are refused with it, all of them', async () => {
  const dataDir = newDataDir()
  const server = await startOnSettings(dataDir)
  const before = await (await server.call('/control/v1/settings')).json()
  const patch = {
    theme: 'dark',
    apis: { browsers: { port: await occupiedPort() }, bots: { insecureNoKey: true } },
    logins: { roles: { guest: { maxConcurrent: 1 } } },
  }
  expect((await server.call('/control/v1/settings', { method: 'PATCH', json: patch })).status).toBe(409)
  expect(await (await server.call('/control/v1/settings')).json()).toEqual(before)
})

test('a key that is revoked is cut off in the middle of listening', async () => {
  const server = house
  const made = await server.call('/control/v1/keys', {
    method: 'POST',
    json: { name: 'listener', scopes: [{ room: 'control', verb: 'read' }] },
  })
  const { id, secret } = (await made.json()) as { id: string; secret: string }
  const events = new WebSocket(`${server.ready.control.url.replace('http', 'ws')}/control/v1/events`, ['wheelhouse', `bearer.${secret}`])
  await new Promise((resolve) => events.once('open', resolve))
  const closed = new Promise((resolve) => events.once('close', resolve))
  expect((await server.call(`/control/v1/keys/${id}`, { method: 'DELETE' })).status).toBe(204)
  expect(await closed).toBe(1_008)
})

test('open to the LAN an API asks for a key, and closes to this machine again, while the others stay as they are', async () => {
  const server = house
  const browsers = server.ready.apis['browsers']?.url ?? ''
  expect((await server.call('/control/v1/apis/browsers', { method: 'PATCH', json: { openTo: 'lan' } })).status).toBe(200)
  const { url } = (await (
    await server.call('/control/v1/apis')
  )
    .json()
    .then((body) => (body as { apis: { name: string; url: string }[] }).apis.find(({ name }) => name === 'browsers'))) ?? { url: browsers }
  expect((await fetch(`${url}/sessions`)).status).toBe(401)
  expect((await fetch(`${url}/health`)).status).toBe(200)
  const { secret } = (await (
    await server.call('/control/v1/keys', { method: 'POST', json: { name: 'tablet', scopes: [{ room: 'browsers', verb: 'read' }] } })
  ).json()) as { secret: string }
  expect((await fetch(`${url}/sessions`, { headers: { 'x-api-key': secret } })).status).toBe(200)
  expect(
    (await fetch(`${url}/sessions/session_1704623456_1234567890`, { method: 'DELETE', headers: { 'x-api-key': secret } })).status,
  ).toBe(403)
  expect((await server.call('/control/v1/apis/browsers', { method: 'PATCH', json: { openTo: 'machine' } })).status).toBe(200)
  expect((await fetch(`${url}/sessions`)).status).toBe(200)
})

test('a revoked key is refused at the next request', async () => {
  const server = house
  const { id, secret } = (await (
    await server.call('/control/v1/keys', { method: 'POST', json: { name: 'script', scopes: [{ room: 'control', verb: 'read' }] } })
  ).json()) as { id: string; secret: string }
  const use = (): Promise<Response> =>
    fetch(`${server.ready.control.url}/control/v1/apis`, { headers: { authorization: `Bearer ${secret}` } })
  expect((await use()).status).toBe(200)
  expect((await server.call(`/control/v1/keys/${id}`, { method: 'DELETE' })).status).toBe(204)
  expect((await use()).status).toBe(401)
})

test('a one-time link signs one browser in, once, with a cookie that scripts cannot read', async () => {
  const server = house
  const printed = await runCli(['sign-in-link', '--data-dir', server.dataDir])
  expect(printed.code).toBe(0)
  const [origin = '', code = ''] = printed.stdout.trim().split('/#sign-in=')
  expect(origin).toBe(server.ready.control.url)
  const redeem = (): Promise<Response> =>
    fetch(`${origin}/control/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify({ code }),
    })
  const signedIn = await redeem()
  expect(signedIn.status).toBe(200)
  const cookie = signedIn.headers.get('set-cookie') ?? ''
  expect(cookie).toMatch(/HttpOnly/)
  expect(cookie).toMatch(/SameSite=Strict/)
  const mine = { headers: { cookie: cookie.split(';')[0] ?? '', origin } }
  const again = await fetch(`${origin}/control/v1/session`, mine)
  expect(await again.json()).toEqual({ actor: 'owner', scopes: null, rights: null })
  expect(again.headers.get('set-cookie')?.split(';')[0]).toBe(mine.headers.cookie)
  expect((await redeem()).status).toBe(401)
  expect((await fetch(`${origin}/control/v1/session`, { ...mine, method: 'DELETE' })).status).toBe(204)
  expect((await fetch(`${origin}/control/v1/session`, mine)).status).toBe(401)
})

test('accounts and settings survive a kill, the audit trail says who did what', async () => {
  const server = await start()
  expect(
    (await server.call('/control/v1/users', { method: 'POST', json: { id: 'ada', primaryEmail: 'ada@example.org', credits: 350 } })).status,
  ).toBe(201)
  expect((await server.call('/control/v1/settings', { method: 'PATCH', json: { browsers: { idleTimeout: 90 } } })).status).toBe(200)
  await server.end('SIGKILL')
  const again = await start({ dataDir: server.dataDir })
  const { users } = (await (await again.call('/control/v1/users')).json()) as { users: object[] }
  expect(users).toEqual([expect.objectContaining({ id: 'ada', credits: 350 })])
  const { settings } = (await (await again.call('/control/v1/settings')).json()) as { settings: { browsers: { idleTimeout: number } } }
  expect(settings.browsers.idleTimeout).toBe(90)
  const { events } = (await (await again.call('/control/v1/audit?room=control')).json()) as { events: { type: string; actor: string }[] }
  expect(events).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ type: 'user-created', actor: 'owner' }),
      expect.objectContaining({ type: 'settings-changed', actor: 'owner' }),
    ]),
  )
})

test('a settings change that is not accepted names the field and changes nothing', async () => {
  const server = house
  const refused = await server.call('/control/v1/settings', { method: 'PATCH', json: { browsers: { maxSessions: 0, idleTimeout: 30 } } })
  expect(refused.status).toBe(400)
  expect(await refused.json()).toMatchObject({
    error: { code: 'settings-invalid', issues: [expect.objectContaining({ field: 'browsers.maxSessions' })] },
  })
  const { settings } = (await (await server.call('/control/v1/settings')).json()) as { settings: { browsers: { idleTimeout: number } } }
  expect(settings.browsers.idleTimeout).toBe(600)
})

test('events resume after the last one seen', async () => {
  const server = house
  const make = (name: string): Promise<Response> =>
    server.call('/control/v1/keys', { method: 'POST', json: { name, scopes: [{ room: 'browsers', verb: 'read' }] } })
  const url = `${server.ready.control.url.replace('http', 'ws')}/control/v1/events`
  const read = async (
    since: number,
    until: (events: { id: number; subject: string }[]) => boolean,
  ): Promise<{ id: number; subject: string }[]> => {
    const socket = new WebSocket(`${url}?since=${since}`, { headers: { authorization: `Bearer ${server.token}` } })
    const events: { id: number; subject: string }[] = []
    await new Promise<void>((resolve) =>
      socket.on('message', (data) => {
        const message = JSON.parse(String(data)) as { type: string; event: { id: number; subject: string } }
        if (message.type === 'event') events.push(message.event)
        if (until(events)) resolve()
      }),
    )
    socket.close()
    return events
  }
  await make('one')
  const first = await read(0, (events) => events.some(({ subject }) => subject === 'one'))
  await make('two')
  const last = first.at(-1)?.id ?? 0
  const second = await read(last, (events) => events.some(({ subject }) => subject === 'two'))
  expect(second.every(({ id }) => id > last)).toBe(true)
  expect(second.some(({ subject }) => subject === 'one')).toBe(false)
})

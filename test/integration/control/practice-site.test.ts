/** The practice site of `npm run portal -- --connect` and the server, each a process of its own, dying in every order. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { cleanEnvironment, newDataDir, startServer, type ServerProcess } from '../../fakes/server-process.ts'
import { eventually } from '../../fixtures/eventually.ts'

const program = join(import.meta.dirname, '..', '..', 'fixtures', 'portal', 'cli.ts')
let dataDir: string
let server: ServerProcess
const portals: ChildProcess[] = []

beforeEach(async () => {
  dataDir = newDataDir()
  server = await startServer({ dataDir })
})
afterEach(async () => {
  for (const portal of portals.splice(0)) portal.kill('SIGKILL')
  await server.dispose()
})

interface RunningPortal {
  child: ChildProcess
  said: string[]
  exit: Promise<number | null>
}

async function startPortalProcess(): Promise<RunningPortal> {
  const child = spawn(process.execPath, [program, '--port', '0', '--connect', '--data-dir', dataDir], {
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  portals.push(child)
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', (line) => said.push(line))
  const exit = once(child, 'close').then(([code]) => code as number | null)
  let over = false
  void exit.then(() => (over = true))
  await eventually('it has said all', () => over || said.includes('Ctrl+C stops it.'))
  return { child, said, exit }
}

const browsers = async () => (await (await server.call('/control/v1/settings')).json()).settings.browsers
const inFile = (): string => {
  try {
    return readFileSync(join(dataDir, 'settings.json'), 'utf8')
  } catch {
    return ''
  }
}
const profileStatus = async (): Promise<number> => (await server.call('/control/v1/site-profiles/harbor-gate')).status

async function connected(): Promise<{ portal: RunningPortal; before: unknown }> {
  const before = await browsers()
  const portal = await startPortalProcess()
  expect(await browsers()).toMatchObject({
    defaultProfile: 'harbor-gate',
    captcha: { address: expect.stringMatching(/^http:\/\/127\.0\.0\.1:/) },
  })
  expect(await profileStatus()).toBe(200)
  return { portal, before }
}

async function expectAsBefore(before: unknown): Promise<void> {
  await eventually('the settings are as before', async () => JSON.stringify(await browsers()) === JSON.stringify(before))
  expect(await profileStatus()).toBe(404)
  expect(inFile()).not.toContain('harbor-gate')
}

describe('a connected practice site', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('is no default any more when it ends by %s, and its sessions end', async (signal) => {
    const { portal, before } = await connected()
    const opened = await server.call('/browsers/get_session', {
      method: 'POST',
      json: { username: 'user1', password: 'harbor-demo', captcha_api_key: captchaKey(portal.said) },
    })
    expect(await opened.json()).toMatchObject({ success: true, is_new: true })
    portal.child.kill(signal)
    expect(await portal.exit).toBe(signal === 'SIGTERM' ? 0 : null)
    await expectAsBefore(before)
    expect(await (await server.call('/browsers/sessions')).json()).toMatchObject({ active_sessions: 0 })
  })

  it.each(['server', 'portal', 'both'] as const)('leaves nothing for the next start when %s is killed first', async (first) => {
    const { portal, before } = await connected()
    if (first !== 'server') portal.child.kill('SIGKILL')
    if (first === 'portal') await portal.exit
    await server.end('SIGKILL')
    if (first === 'server') {
      expect(await portal.exit).toBe(1)
      expect(portal.said.at(-1)).toContain('Wheelhouse has ended the connection')
    }
    server = await startServer({ dataDir })
    await expectAsBefore(before)
  })

  it('ends with the server that stops', async () => {
    const { portal } = await connected()
    expect(await server.end()).toBe(0)
    expect(await portal.exit).toBe(1)
    expect(inFile()).not.toContain('harbor-gate')
  })

  it('is the only one, cannot be changed meanwhile, and does not slip into the file with another change', async () => {
    const { portal, before } = await connected()
    const second = await startPortalProcess()
    expect(await second.exit).toBe(1)
    expect(second.said.join('\n')).toContain('belongs to a practice site that is connected')

    const patch = (json: object) => server.call('/control/v1/settings', { method: 'PATCH', json })
    const refused = await patch({ browsers: { defaultProfile: 'plain' } })
    expect([refused.status, await refused.json()]).toMatchObject([
      409,
      { error: { message: 'browsers.defaultProfile is fixed by the practice site that is connected; end it to change the setting here' } },
    ])
    expect((await server.call('/control/v1/site-profiles/harbor-gate', { method: 'DELETE' })).status).toBe(409)
    // A window may send back all it has read.
    expect((await patch({ browsers: { ...(await browsers()), maxSessions: 7 } })).status).toBe(200)
    expect(inFile()).not.toContain('harbor-gate')
    portal.child.kill('SIGKILL')
    await expectAsBefore({ ...(before as object), maxSessions: 7 })
  })

  it('gives way to the profile of its name that was there before', async () => {
    const own = { title: 'My own', kind: 'none', address: 'https://example.com/' }
    await server.call('/control/v1/site-profiles/harbor-gate', { method: 'PUT', json: own })
    const { portal } = await connected()
    portal.child.kill('SIGKILL')
    await eventually(
      'the own one is back',
      async () => (await (await server.call('/control/v1/site-profiles/harbor-gate')).json()).title === 'My own',
    )
  })
})

it.each([
  [
    'is elsewhere',
    {
      profile: { name: 'harbor-gate', title: 'Elsewhere', kind: 'none', address: 'https://example.com/' },
      captchaAddress: 'http://127.0.0.1:1',
    },
  ],
  [
    'has its captcha elsewhere',
    { profile: { name: 'harbor-gate', title: 'Here', kind: 'none', address: 'http://127.0.0.1:1/' }, captchaAddress: 'http://example.com' },
  ],
  ['cannot be read', 'nonsense'],
])('a practice site that %s is refused', async (_, message) => {
  const before = await browsers()
  const socket = new WebSocket(`${server.ready.control.url.replace('http', 'ws')}/control/v1/practice-site`, {
    headers: { authorization: `Bearer ${server.token}` },
  })
  const answers: string[] = []
  socket.on('message', (data) => answers.push(String(data)))
  await once(socket, 'open')
  socket.send(JSON.stringify(message))
  expect((await once(socket, 'close'))[0]).toBe(4_409)
  expect(JSON.parse(answers[0] ?? '')).toMatchObject({ type: 'refused' })
  expect(await browsers()).toEqual(before)
})

const captchaKey = (said: readonly string[]): string => /captcha key +(\S+)/.exec(said.join('\n'))?.[1] ?? ''

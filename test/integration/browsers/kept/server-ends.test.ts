/** What was acknowledged outlives the server, however it ends, and no password is left on the disk. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { newDataDir, startServer, type ServerProcess } from '../../../fakes/server-process.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { startPortal, type Portal } from '../../../fixtures/portal/portal.ts'

const password = 'harbor-demo'
let portal: Portal
beforeAll(async () => {
  portal = await startPortal({ captcha: 'none' })
})
afterAll(() => portal.stop())

const start = async (dataDir: string): Promise<ServerProcess> => {
  const server = await startServer({ dataDir })
  onTestFinished(() => server.dispose())
  return server
}
const getSession = async (server: ServerProcess) => {
  const reply = await server.call('/browsers/get_session', {
    method: 'POST',
    json: { username: 'user1', password, captcha_api_key: 'unused' },
  })
  return (await reply.json()) as { session_id: string; is_new: boolean; created_at: string }
}

it('a login is there again after an ordered end, and after a kill right behind the answer, with one login at the site', async () => {
  const dataDir = newDataDir()
  const first = await start(dataDir)
  const settings = { network: { allowedRanges: ['127.0.0.0/8'] }, browsers: { defaultProfile: 'harbor-gate' } }
  await first.call('/control/v1/settings', { method: 'PATCH', json: settings })
  const { name, ...profile } = portal.siteProfile()
  await first.call(`/control/v1/site-profiles/${name}`, { method: 'PUT', json: profile })
  const opened = await getSession(first)
  expect(opened.is_new).toBe(true)
  expect(await first.end('SIGTERM')).toBe(0)

  const second = await start(dataDir)
  const woken = await getSession(second)
  expect(woken).toMatchObject({ session_id: opened.session_id, is_new: false, created_at: opened.created_at })
  await second.end('SIGKILL')

  const third = await start(dataDir)
  const list = (await (await third.call('/browsers/v1/browser-sessions')).json()) as { sessions: unknown[] }
  expect(list.sessions).toMatchObject([
    { id: opened.session_id, state: 'hibernated', endReason: 'crashed', reason: 'The server ended without closing it' },
  ])
  expect(await getSession(third)).toMatchObject({ session_id: opened.session_id, is_new: false })
  expect(portal.logins).toBe(1)

  const profiles = join(dataDir, 'browsers', 'profiles')
  await eventually('nothing is left of the earlier browsers', () => readdirSync(profiles).length === 1)
  await third.end('SIGTERM')
  // Neither the password nor what signs in: the database has them sealed or not at all.
  for (const file of readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())) {
    const content = readFileSync(join(file.parentPath, file.name)).toString('latin1')
    expect([file.name, content.includes(password), content.includes('harbor_session')]).toEqual([file.name, false, false])
  }
})

import { existsSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { startRealTimer } from '../../../../server/async/deadline.ts'
import { createProcessRegistry, type RegisteredProcess } from '../../../../server/browsers/process/process-registry-store.ts'
import { serveBrowsers, type ServedBrowsers, type ServeOptions } from '../../../fakes/served-browsers.ts'
import { isCollected } from '../../../fixtures/collected.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { listenOnLoopback, stopServer } from '../../../fixtures/loopback.ts'

let served: ServedBrowsers
afterEach(() => served.stop())

const serve = async (settings: { maxSessions?: number } = {}, room: ServeOptions['room'] = {}): Promise<void> => {
  served = await serveBrowsers({ settings: { browsers: { warmSpare: true, ...settings } }, room })
}
const rows = (): RegisteredProcess[] => createProcessRegistry(served.context.database).all()
const spareOf = (): RegisteredProcess | undefined => rows().find(({ id, pid }) => id.startsWith('spare_') && pid !== null)
const spare = (): Promise<RegisteredProcess> =>
  eventually('a spare browser waits', async () => (await served.get('/v1/browser-sessions')).body.spareReady && spareOf())
const pidOf = (id: string): number | undefined => served.room.service.get(id).browser.running?.pid
const driverOf = (id: string): WeakRef<object> => new WeakRef(served.room.service.get(id).browser.running?.puppeteer ?? {})
const profiles = (): string[] => readdirSync(join(served.context.dataDir, 'browsers', 'profiles'))

it('the next session gets the browser that was started ahead, with a directory of its own, and another one is started', async () => {
  await serve()
  const first = (await served.open(1)).body
  const waiting = await spare()
  expect((await served.get('/sessions')).body.active_sessions).toBe(1)
  expect(waiting.pid).not.toBe(pidOf(first.session_id))

  const second = (await served.open(2)).body
  expect(second).toMatchObject({ is_new: true, username: 'user2' })
  expect(pidOf(second.session_id)).toBe(waiting.pid)
  expect((await served.get('/sessions')).body.sessions).toMatchObject([{ current_url: `${served.portal.url}/containers` }, {}])
  await eventually('another one waits', () => rows().length === 3 && profiles().length === 3)

  const driver = driverOf(second.session_id)
  await served.remove(`/sessions/${second.session_id}`)
  expect(existsSync(waiting.profileDir)).toBe(false)
  expect(existsSync(`/proc/${waiting.pid}`)).toBe(false)
  expect(served.room.service.recall(second.session_id).state).toBe('closed')
  await eventually('it can be looked at, but what drove its browser is held by nothing', () => isCollected(driver))
  await served.room.stop()
  expect([rows(), profiles()]).toEqual([[], []])
})

it('what waited is handed out whole: its page guarded, its way judged, its choices in force, all of it recorded', async () => {
  await serve()
  await served.open(1)
  const waiting = await spare()
  const own = createServer()
  const address = await listenOnLoopback(own)
  served.context.egress.addListener(Number(new URL(address).port))

  const choices = { locale: 'de-DE', timezone: 'Asia/Tokyo', viewport: { width: 900, height: 700 } }
  const credentials = { username: 'user2', password: 'harbor-demo' }
  const { id } = (await served.post('/v1/browser-sessions', { profile: 'harbor-gate', ...credentials, ...choices })).body.session
  const session = served.room.service.get(id)
  await eventually('it is signed in', () => session.state === 'ready')
  expect(pidOf(id)).toBe(waiting.pid)

  const page = session.page()
  const told = await page.evaluate(() => [navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone, innerWidth, innerHeight])
  expect(told).toEqual(['de-DE', 'Asia/Tokyo', 900, 700])
  expect(await page.evaluate(() => window.open('/returns'))).toBeNull()
  expect(await page.evaluate(() => [document.hasFocus(), window.confirm('Sure?')])).toEqual([true, false])
  expect(await page.evaluate((url) => fetch(url).then(String, String), address)).toContain('Error')
  await page.evaluate(() => (location.href = '/containers.csv'))
  await eventually('the file arrives with the session', () => session.downloads.list().some(({ state }) => state === 'done'))
  const kinds = session.events().map(({ kind }) => kind)
  expect(kinds).toEqual(expect.arrayContaining(['popup-blocked', 'dialog-dismissed', 'address-refused', 'download-ended']))
  expect(session.recorder.requests().map(({ url }) => url)).toContain(`${served.portal.url}/containers`)
  await stopServer(own)
})

it('none is started beyond the number of sessions, and the last place is served by the one that waits', async () => {
  await serve({ maxSessions: 2 })
  await served.open(1)
  const waiting = await spare()
  const second = (await served.open(2)).body
  expect(pidOf(second.session_id)).toBe(waiting.pid)
  // The third takes the place of the first, whose browser has to be gone before.
  expect((await served.open(3)).status).toBe(200)
  // What the first had on the disk goes when its process is gone, beside the third's start.
  await eventually('the first has left nothing', () => rows().length === 2)
})

it('it ends when it is not wanted any more', async () => {
  await serve()
  await served.open(1)
  const waiting = await spare()
  served.context.change({ browsers: { warmSpare: false } })
  await eventually('it is gone', () => !existsSync(waiting.profileDir) && rows().length === 1)
  expect(existsSync(`/proc/${waiting.pid}`)).toBe(false)
})

it.each(['SIGKILL', 'SIGSTOP'] as const)('one that got a %s while it waited is no trouble for anybody', async (signal) => {
  // It is given up as soon as in the product.
  await serve({}, { startTimer: startRealTimer })
  await served.open(1)
  const { pid, profileDir } = await spare()
  process.kill(pid ?? 0, signal)
  expect(await served.open(2)).toMatchObject({ status: 200 })
  await eventually('its directory is gone', () => !existsSync(profileDir))
})

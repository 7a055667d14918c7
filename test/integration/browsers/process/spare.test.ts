import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createProcessRegistry, type RegisteredProcess } from '../../../../server/browsers/process/process-registry-store.ts'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'

let served: ServedBrowsers
afterEach(() => served.stop())

const serve = async (settings: { maxSessions?: number } = {}): Promise<void> => {
  served = await serveBrowsers({ settings: { browsers: { warmSpare: true, ...settings } } })
}
const rows = (): RegisteredProcess[] => createProcessRegistry(served.context.database).all()
const spareOf = (): RegisteredProcess | undefined => rows().find(({ id, pid }) => id.startsWith('spare_') && pid !== null)
const spare = (): Promise<RegisteredProcess> =>
  eventually('a spare browser waits', async () => (await served.get('/v1/browser-sessions')).body.spareReady && spareOf())
const pidOf = (id: string): number | undefined => served.room.service.get(id).browser.running?.pid
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

  await served.remove(`/sessions/${second.session_id}`)
  expect(existsSync(waiting.profileDir)).toBe(false)
  expect(existsSync(`/proc/${waiting.pid}`)).toBe(false)
  await served.room.stop()
  expect([rows(), profiles()]).toEqual([[], []])
})

it('none is started beyond the number of sessions, and the last place is served by the one that waits', async () => {
  await serve({ maxSessions: 2 })
  await served.open(1)
  const waiting = await spare()
  const second = (await served.open(2)).body
  expect(pidOf(second.session_id)).toBe(waiting.pid)
  // The third takes the place of the first, whose browser has to be gone before.
  expect((await served.open(3)).status).toBe(200)
  expect(rows()).toHaveLength(2)
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
  await serve()
  await served.open(1)
  const { pid, profileDir } = await spare()
  process.kill(pid ?? 0, signal)
  expect(await served.open(2)).toMatchObject({ status: 200 })
  await eventually('its directory is gone', () => !existsSync(profileDir))
})

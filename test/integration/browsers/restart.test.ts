import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serveBrowsers, type ServedBrowsers } from '../../fakes/served-browsers.ts'
import { eventually } from '../../fixtures/eventually.ts'

let served: ServedBrowsers
beforeAll(async () => {
  served = await serveBrowsers({ settings: { browsers: { warmSpare: true } } })
})
afterAll(() => served.stop())

const profiles = (): string[] => readdirSync(join(served.context.dataDir, 'browsers', 'profiles'))

it('the room is stopped and started in place: what ran sleeps and is told, and everything works again', async () => {
  const { logins } = served.portal
  const id = (await served.open(1)).body.session_id
  for (let round = 0; round < 2; round += 1) {
    expect((await served.open(1)).body).toMatchObject({ session_id: id, is_new: false })
    const pid = served.room.service.get(id).browser.running?.pid
    await eventually('a spare browser waits', async () => (await served.get('/v1/browser-sessions')).body.spareReady)
    await served.room.stop()
    expect([existsSync(`/proc/${pid}`), profiles()]).toEqual([false, []])
    expect(served.room.service.recall(id)).toMatchObject({ state: 'hibernated', endReason: 'shutdown' })
    expect(await served.open(1)).toMatchObject({ status: 500, body: { success: false } })

    await served.room.start()
    expect((await served.get('/sessions')).body).toEqual({ active_sessions: 0, sessions: [] })
  }
  const again = await served.open(1)
  expect(again).toMatchObject({ status: 200, body: { session_id: id, is_new: false } })
  expect(served.portal.logins).toBe(logins + 1)
  expect(await served.post('/v1/chromium/find')).toMatchObject({ status: 200, body: { state: 'ready' } })

  // Settings are heard again, and once.
  await eventually('a spare browser waits', async () => (await served.get('/v1/browser-sessions')).body.spareReady)
  served.context.change({ browsers: { warmSpare: false } })
  await eventually('it is gone', () => profiles().length === 1)
})

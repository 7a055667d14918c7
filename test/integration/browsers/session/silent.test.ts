/** A browser that is there and does not answer is not handed out: its login goes on in a fresh one, or it is said why not. */
import { existsSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { StartTimer } from '../../../../server/async/deadline.ts'
import { testClock } from '../../../fakes/kernel.ts'
import { patientTimer, serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { exampleContainer } from '../../../fixtures/portal/containers.ts'

const clock = testClock()
const pingLimit = 4_000
const browserLimit = 3_000
const pageLimit = 5_000
/** Limits run out when the test says so: a busy machine is no silent browser. */
const running = new Map<() => void, number>()
const startTimer: StartTimer = (ms, ring) => {
  if (![pingLimit, browserLimit, pageLimit].includes(ms)) return patientTimer(ms, ring)
  running.set(ring, ms)
  return () => void running.delete(ring)
}
let served: ServedBrowsers

beforeAll(async () => {
  served = await serveBrowsers({
    clock,
    room: { upkeep: { tick: 3_600_000, pingEvery: 60_000, pingTimeout: pingLimit }, startTimer },
  })
})
afterEach(async () => {
  for (const { id, browser } of served.room.service.list()) {
    if (browser.running) process.kill(browser.running.pid, 'SIGCONT')
    await served.remove(`/sessions/${id}`)
  }
})
afterAll(() => served.stop())

const credentials = { username: 'user1', password: 'harbor-demo', captcha_api_key: 'unused' }
const open = async (): Promise<string> => (await served.open(1)).body.session_id
const stop = (id: string, signal: NodeJS.Signals = 'SIGSTOP'): number => {
  const pid = served.room.service.get(id).browser.running?.pid ?? 0
  process.kill(pid, signal)
  return pid
}
const runOut = async (limit: number): Promise<void> => {
  const ring = await eventually(`the limit of ${limit} ms runs`, () => [...running].find(([, ms]) => ms === limit)?.[0])
  running.delete(ring)
  ring()
}
/** Leaves the page in front in a loop without an end. */
const hang = async (id: string): Promise<void> => {
  const page = served.room.service.get(id).page()
  const before = served.portal.requests.length
  await page.goto(`${served.portal.url}/hang`)
  await eventually('it hangs', () => served.portal.requests.slice(before).includes('GET /hangs'))
}
const recalled = (id: string) => served.room.service.recall(id)

describe('a browser that has been stopped', () => {
  it('is ended, and its login goes on in a fresh one for who asks for its session', async () => {
    const id = await open()
    const { logins } = served.portal
    const old = recalled(id)
    const pid = stop(id)
    const asked = served.open(1)
    await runOut(browserLimit)
    const fresh = await asked
    expect(fresh).toMatchObject({ status: 200, body: { success: true, session_id: id, is_new: false } })
    expect(served.portal.logins).toBe(logins)
    await eventually('the old browser is gone', () => old.state === 'hibernated' && !existsSync(`/proc/${pid}`))
    expect(old).toMatchObject({ endReason: 'crashed', reason: 'The browser does not answer' })
  })

  it('is replaced for all who ask at the same time', async () => {
    const id = await open()
    const old = recalled(id)
    stop(id)
    const asked = [served.open(1), served.open(1), served.open(1)]
    await eventually('all wait for its answer', () => [...running.values()].filter((ms) => ms === browserLimit).length === 3)
    for (const _ of asked) await runOut(browserLimit)
    const replies = await Promise.all(asked)
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(new Set(replies.map(({ body }) => body.session_id))).toEqual(new Set([id]))
    expect([old.live, recalled(id).live]).toEqual([false, true])
  })

  it('is left to who has leased it, and the others are told so; it serves again when it answers again', async () => {
    const id = await open()
    await served.post(`/v1/browser-sessions/${id}/leases`, { holder: 'nightly export', seconds: 600 })
    stop(id)
    const asked = served.open(1)
    await runOut(browserLimit)
    expect(await asked).toMatchObject({
      status: 500,
      body: { success: false, error: 'The browser does not answer, and nightly export is using this session' },
    })
    stop(id, 'SIGCONT')
    expect(await served.open(1)).toMatchObject({ status: 200, body: { session_id: id, is_new: false } })
  })

  it('makes an operation that names it fail in words, and one with credentials go to a fresh one', async () => {
    const id = await open()
    const old = recalled(id)
    stop(id)
    const named = served.post('/get_booking_number', { session_id: id, container_id: exampleContainer })
    await runOut(browserLimit)
    expect(await named).toMatchObject({ status: 500, body: { success: false, error: 'The browser does not answer' } })
    expect(old.live).toBe(true)

    const either = served.post('/get_booking_number', { session_id: id, ...credentials, container_id: exampleContainer })
    await runOut(browserLimit)
    await runOut(browserLimit)
    expect((await either).body).toMatchObject({ success: true, session_id: id, is_new_session: false, booking_number: 'BK-88210' })
    expect(old.live).toBe(false)
  })

  it('in the middle of an operation or a login ends the waiting', async () => {
    const { name, ...profile } = served.portal.siteProfile()
    served.room.profiles.put(
      name,
      {
        ...profile,
        operations: { get_booking_number: { address: `${served.portal.url}/slow?ms=60000`, inputs: {}, steps: [], read: '#who' } },
      },
      'test',
    )
    const id = await open()
    const before = served.portal.requests.length
    const asked = served.post('/get_booking_number', { session_id: id, container_id: exampleContainer })
    await eventually('the operation has begun', () => served.portal.requests.slice(before).includes('GET /slow'))
    stop(id)
    clock.advance(61_000)
    served.room.service.runUpkeep()
    await runOut(pingLimit)
    expect(await asked).toMatchObject({ status: 500, body: { success: false, error: 'The browser does not answer' } })
    served.room.profiles.put(name, profile, 'test')
  })
})

describe('a page in front that does not answer', () => {
  it('is replaced by a new one, in which the login still holds', async () => {
    const id = await open()
    const logins = served.portal.logins
    await hang(id)
    const asked = served.open(1)
    await runOut(pageLimit)
    expect(await asked).toMatchObject({ status: 200, body: { session_id: id, is_new: false } })
    expect(served.portal.logins).toBe(logins)
    const session = served.room.service.get(id)
    expect(await session.page().evaluate(() => location.pathname)).toBe('/containers')
    await eventually('the hung one is closed', () => session.pages.list().length === 1)
    expect(session.events().map(({ kind }) => kind)).toContain('page-replaced')
  })

  it('is left to the person who has taken it over, and the others are told so', async () => {
    const id = await open()
    const session = served.room.service.get(id)
    await hang(id)
    session.control.take('a-view')
    const asked = served.open(1)
    await runOut(pageLimit)
    expect(await asked).toMatchObject({
      status: 500,
      body: { success: false, error: 'The page in front does not answer, and a person is using this session' },
    })
    expect(session.live).toBe(true)
  })

  it('because its renderer has crashed is loaded anew before it is handed out', async () => {
    const id = await open()
    const session = served.room.service.get(id)
    const cdp = await session.page().createCDPSession()
    cdp.send('Page.crash').catch(() => undefined)
    expect(await served.open(1)).toMatchObject({ status: 200, body: { session_id: id } })
    expect(await session.page().evaluate(() => location.pathname)).toBe('/containers')
  })
})

it('the login of a browser that has just died goes on in a fresh one', async () => {
  const id = await open()
  stop(id, 'SIGKILL')
  const asked = await served.open(1)
  expect(asked).toMatchObject({ status: 200, body: { success: true, session_id: id, is_new: false } })
})

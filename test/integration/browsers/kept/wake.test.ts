/** A login outlives its browser: whoever comes back finds it under the same id, without another login at the site. */
import { existsSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { testClock } from '../../../fakes/kernel.ts'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { exampleContainer } from '../../../fixtures/portal/containers.ts'

const clock = testClock()
const minute = 60_000
let served: ServedBrowsers

beforeAll(async () => {
  // Nothing happens by itself here: the clock is moved and the look is ordered.
  served = await serveBrowsers({
    clock,
    settings: { browsers: { maxSessions: 2 } },
    room: { upkeep: { tick: 3_600_000, pingEvery: 86_400_000 } },
  })
})
afterEach(async () => {
  served.portal.signedOut = 'redirect'
  for (const { id } of served.room.service.list()) await served.remove(`/sessions/${id}`)
  await served.remove('/v1/kept-logins')
})
afterAll(() => served.stop())

const idle = (): void => {
  clock.advance(11 * minute)
  served.room.service.runUpkeep()
}
const open = async (user: number): Promise<string> => (await served.open(user)).body.session_id
const detail = async (id: string) => (await served.get(`/v1/browser-sessions/${id}`)).body.session
const asleep = (id: string) => eventually('it sleeps', async () => (await detail(id)).state === 'hibernated')
const kinds = (id: string): string[] =>
  served.room.service
    .recall(id)
    .events()
    .map(({ kind }) => kind)

describe('a session that nobody used', () => {
  it('sleeps, and the same credentials wake it under the same id, at the page where it was, without a second login', async () => {
    const first = await served.open(1)
    const id = first.body.session_id
    const page = served.room.service.get(id).page()
    await page.goto(`${served.portal.url}/holds?page=2`)
    await page.evaluate(() => {
      localStorage.setItem('columns', 'wide')
      sessionStorage.setItem('draft', 'half a sentence')
    })
    const { logins } = served.portal
    const pid = served.room.service.get(id).browser.running?.pid
    idle()
    await asleep(id)
    expect(existsSync(`/proc/${pid}`)).toBe(false)
    expect((await served.get('/sessions')).body).toEqual({ active_sessions: 0, sessions: [] })
    const [shown] = (await served.get('/v1/browser-sessions')).body.sessions
    expect(shown).toMatchObject({
      id,
      state: 'hibernated',
      username: 'user1',
      endReason: 'idle',
      currentUrl: `${served.portal.url}/holds?page=2`,
      asleep: { tabs: 1, expired: false, loginGoodUntil: null, leftOut: [] },
    })
    expect(shown.asleep.bytes).toBeGreaterThan(100)

    const woken = await served.open(1)
    expect(woken).toEqual({ status: 200, body: { ...first.body, is_new: false, message: 'Using existing persistent session' } })
    expect(served.portal.logins).toBe(logins)
    const after = served.room.service.get(id).page()
    expect(after.url()).toBe(`${served.portal.url}/holds?page=2`)
    expect(await after.evaluate(() => [localStorage.getItem('columns'), sessionStorage.getItem('draft'), history.length])).toEqual([
      'wide',
      'half a sentence',
      1,
    ])
    expect(kinds(id)).toContain('woke')
    expect((await detail(id)).asleep).toBeNull()
  })

  it('is woken once by ten who ask at once', async () => {
    const id = await open(1)
    const { logins } = served.portal
    idle()
    const replies = await Promise.all(Array.from({ length: 10 }, () => served.open(1)))
    expect(replies.map(({ status, body }) => [status, body.session_id, body.is_new])).toEqual(Array(10).fill([200, id, false]))
    expect(served.portal.logins).toBe(logins)
  })

  it('is logged in anew under the same id when its login has run out meanwhile', async () => {
    const id = await open(1)
    const { logins } = served.portal
    idle()
    await asleep(id)
    served.portal.expireAll()
    expect((await served.open(1)).body).toMatchObject({ session_id: id, is_new: false })
    expect(served.portal.logins).toBe(logins + 1)
  })

  it('is not woken by a wrong password', async () => {
    const id = await open(1)
    idle()
    const wrong = await served.post('/get_session', { username: 'user1', password: 'wrong', captcha_api_key: 'unused' })
    expect(wrong).toMatchObject({ status: 401, body: { error: 'Authentication failed' } })
    await asleep(id)
    expect((await served.open(1)).body).toMatchObject({ session_id: id, is_new: false })
  })

  it('is forgotten by DELETE, with the words of the contract, and not known after it', async () => {
    const id = await open(1)
    idle()
    expect(await served.remove(`/sessions/${id}`)).toEqual({ status: 200, body: { success: true, message: `Session ${id} closed` } })
    expect((await served.remove(`/sessions/${id}`)).status).toBe(404)
    expect((await served.get('/v1/browser-sessions')).body.sessions).toEqual([])
    expect((await detail(id)).state).toBe('closed')
    const fresh = await served.open(1)
    expect(fresh.body.is_new).toBe(true)
    expect(fresh.body.session_id).not.toBe(id)
  })
})

describe('an operation that names a session which sleeps', () => {
  const booking = (body: object) => served.post('/get_booking_number', { container_id: exampleContainer, ...body })

  it('wakes it while its login counts', async () => {
    const id = await open(1)
    const { logins } = served.portal
    idle()
    await asleep(id)
    expect((await booking({ session_id: id })).body).toMatchObject({ session_id: id, is_new_session: false, booking_number: 'BK-88210' })
    expect(served.portal.logins).toBe(logins)
  })

  it('wakes it also when it is on its way to sleep, beside others who do', async () => {
    const id = await open(1)
    idle()
    const replies = await Promise.all([booking({ session_id: id }), served.open(1), booking({ session_id: id })])
    expect(replies.map(({ status, body }) => [status, body.session_id])).toEqual(Array(3).fill([200, id]))
    idle()
    expect((await served.post(`/v1/browser-sessions/${id}/text`)).status).toBe(200)
  })

  it('asks for the credentials in the words of the contract when it does not, and goes on under the same id with them', async () => {
    const id = await open(1)
    idle()
    await asleep(id)
    served.portal.expireAll()
    expect(await booking({ session_id: id })).toEqual({
      status: 400,
      body: {
        success: false,
        error: 'Missing required fields: username, password, captcha_api_key (or valid session_id)',
        details: 'The kept login of this session counts no more',
      },
    })
    await asleep(id)
    expect((await detail(id)).asleep.expired).toBe(true)
    const credentials = { username: 'user1', password: 'harbor-demo', captcha_api_key: 'unused' }
    expect((await booking({ session_id: id, ...credentials })).body).toMatchObject({ session_id: id, booking_number: 'BK-88210' })
  })
})

it('who had to make room sleeps and comes back as it was', async () => {
  const one = await open(1)
  clock.advance(1_000)
  await open(2)
  await open(3)
  const { logins } = served.portal
  await asleep(one)
  expect((await served.open(1)).body).toMatchObject({ session_id: one, is_new: false })
  expect(served.portal.logins).toBe(logins)
})

it('a browser that died leaves the login behind', async () => {
  const id = await open(1)
  const { logins } = served.portal
  const ended = new Promise((resolve) => served.room.service.get(id).onEnd(resolve))
  process.kill(served.room.service.get(id).browser.running?.pid ?? 0, 'SIGKILL')
  await ended
  expect((await served.open(1)).body).toMatchObject({ session_id: id, is_new: false })
  expect(served.portal.logins).toBe(logins)
})

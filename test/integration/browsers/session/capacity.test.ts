import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'

let served: ServedBrowsers

beforeAll(async () => {
  served = await serveBrowsers({ settings: { browsers: { maxSessions: 2 } } })
})
afterEach(async () => {
  served.portal.delay = 0
  served.context.change({ browsers: { maxSessions: 2, memoryLimit: null, memoryReserve: 300 } })
  for (const { id } of served.room.service.list()) await served.remove(`/sessions/${id}`)
  await served.remove('/v1/kept-logins')
})
afterAll(() => served.stop())

const usernames = async (): Promise<string[]> =>
  (await served.get('/sessions')).body.sessions.map((session: { username: string }) => session.username).sort()
const lease = async (id: string): Promise<string> => (await served.post(`/v1/browser-sessions/${id}/leases`, { holder: 'a test' })).body.id

describe('the limit on sessions', () => {
  it('evicts the least recently used session that nobody leases, and answers with the capacity error when all are leased', async () => {
    const first = (await served.open(1)).body.session_id
    const second = (await served.open(2)).body.session_id
    const firstLease = await lease(first)
    expect((await served.get('/v1/browser-sessions')).body).toMatchObject({ capacity: 2, nextEvicted: second })

    // The first one is older, but leased.
    expect((await served.open(3)).body).toMatchObject({ success: true, is_new: true })
    expect(await usernames()).toEqual(['user1', 'user3'])
    expect((await served.get(`/v1/browser-sessions/${second}`)).body.session).toMatchObject({
      state: expect.stringMatching(/closing|hibernated/),
      endReason: 'evicted',
    })

    const third = served.room.service.list().find(({ credentials }) => credentials.username === 'user3')?.id ?? ''
    await lease(third)
    expect((await served.get('/v1/browser-sessions')).body.nextEvicted).toBeNull()
    expect(await served.open(4)).toMatchObject({ status: 500, body: { success: false, error: 'Failed to allocate session capacity' } })
    expect(await served.post('/v1/browser-sessions', { profile: 'harbor-gate', username: 'user4', password: 'harbor-demo' })).toMatchObject(
      {
        status: 409,
        body: {
          error: expect.stringMatching(/^All 2 sessions are in use; the first lease ends at 20\S+Z, if it is not given back before$/),
        },
      },
    )
    expect((await served.get('/v1/browser-sessions')).body.room).toMatchObject({
      places: 2,
      freePlaces: 0,
      roomFor: 0,
      fullBecause: 'places',
    })
    expect(await usernames()).toEqual(['user1', 'user3'])

    expect((await served.remove(`/v1/browser-sessions/${first}/leases/${firstLease}`)).status).toBe(204)
    expect((await served.remove(`/v1/browser-sessions/${first}/leases/${firstLease}`)).status).toBe(404)
    expect((await served.open(4)).status).toBe(200)
    expect(await usernames()).toEqual(['user3', 'user4'])
  })

  it('is also one of memory: who has to end for it is told, with the reason', async () => {
    const [kept, old] = [(await served.open(1)).body.session_id, (await served.open(2)).body.session_id]
    await lease(kept)
    await eventually('both are measured', () => served.room.service.list().every(({ browser }) => browser.metrics !== null))
    for (const { browser } of served.room.service.list()) {
      browser.measured({ memoryBytes: 300_000_000, processCount: 9 })
      // The next measurement, half a minute later, may be due before the next session is asked for.
      vi.spyOn(browser, 'measured').mockReturnValue()
    }
    served.context.change({ browsers: { maxSessions: 10, memoryLimit: 700, memoryReserve: 0 } })
    const { status, body } = await served.post('/v1/browser-sessions', {
      profile: 'harbor-gate',
      username: 'user3',
      password: 'harbor-demo',
    })
    expect([status, body.madeRoom]).toEqual([202, [{ id: old, username: 'user2', because: 'memory' }]])
    expect(served.room.service.recall(old).reason).toBe('It was the least recently used one, and its memory was needed')
    await eventually('it sleeps', async () => (await served.get(`/v1/browser-sessions/${old}`)).body.session.state === 'hibernated')
    served.context.change({ browsers: { memoryLimit: null, memoryReserve: 300 } })
    const { room } = (await served.get('/v1/browser-sessions')).body
    expect(room).toMatchObject({ places: 10, freePlaces: 8, fullBecause: null })
    expect(room.usedBytes + room.freeBytes + room.reserveBytes).toBeLessThanOrEqual(room.limitBytes)
  })

  it('serves five users at once with two places: one login each, never a third session or browser', async () => {
    const logins = served.portal.logins
    let mostSessions = 0
    const browsers = new Set<number>()
    let mostBrowsers = 0
    const watch = setInterval(() => {
      mostSessions = Math.max(mostSessions, served.room.service.list().length)
      for (const row of served.context.database.prepare<[], { pid: number | null }>('SELECT pid FROM browser_processes').all())
        if (row.pid !== null) browsers.add(row.pid)
      mostBrowsers = Math.max(mostBrowsers, [...browsers].filter(isRunning).length)
    }, 5)
    const replies = await Promise.all([1, 2, 3, 4, 5].flatMap((user) => [served.open(user), served.open(user)]))
    clearInterval(watch)
    expect(replies.map(({ status }) => status)).toEqual(Array(10).fill(200))
    expect(served.portal.logins).toBe(logins + 5)
    expect(mostSessions).toBe(2)
    expect(mostBrowsers).toBe(2)
    expect(browsers.size).toBeGreaterThanOrEqual(5)
  })

  it('never evicts a session between its sign-in and the operation it was opened for', async () => {
    const booking = (user: number) =>
      served.post('/get_booking_number', {
        username: `user${user}`,
        password: 'harbor-demo',
        captcha_api_key: 'unused',
        container_id: 'TRHU1866154',
      })
    const replies = await Promise.all([booking(6), booking(7)])
    expect(replies.map(({ body }) => body.booking_number)).toEqual(['BK-88210', 'BK-88210'])
    served.portal.delay = 600_000
    const busy = [booking(8), booking(9)]
    await eventually('both have taken the places of the idle ones', async () => (await usernames()).join() === 'user8,user9')
    // Both places are leased by operations that still sign in: waiting would be pointless.
    expect(await served.open(10)).toMatchObject({ status: 500, body: { error: 'Failed to allocate session capacity' } })
    for (const { id } of served.room.service.list()) await served.remove(`/sessions/${id}`)
    for (const reply of await Promise.all(busy)) expect(reply).toMatchObject({ status: 500, body: { success: false } })
  })
})

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { testClock } from '../../../fakes/kernel.ts'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { rawClient } from '../clients/raw-client.ts'
import { inWords } from '../../../fakes/words.ts'

const clock = testClock()
const minute = 60_000
let served: ServedBrowsers

beforeAll(async () => {
  // Nothing happens by itself here: the clock is moved and the look is ordered.
  served = await serveBrowsers({ clock, room: { upkeep: { tick: 3_600_000, pingEvery: 86_400_000 } } })
})
afterEach(async () => {
  for (const { id } of served.room.service.list()) await served.remove(`/sessions/${id}`)
  await served.remove('/v1/kept-logins')
})
afterAll(() => served.stop())

const pass = (ms: number): void => {
  clock.advance(ms)
  served.room.service.runUpkeep()
}
const ids = async (): Promise<string[]> =>
  (await served.get('/sessions')).body.sessions.map((session: { session_id: string }) => session.session_id)
const detail = async (id: string) => (await served.get(`/v1/browser-sessions/${id}`)).body.session
const kinds = (id: string): string[] =>
  served.room.service
    .recall(id)
    .events()
    .map(({ kind }) => kind)

describe('the passing of time', () => {
  it('ends a session after ten idle minutes, counted from its last use and not by the wall clock', async () => {
    const id = (await served.open(1)).body.session_id
    clock.setWall(clock.now() + 86_400_000)
    served.room.service.runUpkeep()
    expect(await ids()).toEqual([id])
    pass(9.9 * minute)
    expect(await ids()).toEqual([id])
    await served.open(1)
    pass(9.9 * minute)
    expect(await ids()).toEqual([id])
    const { idleExpiresAt } = await detail(id)
    expect(Date.parse(idleExpiresAt) - clock.now()).toBeCloseTo(0.1 * minute, -2)
    pass(0.2 * minute)
    expect(await ids()).toEqual([])
    expect(await detail(id)).toMatchObject({ endReason: 'idle', reason: 'Nobody used it for 600 seconds' })
  })

  it('keeps a leased session beyond its idle time until the last of its leases is over, each by its own deadline', async () => {
    const id = (await served.open(1)).body.session_id
    const long = await served.post(`/v1/browser-sessions/${id}/leases`, { holder: 'long work', seconds: 3_600 })
    await served.post(`/v1/browser-sessions/${id}/leases`, { holder: 'short work', seconds: 60 })
    expect(long).toMatchObject({ status: 201, body: { id: expect.stringMatching(/^lease_/), holder: 'long work' } })
    expect(await detail(id)).toMatchObject({
      state: 'in-use',
      idleExpiresAt: null,
      leases: [{ holder: 'long work' }, { holder: 'short work' }],
    })
    pass(2 * minute)
    expect((await detail(id)).leases).toMatchObject([{ holder: 'long work' }])
    pass(40 * minute)
    expect(await detail(id)).toMatchObject({ state: 'in-use' })
    pass(20 * minute)
    expect(await detail(id)).toMatchObject({ state: 'ready', leases: [] })
    pass(10 * minute)
    expect(await ids()).toEqual([])
    expect(kinds(id).filter((kind) => kind === 'lease-ended')).toHaveLength(2)
  })

  it('refreshes a login at the back and leaves the tab alone, but never a leased session', async () => {
    const id = (await served.open(1)).body.session_id
    const page = served.room.service.get(id).page()
    await page.goto(`${served.portal.url}/holds`)
    await page.evaluate(() => Object.assign(window, { mark: 'still here' }))
    // Sessions of earlier tests had theirs.
    const before = served.portal.requests.length
    const asked = () => served.portal.requests.slice(before).filter((request) => request === 'GET /session').length

    const { body: lease } = await served.post(`/v1/browser-sessions/${id}/leases`, { holder: 'work', seconds: 600 })
    pass(3 * minute)
    await served.remove(`/v1/browser-sessions/${id}/leases/${lease.id}`)
    expect(asked()).toBe(0)

    pass(1)
    await eventually('the refresh is done', async () => (await detail(id)).lastRefresh?.ok)
    expect(asked()).toBe(1)
    expect(await page.evaluate(() => [location.pathname, 'mark' in window])).toEqual(['/holds', true])
    const view = await detail(id)
    expect(Date.parse(view.nextRefreshAt) - clock.now()).toBe(2 * minute)
    expect(view.pages).toHaveLength(1)
  })

  it('refreshes a login beside programs, which do not see it, and renews it under their hands; not beside an operation', async () => {
    const id = (await served.open(1)).body.session_id
    const client = await rawClient((await served.post(`/v1/browser-sessions/${id}/connect`)).body.connectUrl)
    await client.ask('Target.setDiscoverTargets', { discover: true, filter: [{}] })
    await client.ask('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true })
    const told = client.events.length
    pass(2 * minute)
    await eventually('the refresh is done', async () => (await detail(id)).lastRefresh?.ok)
    expect(await detail(id)).toMatchObject({ state: 'in-use', idleExpiresAt: null })

    const { logins } = served.portal
    served.portal.expireAll()
    pass(2 * minute)
    await eventually('the login is renewed', async () => served.portal.logins === logins + 1 && (await detail(id)).state === 'in-use')
    expect(client.events.slice(told).filter(({ method }) => /targetCreated|attachedToTarget/.test(method))).toEqual([])

    const { body: lease } = await served.post(`/v1/browser-sessions/${id}/leases`, { holder: 'operation', seconds: 3_600 })
    served.portal.expireAll()
    pass(20 * minute)
    expect(served.portal.logins).toBe(logins + 1)
    expect(await ids()).toEqual([id])
    await served.remove(`/v1/browser-sessions/${id}/leases/${lease.id}`)
    client.close()
    await eventually('it has left', async () => (await detail(id)).clients.length === 0)
  })

  it('logs in again by itself when the login has gone, and calls for the person when that fails', async () => {
    const id = (await served.open(1)).body.session_id
    const logins = served.portal.logins
    served.portal.expireAll()
    pass(2 * minute)
    await eventually('the login is renewed', async () => served.portal.logins === logins + 1 && (await detail(id)).state === 'ready')

    Object.assign(served.room.service.get(id).credentials, { password: 'changed meanwhile' })
    served.portal.expireAll()
    pass(2 * minute)
    await eventually('it needs the person', async () => (await detail(id)).state === 'needs-you')
    expect((await detail(id)).reason).toBe('The site refused the login: Wrong user name or password')
    expect(inWords(served.room.attention())).toMatchObject([
      { tone: 'attention', action: 'take-over', subject: id, title: 'Session of user1 needs you' },
    ])
    expect(await ids()).toEqual([id])
  })
})

describe('a person who helps', () => {
  it('finds the session open after a failed login, takes over, logs in by hand and gives it back ready', async () => {
    const opened = await served.post('/v1/browser-sessions', { profile: 'harbor-gate', username: 'user1', password: 'mistyped' })
    expect(opened).toMatchObject({ status: 202, body: { isNew: true, session: { state: 'starting', username: 'user1' } } })
    const { id } = opened.body.session
    await eventually('it needs the person', async () => (await detail(id)).state === 'needs-you')

    const session = served.room.service.get(id)
    expect(session.control.take('view-1')).toBe(true)
    expect(session.control.take('view-2')).toBe(false)
    expect(await detail(id)).toMatchObject({ state: 'taken-over', idleExpiresAt: null })
    pass(30 * minute)
    expect(await ids()).toEqual([id])

    const page = session.page()
    await page.type('#username', '')
    await page.$eval('#username', (field) => (((field as HTMLInputElement).value = 'user1'), undefined))
    await page.type('#password', 'harbor-demo')
    await Promise.all([page.waitForSelector('#who'), page.click('#sign-in')])
    session.control.giveBack('view-2')
    expect((await detail(id)).state).toBe('taken-over')
    session.control.giveBack('view-1')
    await eventually('it is ready', async () => (await detail(id)).state === 'ready')
    expect((await detail(id)).reason).toBeNull()
    expect(kinds(id)).toEqual(expect.arrayContaining(['login-failed', 'took-over', 'given-back', 'session-ready']))
  })

  it('may open an address without a login as often as they like, each in a session of its own', async () => {
    const opened = { profile: 'plain', address: `${served.portal.url}/notice` }
    const first = (await served.post('/v1/browser-sessions', opened)).body.session
    const second = (await served.post('/v1/browser-sessions', opened)).body.session
    expect(first.id).not.toBe(second.id)
    await eventually(
      'both are ready',
      async () => (await detail(first.id)).state === 'ready' && (await detail(second.id)).state === 'ready',
    )
    expect((await detail(first.id)).currentUrl).toBe(opened.address)
    expect(await served.post('/v1/browser-sessions', { profile: 'plain' })).toMatchObject({
      status: 400,
      body: { success: false, error: 'Missing required fields: address' },
    })
    expect(await served.post('/v1/browser-sessions', { profile: 'no-such' })).toMatchObject({ status: 400, body: { success: false } })
    for (const address of ['file:///etc/passwd', 'chrome://version', 'nonsense'])
      expect((await served.post('/v1/browser-sessions', { ...opened, address })).status).toBe(400)
  })
})

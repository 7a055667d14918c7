/** Whether, for whom and until when a login is kept. */
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { testClock } from '../../../fakes/kernel.ts'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { createSealer } from '../../../../server/secrets/seal.ts'
import { createKeptStore } from '../../../../server/browsers/kept/kept-store.ts'
import { rawClient } from '../clients/raw-client.ts'
import { eventually } from '../../../fixtures/eventually.ts'

const clock = testClock()
const minute = 60_000
const day = 24 * 60 * minute
let served: ServedBrowsers

beforeAll(async () => {
  served = await serveBrowsers({ clock, room: { upkeep: { tick: 3_600_000, pingEvery: 86_400_000 } } })
})
afterEach(async () => {
  for (const { id } of served.room.service.list()) await served.remove(`/sessions/${id}`)
  await served.remove('/v1/kept-logins')
})
afterAll(() => served.stop())

const open = async (user = 1): Promise<string> => (await served.open(user)).body.session_id
const asleep = async (): Promise<string[]> =>
  (await served.get('/v1/browser-sessions')).body.sessions.flatMap((each: { id: string; asleep: object | null }) =>
    each.asleep ? [each.id] : [],
  )
const idle = async (id: string): Promise<void> => {
  clock.advance(11 * minute)
  served.room.service.runUpkeep()
  await eventually('its browser is gone', () => served.room.service.lately(id) !== undefined)
}
const told = (kind: string): object[] => served.context.emitted.filter(({ type }) => type === kind).map(({ data }) => data as object)
const profile = (keep: boolean): Promise<unknown> => {
  const { name, ...site } = served.portal.siteProfile({ keep })
  return Promise.resolve(served.room.profiles.put(name, site, 'test'))
}

it('nothing is kept where the setting or the site profile says no, and what lives is forgotten at once', async () => {
  await profile(false)
  await idle(await open())
  expect(await asleep()).toEqual([])
  await profile(true)
  const id = await open()
  expect(served.room.service.sleepers.stateOf(id)).not.toBeNull()
  served.context.change({ browsers: { keepLogins: false } })
  expect(served.room.service.sleepers.stateOf(id)).toBeNull()
  expect(await served.post(`/v1/browser-sessions/${id}/hibernate`)).toMatchObject({
    status: 409,
    body: { error: 'The settings say that no logins are kept' },
  })
  served.context.change({ browsers: { keepLogins: true } })
})

it('a kept login that nobody uses is forgotten after its days, which is told', async () => {
  const id = await open()
  await idle(id)
  clock.advance(29 * day)
  served.room.service.reconsider()
  expect(await asleep()).toEqual([id])
  clock.advance(day)
  served.room.service.reconsider()
  expect(await asleep()).toEqual([])
  expect(told('kept-login-forgotten').at(-1)).toMatchObject({ session: id, why: 'too-old' })
})

it('a site that binds logins to one run of the browser is noticed, told, and after three times not tried in vain', async () => {
  const id = await open()
  const tries = () => served.portal.requests.filter((request) => request === 'GET /containers').length
  for (let round = 1; round <= 3; round += 1) {
    await served.post(`/v1/browser-sessions/${id}/hibernate`)
    served.portal.expireAll()
    expect((await served.open(1)).body).toMatchObject({ session_id: id, is_new: false })
    expect(told('kept-login-refused').at(-1)).toMatchObject({ session: id, times: round, given: round === 3, ranOut: false })
  }
  await served.post(`/v1/browser-sessions/${id}/hibernate`)
  served.portal.expireAll()
  const before = tries()
  expect((await served.open(1)).body).toMatchObject({ session_id: id, is_new: false })
  // The page that a login leads to, and no other.
  expect(tries()).toBe(before + 1)
  expect(told('kept-login-refused')).toHaveLength(3)
})

it('a lease keeps a session from being put to sleep, and a page without a login may sleep too', async () => {
  const address = `${served.portal.url}/notice`
  const { id } = (await served.post('/v1/browser-sessions', { profile: 'plain', address })).body.session
  await eventually('it is open', () => served.room.service.get(id).state === 'ready')
  await served.post(`/v1/browser-sessions/${id}/leases`, { holder: 'a script' })
  expect(await served.post(`/v1/browser-sessions/${id}/hibernate`)).toMatchObject({
    status: 409,
    body: { error: 'a script is using this session' },
  })
  for (const lease of served.room.service.get(id).leases.list()) await served.remove(`/v1/browser-sessions/${id}/leases/${lease.id}`)
  expect((await served.post(`/v1/browser-sessions/${id}/hibernate`)).status).toBe(200)
  const woken = await Promise.all([1, 2, 3].map(() => served.post(`/v1/browser-sessions/${id}/wake`)))
  expect(woken.map(({ status, body }) => [status, body.session.id])).toEqual(Array(3).fill([202, id]))
  await eventually('it is there again', () => served.room.service.get(id).state === 'ready')
  expect(served.room.service.get(id).page().url()).toBe(address)
})

it('who comes while a session is being put to sleep goes on with it, and a program that drives it is not cut off', async () => {
  const id = await open()
  const sleep = () => served.post(`/v1/browser-sessions/${id}/hibernate`)
  const { keeping } = served.room.service.get(id)
  const keep = keeping.keep.bind(keeping)
  const [begun, leased] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  vi.spyOn(keeping, 'keep').mockImplementationOnce(async () => {
    begun.resolve()
    await leased.promise
    await keep()
  })
  const asked = sleep()
  await begun.promise
  const lease = await served.post(`/v1/browser-sessions/${id}/leases`, { holder: 'a script' })
  leased.resolve()
  const refused = await asked
  expect([refused.status, lease.status]).toEqual([409, 201])
  await served.remove(`/v1/browser-sessions/${id}/leases/${lease.body.id}`)

  const { connectUrl } = (await served.post(`/v1/browser-sessions/${id}/connect`, { client: 'nightly-check' })).body
  const program = await rawClient(connectUrl)
  expect(await sleep()).toMatchObject({ status: 409, body: { error: 'nightly-check is using this session' } })
  program.close()
  await eventually('it has left', () => served.room.service.get(id).clients.count === 0)
  expect((await sleep()).status).toBe(200)
})

it('what another key has sealed stays locked and keeps nobody from a new session', async () => {
  const id = await open()
  await idle(id)
  const store = createKeptStore(served.context.database, createSealer(randomBytes(32)))
  expect([store.all(), store.state(id), store.secret(() => randomBytes(32)), store.locked()]).toEqual([[], null, null, 1])
  store.giveUpLocked()
  expect(store.locked()).toBe(0)
})

it('a disk that takes no more costs what would have been kept; the browser ends all the same, and whoever comes is served', async () => {
  const id = await open()
  const { database } = served.context
  database.exec(`CREATE TRIGGER full BEFORE UPDATE ON kept_logins BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
  try {
    await idle(id)
  } finally {
    database.exec('DROP TRIGGER full')
  }
  expect((await served.open(1)).body).toMatchObject({ success: true })
})

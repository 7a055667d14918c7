/** One credential is one session, whatever happens to it in the moment in which somebody comes for it. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { testClock } from '../../../fakes/kernel.ts'
import { serveBrowsers, type Reply, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { apart } from '../../../../server/browsers/kept/stand-in.ts'
import type { Obtained, Wanted } from '../../../../server/browsers/session/wanted.ts'
import type { Session } from '../../../../server/browsers/session/session.ts'

const clock = testClock()
const minute = 60_000
const day = 24 * 60 * minute
let served: ServedBrowsers

beforeAll(async () => {
  // Nothing happens by itself here: the clock is moved and the look is ordered.
  served = await serveBrowsers({
    clock,
    settings: { browsers: { maxSessions: 1 } },
    room: { upkeep: { tick: 3_600_000, pingEvery: 86_400_000 } },
  })
})
afterEach(async () => {
  vi.restoreAllMocks()
  served.portal.signedOut = 'redirect'
  for (const { id } of served.room.service.list()) await served.remove(`/sessions/${id}`)
  await served.remove('/v1/kept-logins')
})
afterAll(() => served.stop())

/** Without HTTP, so that it happens in this very turn. */
const byHand: Wanted = {
  profile: 'harbor-gate',
  credentials: { username: 'user1', password: 'harbor-demo' },
  waitsForPerson: false,
  actor: 'test',
}
const open = async (): Promise<string> => (await served.open(1)).body.session_id
const live = (id: string): Session => served.room.service.get(id)
const sleep = (id: string): Promise<Reply> => served.post(`/v1/browser-sessions/${id}/hibernate`)
const wake = (id: string): Promise<Reply> => served.post(`/v1/browser-sessions/${id}/wake`)
const kill = (id: string): void => void process.kill(live(id).browser.running?.pid ?? 0, 'SIGKILL')
const gone = (session: Session): Promise<unknown> =>
  eventually('its browser is gone', () => served.room.service.lately(session.id) === session)
const same = (id: string): object => ({ status: 200, body: { session_id: id, is_new: false } })
const asleep = async (): Promise<string[]> =>
  (await served.get('/v1/browser-sessions')).body.sessions.flatMap((each: { id: string; asleep: object | null }) =>
    each.asleep ? [each.id] : [],
  )

/** Holds the look that is taken at the session's page until it is opened. */
function gateLooks(session: Session): { begun: Promise<void>; open(): void } {
  const { promise: begun, resolve: begins } = Promise.withResolvers<void>()
  const { promise: opened, resolve: openGate } = Promise.withResolvers<void>()
  const world = apart(session.page().mainFrame())
  const look = world.evaluate.bind(world)
  vi.spyOn(world, 'evaluate').mockImplementation(async (...args: Parameters<typeof look>) => {
    const read = await look(...args)
    // What was asked for beside it, the cookies, has been answered by now.
    await session.browser.running?.puppeteer.version()
    begins()
    await opened
    return read
  })
  return { begun, open: openGate }
}

describe('a look at a session that is still under way', () => {
  it('when its browser dies does not say afterwards that it lives', async () => {
    const id = await open()
    const session = live(id)
    const gate = gateLooks(session)
    const looked = session.keeping.keep()
    await gate.begun
    kill(id)
    await gone(session)
    gate.open()
    await looked
    expect(await asleep()).toEqual([id])
    expect(await served.open(1)).toMatchObject(same(id))
  })

  it('when it is closed does not bring its login back', async () => {
    const id = await open()
    const session = live(id)
    const gate = gateLooks(session)
    const looked = session.keeping.keep()
    await gate.begun
    await served.remove(`/sessions/${id}`)
    gate.open()
    await looked
    expect(served.room.service.sleepers.stateOf(id)).toBeNull()
    expect(served.context.database.prepare('SELECT count(*) AS rows FROM kept_logins').get()).toEqual({ rows: 0 })
  })
})

describe('a session that somebody was given', () => {
  it('keeps its id when its browser dies before anything of it could be read', async () => {
    const { database } = served.context
    database.exec(`CREATE TRIGGER unread BEFORE INSERT ON kept_logins WHEN NEW.state IS NOT NULL BEGIN SELECT RAISE(ABORT, 'not yet'); END`)
    try {
      const id = await open()
      const session = live(id)
      kill(id)
      await gone(session)
      expect(await served.open(1)).toMatchObject(same(id))
    } finally {
      database.exec('DROP TRIGGER unread')
    }
  })

  it('keeps its id when the disk takes no more as it falls asleep', async () => {
    const id = await open()
    const session = live(id)
    const { database } = served.context
    database.exec(`CREATE TRIGGER full BEFORE UPDATE ON kept_logins BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
    try {
      clock.advance(11 * minute)
      served.room.service.runUpkeep()
      await gone(session)
    } finally {
      database.exec('DROP TRIGGER full')
    }
    expect(await served.open(1)).toMatchObject(same(id))
  })

  it('is the same for all who come while it falls asleep, however it does', async () => {
    const id = await open()
    const { logins } = served.portal
    const ends: ((session: Session) => void)[] = [
      () => {
        clock.advance(11 * minute)
        served.room.service.runUpkeep()
      },
      () => void sleep(id),
      () => kill(id),
      // Another user needs its place.
      () => void served.open(2),
    ]
    for (const end of ends) {
      const session = live(id)
      const over = new Promise((resolve) => session.onEnd(resolve))
      end(session)
      await over
      expect(session.state).toBe('closing')
      const came = await Promise.all([served.open(1), wake(id), served.open(1)])
      expect(came).toMatchObject([same(id), { body: { session: { id } } }, same(id)])
    }
    // The other one's alone.
    expect(served.portal.logins).toBe(logins + 1)
  })

  it('is gone on with by who comes for it with a wish of theirs, when it falls asleep while that is fulfilled', async () => {
    const id = await open()
    const session = live(id)
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>()
    vi.spyOn(session.setup, 'join').mockImplementation(() => {
      isAsked()
      return new Promise((_, reject) => session.onEnd((reason) => reject(new Error(reason))))
    })
    const came = served.room.service.obtain({ ...byHand, setup: { tags: { for: 'a test' } } })
    await asked
    // In use by who asks.
    expect((await sleep(id)).status).toBe(409)
    kill(id)
    const { session: woken, isNew, release } = await came
    expect([woken.id, isNew, woken.live]).toEqual([id, false, true])
    await served.room.service.whenSignedIn(woken)
    release()
  })
})

it('a browser that dies in the first sign-in costs its caller an answer, and those who had joined get a session', async () => {
  const { handOut } = served.room.service
  const [first, second, third] = [handOut.ready(byHand), handOut.ready(byHand), handOut.ready(byHand)]
  const [session] = served.room.service.list()
  const record = session?.record.bind(session) as Session['record']
  vi.spyOn(session as Session, 'record').mockImplementation((kind, facts, actor) => {
    // The form is filled in next.
    if (kind === 'sign-in' && 'step' in facts && facts.step === 'sending') kill(session?.id ?? '')
    record(kind, facts, actor)
  })
  await expect(first).rejects.toMatchObject({ code: 'session-ended' })
  const got = await Promise.all([second, third])
  expect(got.map(({ session: { id, live: lives } }) => [id, lives])).toEqual(Array(2).fill([got[0]?.session.id, true]))
  for (const { release } of got) release()
})

describe('one that sleeps', () => {
  it('wakes once for all who come by its id and by its credentials', async () => {
    const id = await open()
    await sleep(id)
    const { logins } = served.portal
    const came = await Promise.all([wake(id), served.open(1), wake(id), served.open(1)])
    expect(came).toMatchObject([{ status: 202, body: { session: { id } } }, same(id), { status: 202, body: { session: { id } } }, same(id)])
    expect([served.room.service.list().length, served.portal.logins]).toEqual([1, logins])
  })

  it('serves who has its credentials also while it wakes in vain for an operation without them', async () => {
    const id = await open()
    await sleep(id)
    served.portal.expireAll()
    const operation = served.post('/get_booking_number', { session_id: id, container_id: 'TRHU1866154' })
    await eventually('it wakes', () => served.room.service.findLive(id) !== undefined)
    // It asks for credentials once, and finds none; who joins it then has come too late for that.
    let joined: Promise<Obtained> | undefined
    vi.spyOn(live(id), 'credentialsKnown', 'get').mockImplementation(() => {
      joined ??= served.room.service.handOut.ready(byHand)
      return false
    })
    expect((await operation).status).toBe(400)
    const given = await joined
    expect([given?.session.id, given?.isNew, given?.session.live]).toEqual([id, false, true])
    given?.release()
  })

  it('and is forgotten while it waits for a place is gone: by its id not found, by its credentials a new one', async () => {
    const id = await open()
    await sleep(id)
    const { body } = await served.open(2)
    const lease = live(body.session_id).hold()
    const byId = served.room.service.sleepers.wake(id, { waitsForPerson: false, actor: 'test' })
    byId.catch(() => undefined)
    const byCredentials = served.room.service.sleepers.forget(id, 'test').then(() => served.open(1))
    await eventually('it is forgotten', async () => (await asleep()).length === 0)
    lease()
    await expect(byId).rejects.toMatchObject({ code: 'session-not-found' })
    const came = await byCredentials
    expect(came).toMatchObject({ status: 200, body: { is_new: true } })
    expect(came.body.session_id).not.toBe(id)
  })

  it('does not get too old while it wakes', async () => {
    const id = await open()
    await sleep(id)
    clock.advance(31 * day)
    const waking = served.room.service.sleepers.wake(id, { waitsForPerson: false, actor: 'test' })
    served.room.service.reconsider()
    const { session, release } = await waking
    await served.room.service.whenSignedIn(session)
    release()
    expect(served.context.emitted).not.toContainEqual(
      expect.objectContaining({ data: expect.objectContaining({ session: id, why: 'too-old' }) }),
    )
    kill(id)
    await gone(session)
    expect(await served.open(1)).toMatchObject(same(id))
  })

  it('is closed for good by who restarts it, although it was woken in the same moment', async () => {
    const id = await open()
    const session = live(id)
    const over = new Promise((resolve) => session.onEnd(resolve))
    kill(id)
    await over
    const [again, restarted] = await Promise.all([served.open(1), served.post(`/v1/browser-sessions/${id}/restart`)])
    expect(restarted.body.session.id).not.toBe(id)
    expect(again.body.session_id === id || again.status !== 200).toBe(true)
    expect(await asleep()).toEqual([])
    await served.room.service.whenSignedIn(live(restarted.body.session.id))
    expect(await served.open(1)).toMatchObject(same(restarted.body.session.id))
  })
})

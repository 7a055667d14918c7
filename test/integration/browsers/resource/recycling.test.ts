/** A browser that has grown too large is started anew when nobody uses it, and its user does not notice. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { testClock } from '../../../fakes/kernel.ts'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'

const clock = testClock()
let served: ServedBrowsers

beforeAll(async () => {
  served = await serveBrowsers({
    clock,
    settings: { browsers: { recycleAbove: 1_000 } },
    // The look is ordered.
    room: { upkeep: { tick: 3_600_000, pingEvery: 86_400_000 } },
  })
})
afterAll(() => served.stop())

const session = (id: string) => served.room.service.list().find((each) => each.id === id)
function grow(id: string): void {
  session(id)?.browser.measured({ memoryBytes: 1_840_000_000, processCount: 12 })
  clock.advance(11_000)
  served.room.service.runUpkeep()
}

it('keeps its id, its login, its page and its choices, and says what happened; not while somebody uses it, and once an hour', async () => {
  const id = (await served.open(1)).body.session_id
  await session(id)?.setup.change({ locale: 'de-DE', tags: { team: 'yard' } })
  await session(id)?.page().goto(`${served.portal.url}/holds?page=2`)
  const { logins } = served.portal
  const pid = session(id)?.browser.running?.pid

  const lease = session(id)?.leases.take('a script', 60_000)
  grow(id)
  expect(session(id)?.live).toBe(true)
  session(id)?.leases.end(lease?.id ?? '')

  grow(id)
  const again = await eventually('another browser has it', () => {
    const now = session(id)
    return now?.state === 'ready' && now.browser.running?.pid !== pid ? now : null
  })
  expect(again.events().map(({ kind }) => kind)).toContain('recycled')
  expect(again.page().url()).toBe(`${served.portal.url}/holds?page=2`)
  expect(again.setup.chosen).toMatchObject({ locale: 'de-DE', tags: { team: 'yard' } })
  expect(await served.open(1)).toMatchObject({ status: 200, body: { session_id: id, is_new: false } })
  expect(served.portal.logins).toBe(logins)

  grow(id)
  expect(session(id)).toBe(again)
})

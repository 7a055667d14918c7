/** A sign-on in a window of its own, behind the guard that a session's pages have: at the first login, at its renewal, and for a person. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { testClock } from '../../../fakes/kernel.ts'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { patience } from '../../../fixtures/patience.ts'
import { startLoginSites, type LoginSites } from '../../../fixtures/login-sites/sites.ts'
import { browserScope } from '../../../../server/browsers/process/scopes.ts'
import { escape, within } from '../../../../server/isolation.ts'
import type { Session } from '../../../../server/browsers/session/session.ts'

const clock = testClock()
const minute = 60_000
let served: ServedBrowsers
let sites: LoginSites
let id = ''
const unheard: unknown[] = []
const hear = (error: unknown): void => void unheard.push(error)

beforeAll(async () => {
  process.on('unhandledRejection', hear)
  ;[served, sites] = await Promise.all([
    serveBrowsers({ clock, room: { upkeep: { tick: 3_600_000, pingEvery: 86_400_000 } } }),
    startLoginSites(),
  ])
  const steps = [
    { click: '#sso' },
    { fill: '#u', value: '{username}', within: patience },
    { fill: '#p', value: '{password}' },
    { click: '#go' },
  ]
  await served.room.profiles.put(
    'yard',
    {
      ...served.room.profiles.get('plain'),
      ...{ title: 'Yard', kind: 'form', address: `${sites.url}/sso`, login: { steps } },
      ...{ success: { selector: '#who' }, failure: { selector: '.no' } },
      refresh: { address: `${sites.url}/kept`, every: minute, loggedOutUrl: '/sso$' },
    },
    'test',
  )
})
afterAll(async () => {
  await served.stop()
  await sites.stop()
  process.off('unhandledRejection', hear)
})

const session = (): Session => served.room.service.get(id)
const kinds = (): string[] =>
  session()
    .events()
    .map(({ kind }) => kind)
const windows = async (): Promise<string[]> =>
  (await session().browser.running?.puppeteer.pages())?.flatMap((page) => (page.url().includes('/idp') ? [page.url()] : [])) ?? []

it('signs a session in, and the window that has closed itself leaves the site in front', async () => {
  const opened = await served.post('/v1/browser-sessions', { profile: 'yard', username: 'anna', password: 'right' })
  id = opened.body.session.id
  await served.room.service.whenSignedIn(session())
  expect(session().state).toBe('ready')
  await eventually('the site is in front', () => session().page().url() === `${sites.url}/in?u=anna&p=right`)
  await eventually('no window is left', async () => (await windows()).length === 0)
  expect(kinds()).toContain('popup-opened')
  expect(kinds()).not.toContain('popup-blocked')
})

it('is made again at the back when the login has gone, and the tab that people see stands where it stood', async () => {
  const tab = session().page()
  const before = [tab.url(), session().pages.list().length]
  sites.signOut()
  clock.advance(2 * minute)
  served.room.service.runUpkeep()
  await eventually('it is signed in again', () => kinds().includes('signed-in-again'))
  expect(session().state).toBe('ready')
  expect([session().page(), tab.url(), session().pages.list().length]).toEqual([tab, ...before])
  await eventually('no window is left', async () => (await windows()).length === 0)
})

it('ends in words when the window is closed before anybody has signed in there, and the session stays', async () => {
  // As long as a window may take to open, and no longer than has to be waited for.
  Object.assign(session().profile.login?.steps?.[1] ?? {}, { within: 10_000 })
  const closing = (async () => {
    const window = await eventually('the window is open', async () =>
      (await session().browser.running?.puppeteer.pages())?.find((page) => page.url().includes('/idp')),
    )
    await window.close()
  })()
  sites.signOut()
  clock.advance(2 * minute)
  served.room.service.runUpkeep()
  await closing
  await eventually('it has failed', () => session().login.attempt === null && session().state === 'needs-you')
  expect(session().reason).toMatch(/Step 2|nothing matched|was closed/)
  expect(session().live).toBe(true)
})

it('is no reason to end the session where something was asked of the window in the moment in which it closed', async () => {
  const window = await session().pages.openBehind()
  const cdp = await window.createCDPSession()
  const asked = cdp
    .send('Runtime.evaluate', { expression: 'new Promise(() => undefined)', awaitPromise: true })
    .catch((error: unknown) => error)
  await window.close()
  const ended: string[] = []
  const scope = browserScope(id, (_, reason) => void ended.push(reason))
  within(scope, () => escape(new Error('the driver failed')))
  const closed = await asked
  within(scope, () => escape(closed))
  expect([ended, (closed as Error).name]).toEqual([['the driver failed'], 'TargetCloseError'])
})

it('leaves no failure that nobody hears', () => {
  expect(unheard).toEqual([])
})

import type { Page } from 'puppeteer-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { refreshLogin } from '../../../../server/browsers/login/keep-alive.ts'
import { runOperation } from '../../../../server/browsers/site/operations.ts'
import { signIn } from '../../../../server/browsers/login/sign-in.ts'
import type { SiteProfile } from '../../../../server/browsers/contract/site-profile.ts'
import { testClock } from '../../../fakes/kernel.ts'
import { startChromium, type TestChromium } from '../../../fixtures/chromium.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { exampleContainer, unbookedContainer } from '../../../fixtures/portal/containers.ts'
import { startPortal, type Portal } from '../../../fixtures/portal/portal.ts'

let chromium: TestChromium
let portal: Portal
let tab: Page
/** At the back, beside the person's tab. */
let spare: Page
const never = new AbortController().signal
/** The site's, by which its logins run out. */
const clock = testClock()

beforeAll(async () => {
  chromium = await startChromium()
  portal = await startPortal({ captcha: 'none', clock })
  tab = await chromium.freshPage()
})
beforeEach(async () => {
  const tools = {
    solveCaptcha: { solve: () => expect.unreachable('there is no captcha') },
    signal: never,
    report: () => undefined,
    textOf: () => '',
  }
  await signIn(tab, portal.siteProfile(), { username: 'user1', password: 'harbor-demo' }, tools)
  spare = await tab.browserContext().newPage({ background: true })
  return () => chromium.close(spare)
})
afterAll(async () => {
  await chromium.stop()
  await portal.stop()
})

describe('refreshing a login', () => {
  it('keeps it alive on the site and leaves the tab where it is', async () => {
    await tab.goto(`${portal.url}/myappointments`)
    const asked = portal.requests.length
    expect(await refreshLogin(spare, portal.siteProfile(), never)).toEqual({ ok: true, message: 'Login renewed', loggedOut: null })
    expect(portal.requests.slice(asked).filter((request) => request !== 'GET /favicon.ico')).toEqual(['GET /session'])
    expect(tab.url()).toBe(`${portal.url}/myappointments`)
  })

  it('works across origins, whatever page the person looks at', async () => {
    await tab.goto('data:text/html,<h1>elsewhere</h1>')
    expect(await refreshLogin(spare, portal.siteProfile(), never)).toMatchObject({ ok: true })
  })

  it('keeps a login that would have run out', async () => {
    for (let refreshes = 0; refreshes < 3; refreshes += 1) {
      clock.advance(portal.loginLasts - 1)
      expect(await refreshLogin(spare, portal.siteProfile(), never)).toMatchObject({ ok: true })
    }
    clock.advance(portal.loginLasts)
    expect(await refreshLogin(spare, portal.siteProfile(), never)).toMatchObject({ ok: false, loggedOut: expect.any(String) })
  })

  it('sees from where it is sent that the login has gone', async () => {
    portal.expireAll()
    expect(await refreshLogin(spare, portal.siteProfile(), never)).toEqual({
      ok: false,
      message: `The login is gone: the site leads to ${portal.url}/login`,
      loggedOut: `the site leads to ${portal.url}/login`,
    })
  })

  it('does not take a site that cannot be reached for a lost login', async () => {
    const result = await refreshLogin(spare, refreshingAt('http://127.0.0.1:9/session'), never)
    expect(result).toMatchObject({ ok: false, loggedOut: null, message: '127.0.0.1:9 uses a port that browsers refuse' })
  })

  it('has nothing to do where the profile asks for nothing', async () => {
    expect(await refreshLogin(spare, portal.siteProfile({ refresh: null }), never)).toMatchObject({ ok: true })
  })

  it('stops at once when it is aborted', async () => {
    const stop = new AbortController()
    const failed = refreshLogin(spare, refreshingAt(`${portal.url}/slow?ms=60000`), stop.signal).then(
      () => expect.unreachable('it was refreshed'),
      (error: unknown) => error,
    )
    await eventually('the request', () => portal.requests.includes('GET /slow'))
    const reason = new Error('closing')
    stop.abort(reason)
    expect(await failed).toBe(reason)
  })
})

describe('the booking number of a container', () => {
  const ask = (container: string, profile = portal.siteProfile(), signal = never) =>
    runOperation(spare, profile, 'get_booking_number', { container_id: container }, signal)

  it('is read from its row once that is open, and the tab is left alone', async () => {
    expect(await ask(exampleContainer)).toBe('BK-88210')
    expect(tab.url()).toBe(`${portal.url}/containers`)
  })

  it('is null for a container without one', async () => {
    expect(await ask(unbookedContainer)).toBeNull()
  })

  it('is refused in words when the login has gone', async () => {
    portal.expireAll()
    await expect(ask(exampleContainer)).rejects.toMatchObject({
      code: 'operation-failed',
      message: `The site asks for a login instead: the site leads to ${portal.url}/login`,
      details: { loggedOut: `the site leads to ${portal.url}/login` },
    })
  })

  it('cannot be asked for with something that is no container', async () => {
    await expect(ask('"] , script')).rejects.toMatchObject({ code: 'operation-failed' })
    await expect(runOperation(spare, portal.siteProfile(), 'get_booking_number', {}, never)).rejects.toMatchObject({
      code: 'missing-fields',
      message: 'Missing required fields: container_id',
    })
    await expect(runOperation(spare, portal.siteProfile(), 'get_everything', {}, never)).rejects.toMatchObject({
      code: 'operation-unknown',
    })
  })

  it('stops being looked for as soon as that is aborted, also when the container is not listed', async () => {
    const stop = new AbortController()
    const asked = portal.requests.length
    const failed = ask('ZZZZ0000000', portal.siteProfile(), stop.signal).then(
      () => expect.unreachable('it was found'),
      (error: unknown) => error,
    )
    await eventually('the page', () => portal.requests.slice(asked).includes('GET /containers'))
    const reason = new Error('the client went away')
    stop.abort(reason)
    expect(await failed).toBe(reason)
  })

  it('is called a mistake of the profile when a selector is not valid', async () => {
    const { get_booking_number: operation } = portal.siteProfile().operations
    const broken = portal.siteProfile({ operations: { get_booking_number: { inputs: {}, steps: [], ...operation, read: 'td[[' } } })
    await expect(ask(exampleContainer, broken)).rejects.toMatchObject({
      code: 'operation-failed',
      message: 'The site profile has a selector that is not valid: td[[',
    })
  })
})

describe('an operation without an address', () => {
  it('works on what the tab shows, filling fields as told', async () => {
    await tab.goto(`${portal.url}/containers`)
    const search = {
      inputs: { text: '.+' },
      steps: [
        { fill: 'input[name=q]', value: '{text}' },
        { click: 'form.search button', waitFor: 'tr[data-container="{text}"]:only-child' },
      ],
      read: '.sub',
    }
    expect(await runOperation(tab, portal.siteProfile({ operations: { find: search } }), 'find', { text: exampleContainer }, never)).toBe(
      '1 containers at North Terminal, 1 available for pick-up',
    )
  })
})

function refreshingAt(address: string): SiteProfile {
  return portal.siteProfile({ refresh: { address, every: 60_000, loggedOutUrl: '/login$' } })
}

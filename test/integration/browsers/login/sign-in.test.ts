import { createServer, type Server } from 'node:http'
import type { Page } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createCaptchaClient } from '../../../../server/browsers/login/captcha.ts'
import type { StartTimer } from '../../../../server/async/deadline.ts'
import { signIn, type Credentials, type SignInStep } from '../../../../server/browsers/login/sign-in.ts'
import { sessionText } from '../../../../server/words.ts'
import { siteProfile, type SiteProfile } from '../../../../server/browsers/contract/site-profile.ts'
import { startChromium, type TestChromium } from '../../../fixtures/chromium.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { listenOnLoopback, stopServer } from '../../../fixtures/loopback.ts'
import { startPortal, type Portal, type PortalOptions } from '../../../fixtures/portal/portal.ts'

let chromium: TestChromium
const portals: Portal[] = []
const servers: Server[] = []
const pages: Page[] = []
beforeAll(async () => {
  chromium = await startChromium()
})
afterEach(async () => {
  await Promise.all(pages.splice(0).map((page) => page.browserContext().close()))
  await Promise.all([...portals.splice(0).map((portal) => portal.stop()), ...servers.splice(0).map(stopServer)])
})
afterAll(() => chromium.stop())

describe('signing in to the portal', () => {
  it('logs in through form and captcha, once', async () => {
    const { portal, page, attempt, steps } = await begin()
    await attempt()
    expect(portal.logins).toBe(1)
    expect(page.url()).toBe(`${portal.url}/containers`)
    expect(steps).toEqual([
      `Opening ${new URL(portal.url).host}`,
      'Solving the captcha',
      'Captcha solved',
      'Sending the login',
      'Logged in',
    ])
  })

  it('reads a captcha picture', async () => {
    const { portal, attempt } = await begin({ captcha: 'image' })
    await attempt()
    expect(portal.logins).toBe(1)
    expect(portal.captchaService.requests[0]?.fields['body']).toMatch(/^iVBOR/)
  })

  it('says what the site says when the password is wrong', async () => {
    const { portal, attempt } = await begin()
    await expect(attempt({ password: 'nearly-right' })).rejects.toMatchObject({
      code: 'authentication-failed',
      message: 'Authentication failed',
      details: { reason: 'Wrong user name or password' },
    })
    expect(portal.logins).toBe(0)
  })

  it('takes the form coming back as a refusal when the profile knows no sign of failure', async () => {
    const { portal, attempt } = await begin({ captcha: 'none' })
    await expect(attempt({ password: 'wrong' }, portal.siteProfile({ failure: null }))).rejects.toMatchObject({
      code: 'authentication-failed',
      details: { reason: 'Invalid credentials' },
    })
  })

  it('recognises a refusal by a text, and a success by an address', async () => {
    const { portal, attempt } = await begin({ captcha: 'none' })
    const byText = portal.siteProfile({ failure: { text: 'Wrong user name' }, success: { url: '/containers$' } })
    await expect(attempt({ password: 'wrong' }, byText)).rejects.toMatchObject({ details: { reason: 'Wrong user name or password' } })
    await attempt({}, byText)
    expect(portal.logins).toBe(1)
  })

  it('notices without any sign that the form has gone', async () => {
    const { portal, attempt } = await begin({ captcha: 'none' })
    await attempt({}, portal.siteProfile({ failure: null, success: null }))
    expect(portal.logins).toBe(1)
  })

  it('notices that the login still holds and sends none', async () => {
    const { portal, attempt, steps } = await begin()
    await attempt()
    await attempt()
    expect(portal.logins).toBe(1)
    expect(steps.at(-1)).toBe('Already logged in')
  })

  it('waits for a slow portal', async () => {
    const { portal, attempt } = await begin({ delay: 700 })
    await attempt()
    expect(portal.logins).toBe(1)
  })

  it('works in a page at the back, where no frame is drawn', async () => {
    const { portal, page, attempt } = await begin()
    const front = await page.browserContext().newPage()
    await front.bringToFront()
    await attempt()
    expect(portal.logins).toBe(1)
  })

  it('is done when a person has logged in by hand before the captcha service was', async () => {
    const { portal, page, attempt } = await begin()
    portal.captchaService.mood = 'never-ready'
    const signedIn = attempt()
    await eventually('the captcha is being solved', () => portal.captchaService.requests.length > 0)
    await page.click('.g-recaptcha')
    await page.waitForFunction('document.querySelector("#g-recaptcha-response").value !== ""')
    await page.type('#username', 'user2')
    await page.type('#password', 'harbor-demo')
    await page.keyboard.press('Enter')
    await signedIn
    expect(portal.logins).toBe(1)
  })

  it('keeps trying until a person has put in the one-time code', async () => {
    const { portal, page, attempt } = await begin({ captcha: 'none' })
    const signedIn = attempt({ username: 'customs-desk' })
    await page.waitForSelector('#code')
    await page.type('#code', '246810')
    await page.click('button')
    await signedIn
    expect(portal.logins).toBe(1)
  })

  it('says how far it got when time runs out, and what the browser shows', async () => {
    const { portal, page, attempt, timers } = await begin({ captcha: 'none' })
    const failed = attempt({ username: 'customs-desk' }, portal.siteProfile({ loginTimeout: 1_500 }))
    await page.waitForSelector('#code')
    expect(timers.map(({ ms }) => ms)).toEqual([1_500])
    timers[0]?.ring()
    await expect(failed).rejects.toMatchObject({
      code: 'login-timeout',
      message: `The login was not done within 1.5 s; it got as far as "Sending the login" and the browser shows ${portal.url}/containers`,
    })
  })

  it('refuses to guess a captcha when no key was given', async () => {
    const { portal, attempt } = await begin()
    await expect(attempt({ captchaApiKey: '' })).rejects.toMatchObject({ code: 'captcha-failed' })
    expect(portal.captchaService.requests).toEqual([])
  })

  it('passes on why the captcha service refused', async () => {
    const { attempt } = await begin()
    await expect(attempt({ captchaApiKey: 'another-key' })).rejects.toMatchObject({
      code: 'captcha-failed',
      message: expect.stringContaining('does not know the captcha key'),
    })
  })

  it.each([
    ['while the page loads', { delay: 60_000 }, (portal: Portal) => portal.requests.includes('GET /login')],
    ['while the captcha is solved', {}, (portal: Portal) => portal.captchaService.requests.length > 0],
    ['while the site thinks', { captcha: 'none' }, (portal: Portal) => portal.requests.includes('POST /login')],
  ] as const)('stops at once when it is aborted %s', async (_, options: PortalOptions, reached) => {
    const { portal, attempt, stop } = await begin(options)
    portal.captchaService.mood = 'hang'
    const failed = attempt({ username: 'customs-desk' }).then(
      () => expect.unreachable('it signed in'),
      (error: unknown) => error,
    )
    await eventually('the moment to abort', () => reached(portal))
    const reason = new Error('closed by the person')
    stop.abort(reason)
    expect(await failed).toBe(reason)
  })
})

describe('sites with manners of their own', () => {
  it('are opened and left alone by a profile without a login', async () => {
    const { portal, page, attempt } = await begin()
    await attempt({ address: `${portal.url}/notice` }, siteProfile.parse({ name: 'plain', title: 'Plain', kind: 'none', address: null }))
    expect(page.url()).toBe(`${portal.url}/notice`)
  })

  it('are unreachable in plain words', async () => {
    const { portal, attempt } = await begin()
    const at = (address: string) => attempt({ address })
    await expect(at('http://127.0.0.1:9/')).rejects.toMatchObject({
      code: 'login-unreachable',
      message: '127.0.0.1:9 uses a port that browsers refuse',
    })
    await expect(at(`${portal.url}/broken`)).rejects.toMatchObject({
      code: 'login-unreachable',
      message: `${new URL(portal.url).host} answers with error 503`,
    })
    await expect(at('http://no-such-host.invalid/')).rejects.toMatchObject({
      code: 'login-unreachable',
      message: 'no-such-host.invalid is not a known host name',
    })
    await portal.stop()
    portals.length = 0
    await expect(at(portal.url)).rejects.toMatchObject({
      code: 'login-unreachable',
      message: `${new URL(portal.url).host} refuses the connection`,
    })
  })

  it('may draw their form late, redraw it under the typing, cover the button and answer without a new page', async () => {
    const address = await serve(`<div id="app"></div><script>
      const form = '<form><input id="u"><input id="p" type="password"><button id="s">Go</button></form>'
      setTimeout(() => { app.innerHTML = form; let times = 0
        app.addEventListener('input', () => { if (times++ === 0) app.innerHTML = form })
        app.addEventListener('submit', (event) => { event.preventDefault()
          setTimeout(() => { app.innerHTML = p.value === 'right' ? '<b id="in">in</b>' : '<p id="no">No, ' + u.value + ' with ' + p.value + '</p>' }, 50) })
      }, 300)
    </script><div style="position:fixed;inset:0;background:#0003">cookies</div>`)
    const { attempt } = await begin()
    const profile = formAt(address, { success: { selector: '#in' }, failure: { selector: '#no' } })
    await attempt({ username: 'anna', password: 'right' }, profile)
    await expect(attempt({ username: 'anna', password: 'left-4711' }, profile)).rejects.toMatchObject({
      details: { reason: 'No, anna with [removed]' },
    })
  })

  it('may refuse by an alert, which must not stop everything', async () => {
    const address = await serve(
      '<form onsubmit="alert(\'Bad password, try again\');return false"><input id="u"><input id="p" type="password"><button id="s">Go</button></form>',
    )
    const { attempt } = await begin()
    await expect(attempt({}, formAt(address, { success: { selector: '#in' }, failure: { text: 'Bad password' } }))).rejects.toMatchObject({
      details: { reason: 'Bad password, try again' },
    })
  })

  it('may show an old refusal before anything was sent', async () => {
    const address = await serve(
      '<form action="/in"><p class="no">Please log in first</p><input id="u"><input id="p" type="password"><button id="s">Go</button></form>',
      { '/in': '<b id="in">in</b>' },
    )
    const { attempt, page } = await begin()
    await attempt({}, formAt(address, { success: { selector: '#in' }, failure: { selector: '.no' } }))
    expect(page.url()).toBe(`${address}/in?`)
  })

  it('may send the browser on before the page has loaded', async () => {
    const address = await serve('<script>location.replace("/second")</script>', {
      '/second': '<form action="/in"><input id="u"><input id="p" type="password"><button id="s">Go</button></form>',
      '/in': '<b id="in">in</b>',
    })
    const { attempt } = await begin()
    await attempt({}, formAt(address, { success: { selector: '#in' } }))
  })

  it('may ask for a captcha only at times', async () => {
    const address = await serve('<form action="/in"><input id="u"><input id="p" type="password"><button id="s">Go</button></form>', {
      '/in': '<b id="in">in</b>',
    })
    const { attempt, steps } = await begin()
    const captcha = { kind: 'recaptcha-v2', element: '.g-recaptcha', answer: '#answer' } as const
    await attempt({ captchaApiKey: '' }, { ...formAt(address, { success: { selector: '#in' } }), captcha })
    expect(steps).toContain('The site asks for no captcha')
  })

  it('may have no page at the address of the login', async () => {
    const { portal, attempt } = await begin()
    await attempt()
    await expect(attempt({ address: `${portal.url}/nowhere` })).rejects.toMatchObject({
      code: 'login-unreachable',
      message: `${new URL(portal.url).host} answers with error 404`,
    })
  })

  it('are not blamed for a selector in the profile that is none', async () => {
    const { portal, attempt } = await begin({ captcha: 'none' })
    const broken = portal.siteProfile({ form: { username: '#username', password: 'input[[', submit: '#sign-in' } })
    await expect(attempt({}, broken)).rejects.toMatchObject({
      code: 'login-failed',
      message: 'The site profile harbor-gate has a selector that is not valid: input[[',
    })
  })

  it('may hang their page without hanging the login', async () => {
    const { portal, attempt, timers } = await begin()
    const hanging = attempt({}, portal.siteProfile({ address: `${portal.url}/hang` }))
    await eventually('the page is asked for', () => portal.requests.includes('GET /hang'))
    timers[0]?.ring()
    await expect(hanging).rejects.toMatchObject({ code: 'login-timeout' })
  })
})

async function begin(options: PortalOptions = {}) {
  const portal = await startPortal(options)
  portals.push(portal)
  const page = await chromium.freshPage()
  pages.push(page)
  const stop = new AbortController()
  const steps: string[] = []
  const textOf = (step: SignInStep): string => sessionText({ kind: 'sign-in', facts: step })
  const solveCaptcha = createCaptchaClient({ address: portal.captchaService.address, timeout: 600_000, pollEvery: 20, fetch })
  /** The limits of the logins: no time passes for these unless a test lets it. */
  const timers: { ms: number; ring(): void }[] = []
  const startTimer: StartTimer = (ms, ring) => {
    timers.push({ ms, ring })
    return () => undefined
  }
  const attempt = (credentials: Partial<Credentials> = {}, profile: SiteProfile = portal.siteProfile()) =>
    signIn(
      page,
      profile,
      { username: 'user1', password: 'harbor-demo', captchaApiKey: portal.captchaService.apiKey, ...credentials },
      { solveCaptcha, signal: stop.signal, report: (step) => steps.push(textOf(step)), textOf, startTimer },
    )
  return { portal, page, stop, steps, timers, attempt }
}

/** A site of a few pages, each the same for everybody. */
async function serve(start: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://loopback').pathname
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>Site</title>${more[path] ?? start}`)
  })
  servers.push(server)
  return listenOnLoopback(server)
}

function formAt(address: string, signs: Partial<Pick<SiteProfile, 'success' | 'failure'>>): SiteProfile {
  return siteProfile.parse({
    name: 'site',
    title: 'Site',
    kind: 'form',
    address,
    form: { username: '#u', password: '#p', submit: '#s' },
    ...signs,
  })
}

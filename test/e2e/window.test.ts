/** The window as a person uses it: the built app in a real Chromium, a real session on the mock portal, from sign-in to close. */
import type { ElementHandle, Page } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'
import { chromiumPath, startChromium, type TestChromium } from '../fixtures/chromium.ts'
import { eventually } from '../fixtures/eventually.ts'
import { reservedPort } from '../fixtures/ports.ts'
import { startPortal, type Portal } from '../fixtures/portal/portal.ts'
import { signIn } from '../fixtures/signed-in-window.ts'

let portal: Portal
let chromium: TestChromium
let server: ServerProcess
let page: Page
/** What the window complained about: a clean run has nothing. */
let complaints: string[]

beforeAll(async () => {
  ;[portal, chromium] = await Promise.all([startPortal({ captcha: 'none' }), startChromium()])
})
afterAll(async () => {
  await chromium.stop()
  await portal.stop()
})
beforeEach(async () => {
  server = await startServer({ built: true, args: ['--browser', chromiumPath] })
  const { name, ...profile } = portal.siteProfile({ captcha: null })
  await server.call(`/control/v1/site-profiles/${name}`, { method: 'PUT', json: { ...profile, title: 'Harbor Gate' } })
  await server.call('/control/v1/settings', {
    method: 'PATCH',
    json: { browsers: { defaultProfile: name, captcha: { address: portal.captchaService.address } } },
  })
  page = await chromium.freshPage()
  await page.setViewport({ width: 1_440, height: 900 })
  complaints = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
})
afterEach(async () => {
  await page.close()
  await server.dispose()
})

const withText = (selector: string, text: string): Promise<unknown> =>
  page.waitForFunction(
    (where: string, what: string) => [...document.querySelectorAll(where)].some((element) => element.textContent?.includes(what)),
    {},
    selector,
    text,
  )

async function press(selector: string, text: string): Promise<void> {
  await withText(selector, text)
  const handle = await page.evaluateHandle(
    (where, what) => [...document.querySelectorAll<HTMLElement>(where)].findLast((element) => element.textContent?.includes(what)) ?? null,
    selector,
    text,
  )
  const element = handle.asElement() as ElementHandle<HTMLElement> | null // the query above gives elements only
  await element?.click()
}

async function fillIn(label: string, text: string): Promise<void> {
  const field = await page.waitForSelector(`::-p-aria([name="${label}"][role="textbox"])`)
  await field?.type(text)
}

async function sessions(): Promise<{ id: string; state: string; pid: number | null; currentUrl: string }[]> {
  return (
    (await (await server.call('/browsers/v1/browser-sessions')).json()) as {
      sessions: { id: string; state: string; pid: number | null; currentUrl: string }[]
    }
  ).sessions
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('a session is opened, watched, taken over and closed from the window', async () => {
  await signIn(page, server, '/browsers')
  await withText('h2', 'Log in once, keep the browser')
  await fillIn('username', 'user1')
  await page.type('input[type=password]', 'harbor-demo')
  await press('button[type=submit]', 'Open session')

  await withText('aside [data-tone=good]', 'Ready')
  await page.waitForSelector('aside canvas:not(.invisible)')
  const [session] = await sessions()
  expect(session).toMatchObject({ state: 'ready', currentUrl: `${portal.url}/containers` })
  await eventually('the portal is painted', async () => (await coloursOfView()) > 5)

  await press('aside button', 'Take over')
  await withText('aside button', 'Give back')
  expect((await sessions())[0]?.state).toBe('taken-over')
  const link = await appointmentsLink()
  const canvas = await page.$('aside canvas')
  const box = await canvas?.boundingBox()
  if (box === null || box === undefined) throw new Error('the live view has no size')
  await page.mouse.click(box.x + link.x * box.width, box.y + link.y * box.height)
  await eventually('the click has followed the link', async () => (await sessions())[0]?.currentUrl === `${portal.url}/myappointments`)
  await press('aside button', 'Give back')
  await eventually('the session is ready again', async () => (await sessions())[0]?.state === 'ready')

  await press('aside button', 'Close session of user1')
  await press('[role=dialog] button', 'Close session of user1')
  await withText('h2', 'Log in once, keep the browser')
  expect(await sessions()).toEqual([])
  const pid = session?.pid ?? 0
  await eventually('the Chromium is gone', () => !isAlive(pid))
  expect(complaints).toEqual([])
})

/** How many colours the top of the live view has: one picture may have come before the page was painted. */
function coloursOfView(): Promise<number> {
  return page.$eval('aside canvas', (canvas) => {
    const { data } = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, 200, 40) ?? { data: [] }
    return new Set(
      Array.from({ length: data.length / 4 }, (_, index) => `${data[index * 4]},${data[index * 4 + 1]},${data[index * 4 + 2]}`),
    ).size
  })
}

/** Where the link stands on the page, as shares of its size: asked of the same page in a browser of the test's own. */
async function appointmentsLink(): Promise<{ x: number; y: number }> {
  const [session] = await sessions()
  const png = Buffer.from(await (await server.call(`/browsers/v1/browser-sessions/${session?.id ?? ''}/screenshot`)).arrayBuffer())
  const size = { width: png.readUInt32BE(16), height: png.readUInt32BE(20) }
  const other = await chromium.freshPage()
  await other.setViewport(size)
  await other.goto(`${portal.url}/login`)
  await other.type('input[name=username]', 'user2')
  await other.type('input[name=password]', 'harbor-demo')
  await Promise.all([other.waitForNavigation(), other.keyboard.press('Enter')])
  const link = await other.$eval('a[href="/myappointments"]', (element) => {
    const { x, y, width, height } = element.getBoundingClientRect()
    return { x: x + width / 2, y: y + height / 2 }
  })
  await other.close()
  await page.bringToFront()
  return { x: link.x / size.width, y: link.y / size.height }
}

test('the sign-in code leaves the address at once and a script put into the page does not run', async () => {
  await signIn(page, server)
  expect(page.url()).not.toContain('sign-in')
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.intruder = true'
    document.body.append(script)
  })
  expect(await page.evaluate(() => 'intruder' in window)).toBe(false)
  expect(complaints.filter((text) => !text.includes('Content Security Policy'))).toEqual([])
})

test('a refused login waits for a person, who logs in by hand in the live view', async () => {
  await signIn(page, server, '/browsers?open')
  await page.waitForSelector('[role=dialog] input[type=password]')
  await page.type('[role=dialog] input:not([type=password])', 'user3')
  await page.type('[role=dialog] input[type=password]', 'wrong')
  await press('[role=dialog] button[type=submit]', 'Open session')
  await withText('aside', 'Wrong user name or password')
  await withText('aside [data-tone=attention]', 'Needs you')
  await page.waitForSelector('aside canvas:not(.invisible)')

  await press('aside button', 'Take over')
  await withText('aside button', 'Give back')
  // The portal puts the cursor nowhere after a refusal: two tabs lead from the top of the page to the password.
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.type('harbor-demo')
  await page.keyboard.press('Enter')
  await eventually('the portal has let the person in', async () => (await sessions())[0]?.currentUrl === `${portal.url}/containers`)
  await press('aside button', 'Give back')
  await eventually('the session serves scripts', async () => (await sessions())[0]?.state === 'ready')
})

test('a window whose server is gone says so and comes back by itself', async () => {
  const { dataDir } = server
  await server.end()
  const port = String(await reservedPort())
  server = await startServer({ built: true, dataDir, args: ['--control-port', port] })
  await signIn(page, server, '/activity')
  await withText('h1', 'Activity')
  await server.end('SIGKILL')
  await withText('[role=status]', 'Wheelhouse does not answer')
  server = await startServer({ built: true, dataDir, args: ['--control-port', port] })
  await page.waitForFunction(
    () => ![...document.querySelectorAll('[role=status]')].some((element) => element.textContent?.includes('does not answer')),
  )
})

test('the keyboard reaches every page, and the palette all else', async () => {
  await signIn(page, server)
  await page.keyboard.down('Control')
  await page.keyboard.press('2')
  await page.keyboard.up('Control')
  await withText('h1', 'Browsers')
  await page.keyboard.down('Control')
  await page.keyboard.press('k')
  await page.keyboard.up('Control')
  await page.waitForSelector('[role=dialog] input:focus')
  await page.keyboard.type('create key')
  await withText('[role=option][data-highlighted]', 'Create key')
  await page.keyboard.press('Enter')
  await withText('h1', 'New key')
  expect(page.url()).toContain('#/keys/new')
})

test('a key is made, shown once, works, and is revoked by its name', async () => {
  await signIn(page, server, '/keys')
  await press('button', 'Create the first key')
  await withText('h1', 'New key')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('u')
  await page.waitForSelector('[role=checkbox][aria-label="Browsers: use"][aria-checked=true]')
  await page.type('form input[maxlength]', 'gate-tablet')
  await press('form button', 'Create key')
  await withText('[role=dialog]', 'gate-tablet')
  const secret = await page
    .waitForFunction(() => /whk_[0-9A-Za-z]{32}/.exec(document.querySelector('[role=dialog]')?.textContent ?? '')?.[0])
    .then((handle) => handle.jsonValue())
  expect(
    (await fetch(`${server.ready.control.url}/browsers/v1/browser-sessions`, { headers: { 'x-api-key': String(secret) } })).status,
  ).toBe(200)
  expect((await fetch(`${server.ready.control.url}/control/v1/keys`, { headers: { 'x-api-key': String(secret) } })).status).toBe(403)
  await page.locator('[role=dialog] [role=checkbox]').click()
  await press('[role=dialog] button', 'Done')
  await withText('td', 'gate-tablet')
  await page.reload()
  await withText('td', 'gate-tablet')
  expect(await page.evaluate((text) => document.body.textContent?.includes(text), String(secret))).toBe(false)
  await press('td button', 'Revoke')
  await press('[role=dialog] button', 'Revoke gate-tablet')
  await page.waitForFunction(() => !document.querySelector('table')?.textContent?.includes('gate-tablet'))
  expect(
    (await fetch(`${server.ready.control.url}/browsers/v1/browser-sessions`, { headers: { 'x-api-key': String(secret) } })).status,
  ).toBe(401)
})

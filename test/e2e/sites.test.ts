/** A site made in the window by somebody who does it for the first time: recorded, tried, given operations, handed on as a file. */
import { mkdtempSync, readFileSync, rmSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ElementHandle, Page } from 'puppeteer-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SiteProfile } from '../../server/browsers/contract/site-profile.ts'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'
import { chromiumPath, startChromium, type TestChromium } from '../fixtures/chromium.ts'
import { eventually } from '../fixtures/eventually.ts'
import { loopbackAllowed } from '../fixtures/loopback.ts'
import { startPortal, type Portal } from '../fixtures/portal/portal.ts'
import { signIn } from '../fixtures/signed-in-window.ts'

let portal: Portal
let chromium: TestChromium
let server: ServerProcess
let page: Page
const files = mkdtempSync(join(tmpdir(), 'wheelhouse-test-'))
/** What the window complained about: a clean run has nothing. */
const complaints: string[] = []

beforeAll(async () => {
  ;[portal, chromium, server] = await Promise.all([
    startPortal({ captcha: 'none' }),
    startChromium(),
    startServer({ built: true, args: ['--browser', chromiumPath] }),
  ])
  await server.call('/control/v1/settings', { method: 'PATCH', json: { network: loopbackAllowed } })
  page = await chromium.freshPage()
  await page.setViewport({ width: 1_440, height: 900 })
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
  page.on('pageerror', (error) => complaints.push(String(error)))
  const cdp = await chromium.browser.target().createCDPSession()
  const browserContextId = page.browserContext().id
  await cdp.send('Browser.setDownloadBehavior', {
    behavior: 'allow',
    downloadPath: files,
    ...(browserContextId === undefined ? {} : { browserContextId }),
  })
  await signIn(page, server, '/browsers/sites')
})
afterAll(async () => {
  await server.dispose()
  await chromium.stop()
  await portal.stop()
  rmSync(files, { recursive: true, force: true })
})

const button = (words: string, within = '') => page.locator(`::-p-xpath(${within}//button[normalize-space()="${words}"])`)
const inDialog = '//*[@role="dialog"]'
const named = (name: string) => page.locator(`::-p-aria([name="${name}"])`)
const field = (name: string) => page.locator(`input[aria-label="${name}"]`)
const shows = (text: string) => page.waitForSelector(`::-p-text(${text})`)
const dialogField = (label: string) => page.locator(`::-p-xpath(${inDialog}//label[normalize-space()="${label}"]/following::input[1])`)
const choose = async (list: string, option: string): Promise<void> => {
  await named(list).click()
  await page.locator(`::-p-xpath(//*[@role="option"][normalize-space()="${option}"])`).click()
  await page.waitForFunction(() => document.querySelector('[role=listbox]') === null)
}
/** At a part of the way across and down what is found. */
async function clickAt(selector: string, across: number, down: number): Promise<void> {
  const box = await (await page.waitForSelector(selector))?.boundingBox()
  if (box == null) throw new Error(`${selector} has no size`)
  await page.mouse.click(box.x + box.width * across, box.y + box.height * down)
}
async function saved(name: string): Promise<SiteProfile | undefined> {
  const { profiles } = (await (await server.call('/control/v1/site-profiles')).json()) as { profiles: SiteProfile[] }
  return profiles.find((one) => one.name === name)
}
async function save(): Promise<void> {
  await button('Save').click()
  await page.waitForFunction(() => !document.body.innerText.includes('not saved'))
}

/** Runs inside the window: the live view shows a page with more than one colour, and has the keyboard. */
function isDriven(): boolean {
  const view = document.querySelector<HTMLCanvasElement>('canvas:not(.invisible)')
  const pixels = view?.getContext('2d')?.getImageData(0, 0, view.width, view.height).data ?? []
  const colours = new Set<number>()
  for (let at = 0; at < pixels.length; at += 400)
    colours.add((pixels[at] ?? 0) * 65_536 + (pixels[at + 1] ?? 0) * 256 + (pixels[at + 2] ?? 0))
  return colours.size > 5 && document.activeElement?.tagName === 'TEXTAREA'
}

test('a site for any address gets its login by doing it once, and signs in when it is tried', async () => {
  await button('New site').click()
  await dialogField('Title').fill('Harbor gate')
  await button('Make site').click()
  await button('Record').click()
  await dialogField('Address').fill(`${portal.url}/login`)
  await button('Record', inDialog).click()
  await page.waitForFunction(isDriven)
  await clickAt('canvas:not(.invisible)', 640 / 1_280, 379 / 800)
  await page.keyboard.type('user1')
  await clickAt('canvas:not(.invisible)', 640 / 1_280, 456 / 800)
  await page.keyboard.type('harbor-demo')
  await page.keyboard.press('Enter')
  await shows('Press a key Enter')
  await eventually('the portal has let them in', () => Promise.resolve(portal.requests.includes('GET /containers')))
  await button('Use these steps').click()

  await button('Try it').click()
  await dialogField('username').fill('user1')
  await dialogField('password').fill('harbor-demo')
  await button('Try it', inDialog).click()
  await page.waitForSelector('aside[aria-label="Trial run"] [data-tone=good] ::-p-text(Signed in)')
})

test('an operation is made of what is picked from the page, with its rows and columns, and shows what it reads', async () => {
  await field('New operation').fill('list_containers')
  await button('Add').click()
  await field('Address of the operation').fill(`${portal.url}/containers?q={number}`)
  await button('Add input').click()
  await field('Name of the input').fill('number')
  await page.keyboard.press('Enter')
  await field('Pattern of number').fill('[A-Z0-9]*')
  await choose('Answers with', 'A table')
  await button('Pick columns').click()
  // Before its picture is there it has another height.
  await page.waitForFunction(() =>
    Boolean(document.querySelector<HTMLImageElement>('[aria-label="The page to pick from"] img')?.naturalHeight),
  )
  await clickAt('[aria-label="The page to pick from"]', 0.14, 0.45)
  await page.waitForSelector('[aria-label="Column container"]')
  await clickAt('[aria-label="The page to pick from"]', 0.3, 0.45)
  await page.waitForSelector('[aria-label="Column status"]')
  await button('Done').click()
  await field('number to try with').fill('TRHU1866154')
  await button('Run').click()
  await shows('1 row in')
  await page.waitForSelector('aside[aria-label="Step"] img')

  await save()
  expect((await saved('harbor-gate'))?.operations['list_containers']).toMatchObject({
    inputs: { number: '[A-Z0-9]*' },
    read: { table: '#containers tbody > tr', columns: { container: { cell: 'td:nth-child(2)' }, status: { cell: expect.any(String) } } },
  })
})

test('an operation with a step that gives a file hands the file to whoever tries it', async () => {
  await named('Add operation').click()
  await field('New operation').fill('get_list')
  await button('Add').click()
  await field('Address of the operation').fill(`${portal.url}/containers`)
  await button('Add step').click()
  await page.locator('::-p-xpath(//*[@role="menuitem"][normalize-space()="Wait for"])').click()
  await field('Selector of step 1').fill('#containers')
  await field('Where it stands').fill('a[href="/containers.csv"]')
  await choose('Answers with', 'A file that a click downloads')
  await button('Run').click()
  await button('Save file').click()
  // Its name is there before what it holds is.
  const csv = await eventually('the file is there, and filled', () => {
    const isThere = readdirSync(files).includes('containers.csv')
    return isThere ? readFileSync(join(files, 'containers.csv'), 'utf8') || null : null
  })
  expect(csv).toContain('container,size,status')
  await page.waitForSelector('aside[aria-label="Trial run"] ::-p-text(Wait for)')
})

test('what a site is beside its steps has controls: basic authentication, certificate, windows, downloads, codes, fields', async () => {
  const tab = (name: string) => page.locator(`::-p-xpath(//*[@role="tab"][normalize-space()="${name}"])`)
  await tab('Site').click()
  for (const name of ['HTTP basic authentication', 'Certificate exception', 'Windows of its own']) await named(name).click()
  await choose('Downloads', 'Refused')
  await tab('Login').click()
  await field('Secret of one-time codes').fill('JBSWY3DPEHPK3PXP')
  await field('Digits of codes').fill('8')
  await field('New field').fill('company')
  await button('Add field').click()
  await field('Value of company').fill('ACME')
  await save()
  expect(await saved('harbor-gate')).toMatchObject({
    ...{ httpAuth: { username: '{username}', password: '{password}' }, ignoreCertificateErrors: true, popups: true, downloads: 'deny' },
    ...{ totp: { set: true, digits: 8 }, fields: { company: { value: 'ACME' } } },
  })
})

test('a site goes out as a file, comes in under another name, and is removed', async () => {
  await named('Export').click()
  const file = 'harbor-gate.site.json'
  await eventually('the site is a file', () => Promise.resolve(readdirSync(files).includes(file)))
  await page.goto(`${server.ready.control.url}/#/browsers/sites`)
  const input = (await page.waitForSelector('input[type=file]')) as ElementHandle<HTMLInputElement>
  await input.uploadFile(join(files, file))
  await shows('the secret of one-time codes')
  await dialogField('Name').fill('gate-two')
  await button('Import', inDialog).click()
  await page.waitForFunction(() => location.hash.endsWith('/gate-two'))
  const [one, two] = await Promise.all([saved('harbor-gate'), saved('gate-two')])
  expect(two?.login).toEqual(one?.login)
  expect(two?.operations).toEqual(one?.operations)

  await page.goto(`${server.ready.control.url}/#/browsers/sites`)
  await named('Remove gate-two').click()
  await button('Remove gate-two', inDialog).click()
  await eventually('it is gone', async () => (await saved('gate-two')) === undefined)
  expect(complaints).toEqual([])
})

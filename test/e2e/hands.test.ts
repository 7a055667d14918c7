/** A person's hands in a session, through the built window in a real Chromium: a list, files, a dialog, a download. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'puppeteer-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'
import { chromiumPath, startChromium, type TestChromium } from '../fixtures/chromium.ts'
import { eventually } from '../fixtures/eventually.ts'
import { startHandsSite, type HandsSite } from '../fixtures/hands-site.ts'
import { signIn } from '../fixtures/signed-in-window.ts'

let site: HandsSite
let chromium: TestChromium
let server: ServerProcess
let page: Page
let session: string
const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-hands-'))
const complaints: string[] = []

beforeAll(async () => {
  ;[site, chromium, server] = await Promise.all([
    startHandsSite(),
    startChromium(),
    startServer({ built: true, args: ['--browser', chromiumPath] }),
  ])
  await server.call('/control/v1/settings', { method: 'PATCH', json: { network: { allowedRanges: ['127.0.0.0/8'] } } })
  await server.call('/control/v1/site-profiles/hands', {
    method: 'PUT',
    json: { title: 'Hands', kind: 'none', address: `${site.url}/controls` },
  })
  const opened = await server.call('/browsers/v1/browser-sessions', { method: 'POST', json: { profile: 'hands' } })
  session = ((await opened.json()) as { session: { id: string } }).session.id
  // Its window has a picture before that too, of the empty page that stands there first.
  await eventually('the site is there', async () => (await current()).state === 'ready')
  page = await chromium.freshPage()
  await page
    .browserContext()
    .overridePermissions(server.ready.control.url, ['clipboard-read', 'clipboard-write', 'clipboard-sanitized-write'])
  await page.setViewport({ width: 1_440, height: 900 })
  if (process.env['DARK'] !== undefined) await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }])
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  await signIn(page, server, `/browsers/${session}?take-over`)
  await page.waitForSelector('::-p-text(You drive)')
  await page.waitForSelector('canvas:not(.invisible)')
})
afterAll(async () => {
  await page.close()
  await chromium.stop()
  await server.dispose()
  await site.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('a list of the page opens at its place, and what is chosen in it is set', async () => {
  // Where the list stands: in the first line of a page with a margin of 8.
  await pressAt(130, 18)
  await page.waitForSelector('[role=listbox]')
  await picture('list')
  await page.click('[role=option]:last-of-type')
  await titled('terminal=w')
})

test('a page that asks for files gets those that are chosen', async () => {
  writeFileSync(join(folder, 'containers.csv'), 'id,size')
  const field = await placeOf('#one')
  await pressAt(field.x, field.y)
  await page.waitForSelector('::-p-text(The page asks for a file)')
  await picture('files')
  const [chooser] = await Promise.all([page.waitForFileChooser(), (await page.waitForSelector('button::-p-text(Choose a file)'))?.click()])
  await chooser.accept([join(folder, 'containers.csv')])
  await titled('containers.csv:id,size')
})

test('what is selected comes to the own clipboard, what is pasted goes to the page, and a text is found', async () => {
  await go('/words')
  const [said, field] = [await placeOf('#said'), await placeOf('#field')]
  await pressAt(said.x, said.y, 3)
  await page.keyboard.down('Control')
  await page.keyboard.press('c')
  await page.keyboard.up('Control')
  await eventually('it was copied', async () => (await clipboard()).includes('TRHU4830411'))
  await pressAt(field.x, field.y)
  await page.keyboard.down('Control')
  await page.keyboard.press('v')
  await page.keyboard.up('Control')
  await titled('pasted:')

  await page.keyboard.down('Control')
  await page.keyboard.press('f')
  await page.keyboard.up('Control')
  await page.waitForSelector('[role=search] input')
  await page.keyboard.type('trhu')
  await page.waitForSelector('[role=search] ::-p-text(1 of )')
  await picture('found')
  await page.keyboard.press('Escape')
  const link = await placeOf('#link')
  await pressAt(link.x, link.y, 1, 'right')
  await page.waitForSelector('[role=menu] ::-p-text(Open link in a new page)')
  await picture('menu')
  await page.keyboard.press('Escape')
})

test('the page follows the size of the view', async () => {
  await (await page.waitForSelector('button[aria-label="Size of the page"]'))?.click()
  await (await page.waitForSelector('[role^=menuitem]::-p-text(As large as this view)'))?.click()
  await page.waitForFunction(() => {
    const label = document.querySelector('button[aria-label="Size of the page"]')?.textContent ?? ''
    return /\d+ × \d+/.test(label) && !label.includes('1280 × 800')
  })
  await picture('follows')
  await (await page.waitForSelector('button::-p-text(Send keys)'))?.click()
  await page.waitForSelector('[role=menuitem]::-p-text(Ctrl+Alt+Delete)')
  await picture('keys')
  await page.keyboard.press('Escape')
  await (await page.waitForSelector('button[aria-label="Size of the page"]'))?.click()
  await (await page.waitForSelector('[role^=menuitem]::-p-text(As set for the session)'))?.click()
  await page.waitForSelector('button[aria-label="Size of the page"] ::-p-text(1280 × 800)')
})

test('a dialog of the page is answered by the keyboard', async () => {
  await go('/dialogs')
  const button = await placeOf('#prompt')
  await pressAt(button.x, button.y)
  await page.waitForSelector('[role=alertdialog] input')
  await picture('dialog')
  await page.keyboard.type('BK-88210')
  await page.keyboard.press('Enter')
  await titled('prompt=BK-88210')
})

test('a download arrives in the corner of the picture and in its list', async () => {
  await go('/files')
  const link = await placeOf('#slow')
  await pressAt(link.x, link.y)
  await page.waitForSelector('[aria-label=Downloads] ::-p-text(slow.bin)')
  await (await page.waitForSelector('[role=tab]::-p-text(Downloads)'))?.click()
  await page.waitForSelector('aside ::-p-text(Arriving)')
  await picture('download')
  site.finishSlow()
  await page.waitForSelector('aside ::-p-text(Done)')
  await page.waitForSelector('aside button::-p-text(Save)')
  expect(complaints).toEqual([])
})

/** A press at a place of the page, in its own px. */
async function pressAt(x: number, y: number, count = 1, button: 'left' | 'right' = 'left'): Promise<void> {
  const box = await (await page.waitForSelector('canvas'))?.boundingBox()
  if (box == null) throw new Error('the live view has no size')
  await page.mouse.click(box.x + (x / 1_280) * box.width, box.y + (y / 800) * box.height, { count, button })
}

const clipboard = (): Promise<string> => page.evaluate(() => navigator.clipboard.readText())

/** As the session's own page lays it out; a page of this browser of the same size does it alike. */
async function placeOf(selector: string): Promise<{ x: number; y: number }> {
  const judge = await chromium.browser.newPage({ background: true })
  try {
    await judge.setViewport({ width: 1_280, height: 800 })
    await judge.goto((await current()).currentUrl)
    const box = await (await judge.waitForSelector(selector))?.boundingBox()
    if (box == null) throw new Error(`${selector} has no place`)
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  } finally {
    await judge.close()
  }
}

async function current(): Promise<{ state: string; currentUrl: string }> {
  return (
    (await (await server.call(`/browsers/v1/browser-sessions/${session}`)).json()) as { session: { state: string; currentUrl: string } }
  ).session
}

const titled = (text: string): Promise<unknown> =>
  eventually(`the page notes ${text}`, async () => (await current()).currentUrl.includes(encodeURIComponent(text)))

async function go(path: string): Promise<void> {
  await server.call(`/browsers/v1/browser-sessions/${session}/navigate`, { method: 'POST', json: { address: site.url + path } })
  await eventually('it is there', async () => (await current()).currentUrl === site.url + path)
  await page.waitForFunction(
    (url: string) => document.querySelector<HTMLInputElement>('[aria-label=Address]')?.value === url,
    {},
    site.url + path,
  )
}

/** For looking at, where `PICTURES` names a folder. */
async function picture(name: string): Promise<void> {
  const into = process.env['PICTURES']
  if (into !== undefined) await page.screenshot({ path: join(into, `hands-${name}.png`) })
}

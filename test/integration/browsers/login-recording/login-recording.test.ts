import { createServer, type Server } from 'node:http'
import type { Page } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listenToPerson } from '../../../../server/browsers/login-recording/recorder.ts'
import { withNote, type Noted } from '../../../../server/browsers/login-recording/steps-of.ts'
import type { SiteStep } from '../../../../server/browsers/contract/site-steps.ts'
import { startChromium, type TestChromium } from '../../../fixtures/chromium.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { listenOnLoopback, stopServer } from '../../../fixtures/loopback.ts'

const pages: Record<string, string> = {
  '/': `<div id="cookie-banner"><button>Accept all</button></div>
    <form action="/next"><label>Company <input name="company"></label><label>User <input id="x7f3a91" name="j_id1" autocomplete="username"></label>
    <input type="password" name="pw"><button type="button" id="show" onclick="document.querySelector('[name=pw]').type='text'">Show</button>
    <label><input type="checkbox" name="stay">Stay signed in</label>
    <select name="lang"><option value="">-</option><option value="pl">Polski</option></select>
    <button onclick="return confirm('Sure?')">Sign in</button></form>`,
  '/next': '<h1>Signed in</h1>',
  '/deep': `<iframe src="/inner" width=400 height=200></iframe><my-login></my-login>
    <script>customElements.define('my-login', class extends HTMLElement { connectedCallback() {
      this.attachShadow({ mode: 'open' }).innerHTML = '<input name="mail" type="email"><button>Go</button>' } })</script>`,
  '/inner': '<input name="user"><button id="continue">Continue</button>',
  '/boxes':
    '<form>' +
    '<input class="digit" maxlength="1" inputmode="numeric">'.repeat(6) +
    '</form><div style="cursor:pointer" class="css-1x2y3z">Confirm it</div>',
}

let chromium: TestChromium
let server: Server
let address: string
beforeAll(async () => {
  chromium = await startChromium()
  server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<!doctype html>${pages[(request.url ?? '').split('?')[0] ?? ''] ?? ''}`)
  })
  address = await listenOnLoopback(server)
})
afterAll(async () => {
  await chromium.stop()
  await stopServer(server)
})

async function recording(path: string): Promise<{ page: Page; steps(): SiteStep[]; notes: Noted[]; until(count: number): Promise<void> }> {
  const page = await chromium.freshPage()
  const notes: Noted[] = []
  let steps: SiteStep[] = []
  await listenToPerson({ pages: { list: () => [{ page }], onChange: () => () => undefined } }, (note) => {
    notes.push(note)
    steps = withNote(steps, note)
  })
  await page.goto(address + path)
  return { page, notes, steps: () => steps, until: async (count) => void (await eventually(`${count} steps`, () => steps.length >= count)) }
}

describe('recording a login', () => {
  it('makes steps of what a person does, with names that last and without what they typed as credentials', async () => {
    const { page, notes, steps, until } = await recording('/')
    page.once('dialog', (dialog) => void dialog.accept())
    await page.click('#cookie-banner button')
    await page.type('[name=company]', 'ACME')
    await page.type('[autocomplete=username]', 'mary')
    await page.type('[name=pw]', 'hunter2-hunter2')
    await page.click('#show')
    await page.type('[name=pw]', 'x')
    await page.click('[name=stay]')
    await page.focus('[name=lang]')
    await page.keyboard.press('p')
    await page.click('form > button:last-of-type')
    await until(9)
    expect(steps()).toEqual([
      { click: '#cookie-banner button', label: 'Accept all', ifShows: true },
      { fill: 'input[name="company"]', value: 'ACME', label: 'Company' },
      { fill: 'input[autocomplete="username"]', value: '{username}', label: 'User' },
      { fill: 'input[name="pw"]', value: '{password}' },
      { click: '#show', label: 'Show' },
      { tick: 'input[name="stay"]', label: 'Stay signed in' },
      { choose: 'select[name="lang"]', option: 'pl' },
      { click: 'aria/Sign in[role="button"]', label: 'Sign in' },
      { dialog: 'accept' },
    ])
    expect(JSON.stringify(notes)).not.toMatch(/hunter2|mary/)
  })

  it('reaches into frames and open shadow roots, and tells Enter from the click that the form makes of it', async () => {
    const { page, steps, until } = await recording('/deep')
    const frame = page.frames().find((each) => each.url().endsWith('/inner'))
    await frame?.type('[name=user]', 'mary')
    await frame?.click('#continue')
    await page.type('>>> [name=mail]', 'm@example.org')
    await page.click('>>> button')
    await page.goto(`${address}/`)
    page.once('dialog', (dialog) => void dialog.dismiss())
    await page.type('[name=pw]', 'hunter2')
    await page.keyboard.press('Enter')
    await until(7)
    expect(steps()).toEqual([
      { fill: 'input[name="user"]', value: '{username}' },
      { click: '#continue', label: 'Continue' },
      { fill: 'my-login >>> input[name="mail"]', value: '{username}' },
      { click: 'my-login >>> button', label: 'Go' },
      { fill: 'input[name="pw"]', value: '{password}' },
      { press: 'Enter', on: 'input[name="pw"]' },
      { dialog: 'dismiss' },
    ])
  })

  it('takes boxes of one digit each for one field, and what looks pressable for a button', async () => {
    const { page, steps, until } = await recording('/boxes')
    for (const [index, box] of (await page.$$('.digit')).entries()) await box.type(String(index))
    await page.click('div')
    await until(2)
    expect(steps()).toEqual([
      { fill: 'input.digit', value: '{totp}' },
      { click: 'text/Confirm it', label: 'Confirm it' },
    ])
  })
})

/** Programs beside a person: whose hand is on the page, who answers its dialogs, and how a view, an operation and programs share it. */
import puppeteer, { type Browser, type Dialog, type Page } from 'puppeteer-core'
import { chromium } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../../fixtures/eventually.ts'
import { drive, type Driven } from '../view/driven.ts'
import { rawClient } from './raw-client.ts'

let hands: Driven
const leaving: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  hands = await drive()
  await giveBack()
})
afterEach(async () => {
  await Promise.all(leaving.splice(0).map((leave) => leave().catch(() => undefined)))
  await eventually('the programs have left', () => programs().length === 0)
  if (hands.session.control.holder !== null) await giveBack()
})
afterAll(() => hands?.stop())

const giveBack = async (): Promise<void> => {
  hands.viewer.send({ type: 'give-back' })
  await hands.viewer.notice('control', ({ holder }) => holder === 'nobody')
}
const takeOver = async (): Promise<void> => {
  hands.viewer.send({ type: 'take-over' })
  await hands.viewer.notice('control', ({ holder }) => holder === 'you')
}
const programs = () => hands.session.clients.list().filter(({ kind }) => kind === 'program')
const addressOf = async (): Promise<string> => (await hands.served.post(`/v1/browser-sessions/${hands.session.id}/connect`)).body.connectUrl

async function puppeteerPage(): Promise<{ browser: Browser; page: Page }> {
  const browser = await puppeteer.connect({ browserWSEndpoint: await addressOf(), defaultViewport: null })
  leaving.push(() => browser.disconnect())
  const [page] = await browser.pages()
  if (page === undefined) throw new Error('The program sees no page')
  return { browser, page }
}

const asked = (page: Page): Promise<Dialog> => new Promise((resolve) => page.once('dialog', resolve))

describe('a dialog', () => {
  it('is answered by the program that sees it', async () => {
    await hands.go('/dialogs')
    const { page } = await puppeteerPage()
    const dialog = asked(page)
    const clicked = page.click('#prompt')
    expect((await dialog).message()).toBe('Booking number?')
    await (await dialog).accept('BK-77')
    await clicked
    await hands.noted('prompt=BK-77')
  })

  it('is refused when the program leaves it', async () => {
    await hands.go('/dialogs')
    const { browser, page } = await puppeteerPage()
    const dialog = asked(page)
    page.click('#confirm').catch(() => undefined)
    await dialog
    await browser.disconnect()
    await hands.noted('confirm=false')
  })

  it('is answered by the person who drives, though a program would answer it too', async () => {
    await hands.go('/dialogs')
    const other = await chromium.connectOverCDP(await addressOf())
    leaving.push(() => other.close())
    // It refuses each dialog that it hears of.
    await other.contexts()[0]?.pages()[0]?.title()
    await takeOver()
    await hands.click('#confirm')
    const [{ id }] = await eventually('it waits for the person', () => {
      const [open] = hands.session.dialogs.list()
      return open === undefined ? null : [open]
    })
    await eventually('the program waits', () => programs().some(({ state }) => state === 'waits'))
    hands.viewer.send({ type: 'answer', dialog: id, accept: true })
    await hands.noted('confirm=true')
  })
})

describe('a person who takes over', () => {
  it('has the page alone: keys and clicks of programs wait in their order, reading goes on', async () => {
    await hands.go('/words')
    const { page } = await puppeteerPage()
    const text = () => page.$eval('#field', (field) => (field as HTMLTextAreaElement).value)
    await page.focus('#field')
    await takeOver()
    const typed = page.keyboard.type('by program')
    await eventually('it waits', () => programs().some(({ state }) => state === 'waits'))
    await hands.click('#field')
    hands.viewer.type('ab')
    await eventually('the person has typed', async () => (await text()) === 'ab')
    await giveBack()
    await typed
    expect(await text()).toBe('abby program')
    expect(programs()).toMatchObject([{ state: 'attached' }])
  })

  it('has its frames alone too, which a program may hold by themselves', async () => {
    await hands.go('/framed')
    const client = await rawClient(await addressOf())
    leaving.push(async () => client.close())
    const frame = await eventually('the frame', async () =>
      (await client.ask('Target.getTargets', { filter: [{}] })).result.targetInfos.find(({ type }: { type: string }) => type === 'iframe'),
    )
    const { sessionId } = (await client.ask('Target.attachToTarget', { targetId: frame.targetId, flatten: true })).result
    await takeOver()
    let done = false
    const navigated = client.ask('Page.reload', {}, sessionId).then(() => (done = true))
    expect((await client.ask('Runtime.evaluate', { expression: '1 + 1' }, sessionId)).result.result.value).toBe(2)
    await eventually('it waits', () => programs().some(({ state }) => state === 'waits'))
    expect(done).toBe(false)
    await giveBack()
    await navigated
  })
})

it('two programs, a live view and the session’s own work go on at once', async () => {
  await hands.go('/words')
  const [{ page }, { page: same }] = [await puppeteerPage(), await puppeteerPage()]
  const frames = hands.viewer.frames.length
  const atBack = hands.session.pages.inBackground(async (back) => {
    await back.goto(`${hands.site.url}/controls`)
    return back.title()
  })
  const picture = hands.served.get(`/v1/browser-sessions/${hands.session.id}/screenshot`)
  await page.evaluate(() => (document.body.style.background = 'teal'))
  const [title, shot, words] = await Promise.all([atBack, picture, same.$eval('#said', (said) => said.textContent)])
  expect([title, shot.status, words]).toEqual(['start', 200, expect.stringContaining('TRHU')])
  await hands.viewer.frameAfter(frames)
  expect((await page.browser().pages()).length).toBe(1)
  expect(hands.session.clients.list().map(({ kind }) => kind)).toEqual(['view', 'program', 'program'])
})

/** What programs take for granted because every Chromium does it: windows, sessions within sessions, files where they look for them. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import puppeteer from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { programSnippet, type ProgramLanguage } from '../../../../renderer/pages/browsers/session/program-snippets.ts'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { startHandsSite, type HandsSite } from '../../../fixtures/hands-site.ts'

let served: ServedBrowsers
let site: HandsSite
let id: string
let browser: Browser
const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-test-'))

beforeAll(async () => {
  ;[served, site] = await Promise.all([serveBrowsers(), startHandsSite()])
  // Of a key that may use sessions and no more.
  id = (await served.post('/get_session', { username: 'user1', password: 'harbor-demo', captcha_api_key: 'unused' }, 'mine')).body
    .session_id
  browser = await chromium.connectOverCDP((await connect('mine')).httpUrl)
})
afterEach(() =>
  Promise.all(
    browser.contexts().flatMap((context) =>
      context
        .pages()
        .slice(1)
        .map((page) => page.close()),
    ),
  ),
)
afterAll(async () => {
  await browser?.close()
  await Promise.all([served?.stop(), site?.stop()])
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

const connect = async (as?: string) => (await served.post(`/v1/browser-sessions/${id}/connect`, {}, as)).body
const own = () => browser.contexts()[0] ?? expect.unreachable('the session has a context')
async function open(body: string, context = own()): Promise<Page> {
  const page = await context.newPage()
  await page.goto(site.url)
  await page.setContent(body)
  return page
}

it('a window that its page opens is a page of the program’s, with its handle', async () => {
  const page = await open(`<button onclick="opened = window.open('${site.url}/controls')">Open</button>`)
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.click('button')])
  await popup.waitForLoadState()
  expect(await popup.locator('#terminal').count()).toBe(1)
  await Promise.all([popup.waitForEvent('close'), page.evaluate('opened.close()')])
})

it('it goes back to a page, which loads', async () => {
  const page = await own().newPage()
  await page.goto(`${site.url}/controls`)
  await page.goto(`${site.url}/dialogs`)
  await page.goBack()
  expect(await page.locator('#terminal').count()).toBe(1)
})

it('it opens sessions of the protocol beside its own, for a page and for the browser', async () => {
  const page = await own().newPage()
  const session = await own().newCDPSession(page)
  expect(await session.send('Runtime.evaluate', { expression: '6 * 7' })).toMatchObject({ result: { value: 42 } })
  await session.detach()
  const ofBrowser = await browser.newBrowserCDPSession()
  expect(await ofBrowser.send('Browser.getVersion')).toMatchObject({ product: expect.stringContaining('Chrome') })
  await ofBrowser.detach()
})

it('it has more pages at once than are kept of those that nobody works in', async () => {
  const pages = await Promise.all(Array.from({ length: 11 }, () => own().newPage()))
  expect(await Promise.all(pages.map((page) => page.evaluate('1 + 1')))).toEqual(pages.map(() => 2))
})

it('Playwright finds what it has downloaded, in the session’s pages and in a context of its own', async () => {
  const link = '<a download="report.csv" href="data:text/csv,a,b">Report</a>'
  for (const context of [own(), await browser.newContext()]) {
    const page = await open(link, context)
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('a')])
    await download.saveAs(join(folder, 'saved.csv'))
    expect([download.suggestedFilename(), readFileSync(join(folder, 'saved.csv'), 'utf8')]).toEqual(['report.csv', 'a,b'])
    await download.delete()
  }
  const { downloads } = (await served.get(`/v1/browser-sessions/${id}/downloads`, 'mine')).body
  expect(downloads).toMatchObject([{ state: 'done' }, { name: 'report.csv', state: 'done' }])
})

it('a folder of this machine gets files only where the caller may name them', async () => {
  for (const [as, expected] of [
    ['mine', []],
    [undefined, ['report (1).csv', 'report.csv']],
  ] as const) {
    const wanted = mkdtempSync(join(folder, 'wanted-'))
    const other = await puppeteer.connect({
      ...{ browserWSEndpoint: (await connect(as)).connectUrl, defaultViewport: null },
      downloadBehavior: { policy: 'allow', downloadPath: wanted },
    })
    const page = await other.newPage()
    await page.setContent('<a download="report.csv" href="data:text/csv,a,b">Report</a>')
    const before = (await done()).length
    await page.click('a')
    await page.click('a')
    await eventually('both have arrived', async () => (await done()).length === before + 2)
    await eventually('they are where they belong', async () => String(readdirSync(wanted).toSorted()) === String(expected))
    await other.close()
  }
  async function done(): Promise<unknown[]> {
    const { downloads } = (await served.get(`/v1/browser-sessions/${id}/downloads`, 'mine')).body
    return downloads.filter(({ state }: { state: string }) => state === 'done')
  }
})

describe('what the window offers for copying runs as it is, with a key and without', () => {
  const programs = async (language: ProgramLanguage): Promise<string[]> => {
    const { session } = (await served.get(`/v1/browser-sessions/${id}`)).body
    return [programSnippet(language, { ...session, needsKey: true }), programSnippet(language, { ...(await connect()), needsKey: false })]
  }
  const title = 'Containers · Harbor Gate'

  it.each(['Puppeteer', 'Playwright'] satisfies ProgramLanguage[])('%s', async (language) => {
    const runs = (await programs(language)).map((code) => run(process.execPath, ['--input-type=module', '--eval', code]))
    expect(await Promise.all(runs)).toEqual([title, title])
  })

  it('curl', async () => {
    for (const code of await programs('curl')) expect(JSON.parse(await run('sh', ['-c', code]))).toMatchObject([{ title }])
  })

  /** What a program prints. */
  function run(program: string, args: readonly string[]): Promise<string> {
    const env = { ...process.env, WHEELHOUSE_KEY: 'a-key-for-tests' }
    const child = spawn(program, args, { cwd: join(import.meta.dirname, '../../../..'), env, stdio: ['ignore', 'pipe', 'ignore'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', () => resolve(output.trim()))
    })
  }
})

it('a program that drops the path of its address is told what to do instead', async () => {
  const told = await fetch(`${served.url}/json/version`)
  expect([told.status, told.statusText]).toEqual([404, expect.stringContaining('connect with browserWSEndpoint')])
  expect(JSON.stringify(await told.json())).toContain('dropped it')
})

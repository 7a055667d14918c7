/** Where a program's reach ends: the session's ways to the network, this machine's files, and what one program may cost the others. */
import puppeteer, { type Browser, type BrowserContext } from 'puppeteer-core'
import { chromium } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { startVictim, type Victim } from '../../../fixtures/nosy-site.ts'
import { rawClient, type RawClient } from './raw-client.ts'

let served: ServedBrowsers
let id: string
/** One of Wheelhouse's own listeners. */
let own: Victim
const leaving: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  ;[served, own] = await Promise.all([serveBrowsers(), startVictim()])
  served.context.egress.addListener(own.port)
  id = (await served.open(1)).body.session_id
})
afterEach(async () => {
  await Promise.all(leaving.splice(0).map((leave) => leave().catch(() => undefined)))
  await eventually('all have left', async () => (await session()).clients.length === 0)
})
afterAll(async () => {
  await served?.stop()
  await own?.stop()
})

const session = async () => (await served.get(`/v1/browser-sessions/${id}`)).body.session
const refused = async (): Promise<string[]> =>
  (await served.get(`/v1/browser-sessions/${id}`)).body.events
    .filter(({ kind }: { kind: string }) => kind === 'address-refused')
    .map(({ text }: { text: string }) => text)
const addressOf = async (): Promise<string> => (await served.post(`/v1/browser-sessions/${id}/connect`)).body.connectUrl

async function puppeteerClient(): Promise<Browser> {
  const browser = await puppeteer.connect({ browserWSEndpoint: await addressOf(), defaultViewport: null })
  leaving.push(() => browser.disconnect())
  return browser
}

async function raw(): Promise<RawClient> {
  const client = await rawClient(await addressOf())
  leaving.push(async () => client.close())
  return client
}

/** What a page of the context shows in the end of an address, and what it was told. */
async function visit(context: BrowserContext, address: string): Promise<{ shown: string; error: string }> {
  const page = await context.newPage()
  const error = await page.goto(address).then(
    () => '',
    (thrown: unknown) => String(thrown),
  )
  // The failure may be told before what stands in its place.
  const shown = await eventually('another document', async () => {
    const uri = await page.evaluate(() => document.documentURI).catch(() => 'about:blank')
    return uri === 'about:blank' ? null : uri
  })
  await page.close()
  return { shown, error }
}

describe('a program reaches what its session reaches', () => {
  const forbidden = () => [`http://127.0.0.1:${own.port}/`, `http://localhost:${own.port}/`, 'http://169.254.169.254/', 'http://10.0.0.1/']

  it('and nothing else, in the pages of the session and in contexts of its own, by the judgement of the proxy', async () => {
    const browser = await puppeteerClient()
    for (const context of [browser.defaultBrowserContext(), await browser.createBrowserContext()])
      for (const address of forbidden()) {
        const { shown, error } = await visit(context, address)
        expect([shown, error], address).toEqual(['chrome-error://chromewebdata/', expect.stringContaining('net::ERR_SOCKS_CONNECTION')])
      }
    expect([...own.reached]).toEqual([])
    const events = await refused()
    for (const host of [`127.0.0.1:${own.port}`, `localhost:${own.port}`, '169.254.169.254:80', '10.0.0.1:80'])
      expect(events).toContainEqual(expect.stringContaining(`${host} may not be reached`))
  })

  it('and nothing else with Target.createTarget, from workers, over WebSocket, or by the browser’s own loading', async () => {
    const browser = await puppeteerClient()
    const context = await browser.createBrowserContext()
    const page = await context.newPage()
    await page.goto(served.portal.url)
    const target = `127.0.0.1:${own.port}`
    const tried = await page.evaluate(async (host) => {
      const socket = new Promise((resolve) => {
        const opened = new WebSocket(`ws://${host}/socket`)
        opened.onopen = () => resolve('open')
        opened.onerror = () => resolve('refused')
      })
      const fetched = fetch(`http://${host}/fetch`, { mode: 'no-cors' }).then(
        () => 'open',
        () => 'refused',
      )
      return Promise.all([socket, fetched])
    }, target)
    expect(tried).toEqual(['refused', 'refused'])
    const cdp = await page.createCDPSession()
    const { frameTree } = await cdp.send('Page.getFrameTree')
    const loaded = await cdp.send('Network.loadNetworkResource', {
      frameId: frameTree.frame.id,
      url: `http://${target}/resource`,
      options: { disableCache: true, includeCredentials: true },
    })
    expect(loaded.resource).toMatchObject({ success: false, netErrorName: expect.stringContaining('SOCKS') })
    const client = await raw()
    const made = await client.ask('Target.createTarget', { url: `http://${target}/target` })
    expect(made.error).toBeUndefined()
    await eventually('it was refused', async () => (await session()).pages.length === 2)
    await client.ask('Target.closeTarget', { targetId: made.result.targetId })
    expect([...own.reached]).toEqual([])
  })

  it('and no file of this machine or page of the browser itself, however it is written', async () => {
    const browser = await puppeteerClient()
    const client = await raw()
    const own = await browser.createBrowserContext()
    for (const context of [browser.defaultBrowserContext(), own]) {
      const page = await context.newPage()
      for (const address of [
        'file:///etc/passwd',
        'FILE:///etc/passwd',
        ' fi\tle:///etc/passwd',
        'view-source:file:///etc/passwd',
        'chrome://version',
        'about:version',
        'chrome-untrusted://new-tab-page',
        'devtools://devtools/bundled/inspector.html',
      ]) {
        const cdp = await page.createCDPSession()
        await expect(cdp.send('Page.navigate', { url: address }), address).rejects.toThrow('are not shown')
        expect((await client.ask('Target.createTarget', { url: address })).error, address).toMatchObject({
          message: expect.stringContaining('are not shown'),
        })
        await cdp.detach()
      }
      // Past what a command names, Chromium's own list refuses it.
      await page.goto(served.portal.url)
      for (const address of ['file:///etc/passwd', 'chrome://version']) {
        await page.evaluate((to) => void (location.href = to), address)
        expect(await page.evaluate(() => document.documentURI)).not.toContain(address)
      }
      await page.close()
    }
  })
})

describe('files that a program brings', () => {
  it('reach a page from puppeteer, which names them, and from Playwright, which sends them', async () => {
    const browser = await puppeteerClient()
    const page = await browser.newPage()
    await page.setContent('<input type="file">')
    const field = await page.$('input')
    await field?.uploadFile(import.meta.filename)
    expect(await page.evaluate(() => document.querySelector('input')?.files?.[0]?.name)).toBe('borders.test.ts')
    await page.close()

    const other = await chromium.connectOverCDP(await addressOf())
    leaving.push(() => other.close())
    const sent = await other.contexts()[0]?.newPage()
    await sent?.setContent('<input type="file">')
    await sent?.setInputFiles('input', { name: 'manifest.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b') })
    const read = await sent?.evaluate(async () => {
      const [file] = document.querySelector('input')?.files ?? []
      return [file?.name, await file?.text()]
    })
    expect(read).toEqual(['manifest.csv', 'a,b'])
    await sent?.close()
  })
})

describe('what one program costs the others', () => {
  it('is one of sixteen places', async () => {
    for (let place = 0; place < 16; place += 1) await raw()
    expect((await session()).clients).toHaveLength(16)
    await expect(raw()).rejects.toThrow()
    expect((await served.post(`/v1/browser-sessions/${id}/connect`)).status).toBe(409)
  })

  it('is no more than its own connection, when it sends bytes that are no text, or endless commands', async () => {
    const [binary, hasty, other] = [await raw(), await raw(), await puppeteerClient()]
    const closed = [binary.closed(), hasty.closed()]
    binary.shout(Buffer.from([1, 2, 3]))
    const [page] = await other.pages()
    const { targetId } = (await hasty.ask('Target.getTargets')).result.targetInfos.find(({ type }: { type: string }) => type === 'page')
    const { sessionId } = (await hasty.ask('Target.attachToTarget', { targetId, flatten: true })).result
    const params = { expression: 'new Promise(() => {})', awaitPromise: true }
    for (let index = 0; index < 20_100; index += 1)
      hasty.shout(JSON.stringify({ id: 1_000 + index, method: 'Runtime.evaluate', params, sessionId }))
    expect(await Promise.all(closed)).toEqual([1_008, 1_000])
    expect(await page?.evaluate(() => 1 + 1)).toBe(2)
  })
})

/** Programs that were written for a Chromium of their own drive a session: unmodified, several at once, and without harm to each other. */
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { chromium } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { rawClient, type RawClient } from './raw-client.ts'

let served: ServedBrowsers
let id: string
let site: string
const leaving: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  served = await serveBrowsers()
  id = (await served.open(1)).body.session_id
  site = served.portal.url
})
afterEach(async () => {
  await Promise.all(leaving.splice(0).map((leave) => leave().catch(() => undefined)))
  await eventually('all have left', async () => (await session()).clients.length === 0)
})
afterAll(() => served?.stop())

const session = async () => (await served.get(`/v1/browser-sessions/${id}`)).body.session
const connect = async (client?: string) => (await served.post(`/v1/browser-sessions/${id}/connect`, { client })).body

async function puppeteerClient(name?: string): Promise<Browser> {
  const browser = await puppeteer.connect({ browserWSEndpoint: (await connect(name)).connectUrl, defaultViewport: null })
  leaving.push(() => browser.disconnect())
  return browser
}

async function raw(page?: string): Promise<RawClient> {
  const { connectUrl } = await connect('raw')
  const client = await rawClient(page === undefined ? connectUrl : `${connectUrl}/devtools/page/${page}`)
  leaving.push(async () => client.close())
  return client
}

/** The page that the session shows, as a program finds it. */
async function frontOf(browser: Browser): Promise<Page> {
  const pages = await browser.pages()
  const page = pages.find((shown) => shown.url().endsWith('/containers')) ?? pages[0]
  if (page === undefined) throw new Error('The program sees no page')
  return page
}

describe('a program', () => {
  it('finds the logged-in page with puppeteer, and closing its browser closes nothing', async () => {
    const browser = await puppeteerClient('nightly-check')
    const page = await frontOf(browser)
    expect(await page.title()).toBe('Containers · Harbor Gate')
    expect(await session()).toMatchObject({
      state: 'in-use',
      idleExpiresAt: null,
      clients: [{ name: 'nightly-check', program: expect.stringMatching(/^Puppeteer 2\d/), state: 'attached', address: '127.0.0.1' }],
    })
    await browser.close()
    expect(browser.connected).toBe(false)
    await eventually('the session is free', async () => (await session()).state === 'ready')
    expect((await served.open(1)).body).toMatchObject({ session_id: id, is_new: false })
    expect((await served.get(`/v1/browser-sessions/${id}`)).body.events.map(({ text }: { text: string }) => text)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^nightly-check drives the session with Puppeteer/), 'nightly-check has left']),
    )
  })

  it('finds it by the address of its HTTP as well, with puppeteer and with Playwright', async () => {
    const { httpUrl } = await connect()
    const browser = await puppeteer.connect({ browserURL: httpUrl, defaultViewport: null })
    leaving.push(() => browser.disconnect())
    expect(await (await frontOf(browser)).title()).toBe('Containers · Harbor Gate')

    const other = await chromium.connectOverCDP(httpUrl)
    leaving.push(() => other.close())
    const [context] = other.contexts()
    const page = context?.pages()[0]
    expect(await page?.title()).toBe('Containers · Harbor Gate')
    expect(await page?.getByRole('heading', { level: 1 }).first().textContent()).toContain('Containers')
  })

  it('connects with a key at the address that lasts', async () => {
    const { connectUrl, httpUrl, websocketUrl, browserWSEndpoint } = await session()
    expect([websocketUrl, browserWSEndpoint]).toEqual([connectUrl, connectUrl])
    expect((await fetch(`${httpUrl}/json/version`)).status).toBe(401)
    const headers = { 'x-api-key': 'a-key-for-tests' }
    const browser = await puppeteer.connect({ browserURL: httpUrl, headers, defaultViewport: null })
    leaving.push(() => browser.disconnect())
    expect(await (await frontOf(browser)).title()).toBe('Containers · Harbor Gate')
    const other = await chromium.connectOverCDP(`${connectUrl}?client=month-end`, { headers })
    leaving.push(() => other.close())
    expect((await session()).clients.map(({ name }: { name: string }) => name)).toEqual([expect.stringMatching(/^Puppeteer/), 'month-end'])
  })

  it('opens a page that is one of the session, behind the one in front, where it is signed in too', async () => {
    const browser = await puppeteerClient()
    const front = (await session()).pages.find(({ active }: { active: boolean }) => active)
    const page = await browser.newPage()
    await page.setViewport({ width: 640, height: 480 })
    await page.goto(`${site}/containers`)
    expect(await page.title()).toBe('Containers · Harbor Gate')
    const pages = await eventually('it is listed', async () => {
      const { pages: listed } = await session()
      return listed.length === 2 ? listed : null
    })
    expect(pages.map(({ id: page, active }: { id: string; active: boolean }) => [page === front.id, active])).toEqual([
      [true, true],
      [false, false],
    ])
    await eventually('it keeps its size', () => page.evaluate(() => innerWidth === 640 && innerHeight === 480))
    await page.close()
  })

  it('has contexts of its own, which are signed in nowhere, seen by nobody else, and gone with it', async () => {
    const [one, other] = [await puppeteerClient(), await puppeteerClient()]
    const context = await one.createBrowserContext()
    const page = await context.newPage()
    await page.goto(`${site}/containers`)
    expect(await page.title()).toBe('Sign in · Harbor Gate')
    expect((await session()).pages).toHaveLength(1)
    expect(other.browserContexts()).toHaveLength(1)
    expect(other.targets().some((target) => target.url().endsWith('/login'))).toBe(false)
    const spy = await raw()
    expect((await spy.ask('Target.getBrowserContexts')).result).toMatchObject({ browserContextIds: [] })
    const foreign = await spy.ask('Storage.getCookies', { browserContextId: context.id })
    expect(foreign.error).toMatchObject({ message: 'Failed to find browser context with given id' })
    await one.disconnect()
    await eventually(
      'its context is gone',
      async () => (await spy.ask('Target.disposeBrowserContext', { browserContextId: context.id })).error,
    )
    expect(await (await frontOf(other)).title()).toBe('Containers · Harbor Gate')
  })
})

describe('two programs at once', () => {
  it('each have their own ids, attachments and interceptions', async () => {
    const [one, other] = [await puppeteerClient(), await puppeteerClient()]
    const [page, same] = [await frontOf(one), await frontOf(other)]
    await page.setRequestInterception(true)
    let held = 0
    page.on('request', (request) => {
      held += 1
      void request.continue({ headers: { ...request.headers(), 'x-seen': 'one' } })
    })
    await same.reload()
    expect(held).toBeGreaterThan(0)
    const seen = held
    await one.disconnect()
    await same.reload()
    expect(held).toBe(seen)
    expect(await same.title()).toBe('Containers · Harbor Gate')
  })

  it('cannot speak in each other’s sessions, nor in ours', async () => {
    const [one, other] = [await raw(), await raw()]
    const [target] = (await one.ask('Target.getTargets')).result.targetInfos.filter(({ type }: { type: string }) => type === 'page')
    const { sessionId } = (await one.ask('Target.attachToTarget', { targetId: target.targetId, flatten: true })).result
    expect((await one.ask('Runtime.evaluate', { expression: 'document.title' }, sessionId)).result.result.value).toContain('Containers')
    const stolen = await other.ask('Runtime.evaluate', { expression: 'document.title' }, sessionId)
    expect(stolen.error).toEqual({ code: -32_001, message: 'Session with given id not found.' })
    expect((await other.ask('Target.detachFromTarget', { sessionId })).error).toBeDefined()
    expect((await one.ask('Runtime.evaluate', { expression: '1 + 1' }, sessionId)).result.result.value).toBe(2)
    expect(other.events.filter(({ sessionId: of }) => of === sessionId)).toEqual([])
  })

  it('leave what the session has set for its pages as it was', async () => {
    const browser = await puppeteerClient()
    const page = await frontOf(browser)
    const size = () => page.evaluate(() => [innerWidth, innerHeight])
    const before = await size()
    const other = await puppeteer.connect({ browserWSEndpoint: (await connect()).connectUrl, defaultViewport: { width: 500, height: 400 } })
    expect(await (await frontOf(other)).evaluate(() => [innerWidth, innerHeight])).toEqual([500, 400])
    await other.close()
    await eventually('the size is the session’s again', async () => JSON.stringify(await size()) === JSON.stringify(before))
    expect(await page.evaluate(() => document.hasFocus())).toBe(true)
  })
})

describe('what would end the keeping', () => {
  it('is answered as a browser answers it, and changes nothing', async () => {
    const client = await raw()
    for (const method of ['Browser.crash', 'Browser.crashGpuProcess', 'Target.setRemoteLocations', 'Page.setDownloadBehavior'])
      expect(await client.ask(method, { locations: [], behavior: 'allow', downloadPath: '/tmp' }), method).toMatchObject({ result: {} })
    for (const [method, params] of Object.entries({
      'Tethering.bind': { port: 9_222 },
      'Target.createBrowserContext': { proxyServer: 'http://127.0.0.1:1' },
      'Target.exposeDevToolsProtocol': { targetId: 'x' },
      'Target.sendMessageToTarget': { message: '{"id":1,"method":"Browser.close"}' },
      'Target.attachToTarget': { targetId: 'x', flatten: false },
      'Target.setAutoAttach': { autoAttach: true, waitForDebuggerOnStart: true, flatten: false },
      'Target.createTarget': { url: 'file:///etc/passwd' },
      'Extensions.loadUnpacked': { path: '/tmp' },
    }))
      expect((await client.ask(method, params)).error, method).toMatchObject({ message: expect.any(String) })
    const closed = client.closed()
    expect(await client.ask('Browser.close')).toMatchObject({ result: {} })
    await closed
    expect(await session()).toMatchObject({ state: 'ready' })
  })

  it('does not keep the session from a page when the last one is closed', async () => {
    const browser = await puppeteerClient()
    const closed = (await session()).pages[0].id
    await (await frontOf(browser)).close()
    await eventually('there is another page', async () => {
      const [page, ...more] = (await session()).pages
      return page !== undefined && more.length === 0 && page.id !== closed
    })
    await eventually('the program sees it', async () => (await browser.pages()).length === 1)
    const page = await frontOf(browser)
    await page.goto(`${site}/containers`)
    expect(await page.title()).toBe('Containers · Harbor Gate')
  })

  it('leaves a page at the back unseen', async () => {
    const client = await raw()
    await client.ask('Target.setDiscoverTargets', { discover: true, filter: [{}] })
    await client.ask('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true })
    const told = client.events.length
    const [own] = served.room.service.list()
    await own?.pages.inBackground(async (page) => {
      await page.goto(`${site}/containers`)
      expect(await page.title()).toBe('Containers · Harbor Gate')
    })
    const heard = client.events.slice(told).filter(({ method }) => /targetCreated|attachedToTarget/.test(method))
    expect(heard).toEqual([])
  })

  it('lets a page go on that a program holds up', async () => {
    const [own] = served.room.service.list()
    Object.assign(own?.browser.running?.hub.limits ?? {}, { stuckAfter: 50 })
    const client = await raw()
    await client.ask('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true })
    const other = await puppeteerClient()
    const page = await other.newPage()
    await page.goto(`${site}/containers`)
    expect(await page.title()).toBe('Containers · Harbor Gate')
    await page.close()
  })
})

describe('a program that misbehaves', () => {
  it('gets Chromium’s words for what is no command, and goes on', async () => {
    const client = await raw()
    for (const [text, code] of [
      ['rubbish', -32_700],
      ['[]', -32_700],
      ['{"method":"Browser.getVersion"}', -32_600],
      ['{"id":"1","method":"Browser.getVersion"}', -32_600],
      ['{"id":5,"method":7}', -32_600],
      ['{"id":5,"method":"Browser.getVersion","params":[]}', -32_600],
    ] as const)
      expect((await client.send(text)).error?.code, text).toBe(code)
    const twice = await client.send('{"id":6,"method":"Browser.getVersion","method":"Browser.close"}')
    expect(twice).toMatchObject({ id: 6, result: {} })
    expect(await session()).toMatchObject({ state: 'ready' })
  })

  it('is cut off when it sends more than a message may be, alone', async () => {
    const [client, other] = [await raw(), await puppeteerClient()]
    const closed = client.closed()
    client.shout('x'.repeat(64_000_000))
    expect(await closed).toBe(1_009)
    expect(await (await frontOf(other)).title()).toBe('Containers · Harbor Gate')
  })

  it('is cut off when it does not read, alone', async () => {
    const [client, other] = [await raw(), await puppeteerClient()]
    const page = (await session()).pages[0].id
    const { sessionId } = (await client.ask('Target.attachToTarget', { targetId: page, flatten: true })).result
    client.stopReading()
    for (let index = 0; index < 24; index += 1)
      client.shout(JSON.stringify({ id: 100 + index, method: 'Runtime.evaluate', params: { expression: '"x".repeat(4e6)' }, sessionId }))
    await eventually('it is cut off', async () => (await session()).clients.length === 1)
    expect(await (await frontOf(other)).title()).toBe('Containers · Harbor Gate')
    const { events } = (await served.get(`/v1/browser-sessions/${id}`)).body
    expect(events).toContainEqual(expect.objectContaining({ kind: 'client-left', facts: { client: 'raw', how: 'cut-off' } }))
  })

  it('is ended by a person, alone', async () => {
    const [one, other] = [await puppeteerClient('one'), await puppeteerClient('other')]
    const { clients } = (await served.get(`/v1/browser-sessions/${id}/clients`)).body
    const gone = new Promise((resolve) => one.once('disconnected', resolve))
    expect((await served.remove(`/v1/browser-sessions/${id}/clients/${clients[0].id}`)).status).toBe(204)
    await gone
    expect((await session()).clients.map(({ name }: { name: string }) => name)).toEqual(['other'])
    expect(await (await frontOf(other)).title()).toBe('Containers · Harbor Gate')
    expect((await served.remove(`/v1/browser-sessions/${id}/clients/${clients[0].id}`)).status).toBe(404)
  })

  it('is told before its socket opens when its address is not good', async () => {
    const { httpUrl, connectUrl } = await connect()
    const wrong = (url: string): string => url.replace(/.{4}$/, 'AAAA')
    expect((await fetch(`${wrong(httpUrl)}/json/version`)).status).toBe(401)
    await expect(puppeteer.connect({ browserWSEndpoint: wrong(connectUrl) })).rejects.toThrow('401')
    const origin = { headers: { origin: 'http://evil.example' } }
    expect((await fetch(`${httpUrl}/json/version`, origin)).status).toBe(403)
  })
})

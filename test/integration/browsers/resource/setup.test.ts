/** What can be chosen for a session, when it is created and while it lives. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { patience } from '../../../fixtures/patience.ts'
import { startTellingSite, type TellingSite } from '../../../fixtures/telling-site.ts'
import { startUpstreamProxy, type UpstreamProxy } from '../../../fixtures/upstream-proxy.ts'

let served: ServedBrowsers
let site: TellingSite
let httpProxy: UpstreamProxy
let socksProxy: UpstreamProxy

beforeAll(async () => {
  ;[site, httpProxy, socksProxy] = await Promise.all([startTellingSite(), startUpstreamProxy('http'), startUpstreamProxy('socks5')])
  served = await serveBrowsers()
  cpSync(
    join(import.meta.dirname, '../../../fixtures/browser-extension'),
    join(served.context.dataDir, 'browsers', 'extensions', 'marks'),
    {
      recursive: true,
    },
  )
})
beforeEach(() => site.asked.clear())
afterAll(async () => {
  await served.stop()
  await Promise.all([site, httpProxy, socksProxy].map((each) => each.stop()))
})

const patch = async (id: string, body: unknown) => {
  const response = await fetch(`${served.url}/v1/browser-sessions/${id}`, {
    method: 'PATCH',
    headers: { 'x-api-key': 'a-key-for-tests', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}
const view = async (id: string) => (await served.get(`/v1/browser-sessions/${id}`)).body.session
async function open(choices: object): Promise<string> {
  const opened = await served.post('/v1/browser-sessions', { profile: 'plain', address: `${site.url}/`, ...choices })
  expect(opened).toMatchObject({ status: 202 })
  const { id } = opened.body.session
  await eventually('the page is open', async () => (await view(id)).state === 'ready')
  return id
}
const told = (id: string) => served.room.service.get(id).page().evaluate(tell)

/** In the page. */
const tell = () => ({
  language: navigator.language,
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  number: (1.5).toLocaleString(),
  agent: navigator.userAgent,
  platform: navigator.platform,
  size: [innerWidth, innerHeight, devicePixelRatio],
  extension: document.documentElement.dataset['extension'],
})

const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36'
const choices = {
  locale: 'de-DE',
  timezone: 'Asia/Tokyo',
  userAgent: windows,
  viewport: { width: 900, height: 700 },
  deviceScaleFactor: 2,
  block: { hosts: [], patterns: ['*/ads/*'], kinds: ['stylesheet'] },
  tags: { team: 'yard', run: '7' },
  idleSeconds: 900,
}

describe('a session that was set up', () => {
  let id: string
  beforeAll(async () => void (id = await open(choices)))

  it('shows its site what was chosen with the very first request, in frames and in windows that a click opens, and at the back', async () => {
    const page = served.room.service.get(id).page()
    expect(await told(id)).toMatchObject({
      language: 'de-DE',
      zone: 'Asia/Tokyo',
      number: '1,5',
      agent: windows,
      platform: 'Win32',
      size: [900, 700, 2],
    })
    await page.click('#popup')
    await eventually('the other window is there', () => site.asked.has('/popup'))
    for (const frame of served.room.service
      .get(id)
      .pages.list()
      .flatMap((each) => each.page.frames())
      .filter((each) => each.url().startsWith('http')))
      expect(await frame.evaluate(tell), frame.url()).toMatchObject({ language: 'de-DE', zone: 'Asia/Tokyo', agent: windows })
    const headers = { 'accept-language': 'de-DE,de;q=0.9', 'user-agent': windows, 'sec-ch-ua-platform': '"Windows"' }
    await served.room.service.get(id).pages.inBackground(async (back) => {
      await back.goto(`${site.url}/back`)
      expect(await back.evaluate(tell)).toMatchObject({ language: 'de-DE', zone: 'Asia/Tokyo', size: [900, 700, 2] })
    })
    for (const path of ['/popup', '/back']) expect(site.asked.get(path), path).toMatchObject(headers)
  })

  it('loads nothing of what it is not to load', async () => {
    await served.room.service.get(id).page().goto(`${site.url}/`, { waitUntil: 'load' })
    expect([...site.asked.keys()]).toEqual(expect.arrayContaining(['/', '/picture.png', '/frame']))
    expect(site.asked.has('/style.css') || site.asked.has('/ads/banner.png')).toBe(false)
  })

  it('is shown with its choices and in the words of hosted browsers, and is found by its tags', async () => {
    const shown = await view(id)
    const { tags, ...options } = choices
    expect(shown).toMatchObject({ status: 'running', exitReason: null, tags, options, inUse: { count: 0, leases: [] } })
    expect(Math.round((Date.parse(shown.idleExpiresAt) - Date.parse(shown.lastUsedAt)) / 1_000)).toBe(900)
    const other = await open({ tags: { team: 'gate' } })
    const found = async (query: string) =>
      (await served.get(`/v1/browser-sessions?${query}`)).body.sessions.map((each: { id: string }) => each.id)
    expect(await found('tag=team:yard&tag=run')).toEqual([id])
    expect((await found('tag=team')).sort()).toEqual([id, other].sort())
    expect(await found('tag=team:yar')).toEqual([])
    await served.remove(`/v1/browser-sessions/${other}`)
    expect(await view(other)).toMatchObject({ status: 'completed', exitReason: 'released' })
  })

  it('is changed while it lives, and null takes a choice back', async () => {
    expect(
      await patch(id, { locale: 'fr-FR', timezone: null, viewport: { width: 640, height: 480 }, tags: { team: 'gate' } }),
    ).toMatchObject({
      status: 200,
      body: { session: { tags: { team: 'gate' }, options: { locale: 'fr-FR', timezone: null, userAgent: windows } } },
    })
    const { zone, ...now } = await told(id)
    expect(now).toMatchObject({ language: 'fr-FR', number: '1,5', size: [640, 480, 2] })
    expect(zone).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone)
    expect((await patch(id, { block: null, userAgent: null, viewport: null, deviceScaleFactor: null, locale: null })).status).toBe(200)
    expect(await told(id)).toMatchObject({ agent: expect.stringContaining('Headless'), size: [1_280, 800, 1] })
    site.asked.clear()
    await served.room.service.get(id).page().goto(`${site.url}/`, { waitUntil: 'load' })
    expect(site.asked.has('/style.css') && site.asked.has('/ads/banner.png')).toBe(true)
    expect((await patch(id, { block: { hosts: ['localhost'] } })).status).toBe(200)
    site.asked.clear()
    await served.room.service.get(id).page().goto(`${site.url}/`, { waitUntil: 'load' })
    expect(site.asked.has('/frame')).toBe(false)
  })

  it('refuses in words what cannot change, and what it does not know', async () => {
    expect(await patch(id, { extensions: ['marks'] })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('extensions (cannot change while') },
    })
    expect(await patch(id, { colour: 'red' })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('colour (is no field') },
    })
    expect(await patch(id, { timezone: 'Atlantis' })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('Europe/Berlin') },
    })
    expect(await patch('session_1704623456_1234567890', { locale: null })).toMatchObject({ status: 404 })
    const args = await served.post('/v1/browser-sessions', { profile: 'plain', address: site.url, args: ['--no-sandbox'] })
    expect(args).toMatchObject({ status: 400, body: { error: expect.stringContaining('must be one of: --autoplay-policy') } })
  })
})

describe('a proxy', () => {
  const login = { username: 'harbor', password: 'p@ss word' }

  it.each(['http', 'socks5'] as const)(
    '%s, with its credentials, is the way of everything, and is never shown with its password',
    async (kind) => {
      const proxy = kind === 'http' ? httpProxy : socksProxy
      const server = `${kind}://127.0.0.1:${proxy.port}`
      const id = await open({ proxy: kind === 'http' ? { server, ...login } : `socks5://harbor:p%40ss%20word@127.0.0.1:${proxy.port}` })
      expect(new Set(proxy.led)).toEqual(new Set([new URL(site.url).host]))
      const { options } = await view(id)
      expect(options.proxy).toEqual({ server, username: 'harbor' })
      const page = served.room.service.get(id).page()
      // What of it still comes would come through the proxy.
      await page.waitForFunction(() => document.readyState === 'complete', { timeout: patience })
      expect((await patch(id, { proxy: null })).status).toBe(200)
      proxy.led.length = 0
      await page.goto(`${site.url}/direct`)
      expect(proxy.led).toEqual([])
      await served.remove(`/v1/browser-sessions/${id}`)
    },
  )

  it('that does not answer, refuses the credentials, speaks something else or may not be reached is told before anything starts', async () => {
    const before = (await served.get('/v1/browser-sessions')).body.sessions.length
    const why = async (proxy: unknown) => {
      const { status, body } = await served.post('/v1/browser-sessions', { profile: 'plain', address: `${site.url}/`, proxy })
      return `${status} ${body.error}`
    }
    // No test listens there, as one might at a port that was just freed.
    expect(await why('http://127.0.0.1:1')).toBe('400 The proxy 127.0.0.1:1 refuses the connection')
    expect(await why(`http://harbor:wrong@127.0.0.1:${httpProxy.port}`)).toMatch(/refuses these credentials$/)
    expect(await why(`http://127.0.0.1:${httpProxy.port}`)).toMatch(/asks for a user name and a password$/)
    expect(await why(`socks5://harbor:wrong@127.0.0.1:${socksProxy.port}`)).toMatch(/refuses these credentials$/)
    expect(await why(`socks5://${new URL(site.url).host}`)).toMatch(/does not speak as a SOCKS5 proxy does|broke the connection off/)
    expect(await why('http://10.1.2.3:3128')).toMatch(/may not be reached: it is a private address/)
    expect(await why('ftp://127.0.0.1')).toMatch(/^400 Invalid fields: proxy/)
    expect((await served.get('/v1/browser-sessions')).body.sessions.length).toBe(before)
  })

  it('leads to none of the places that the session may not reach', async () => {
    const id = await open({ proxy: { server: `http://127.0.0.1:${httpProxy.port}`, ...login } })
    const page = served.room.service.get(id).page()
    const own = new URL(served.url)
    served.context.egress.addListener(Number(own.port))
    for (const address of [`http://127.0.0.1:${own.port}/health`, 'http://10.1.2.3/', 'http://169.254.169.254/'])
      await expect(page.goto(address)).rejects.toThrow('ERR_SOCKS')
    // The site's own page may still be on its way.
    expect(httpProxy.led.filter((place) => place !== new URL(site.url).host)).toEqual([])
    await served.remove(`/v1/browser-sessions/${id}`)
  })
})

describe('an extension', () => {
  it('from the extensions folder runs in the session, with arguments of the list', async () => {
    const id = await open({ extensions: ['marks'], args: ['--force-dark-mode'] })
    await eventually('the page is marked', async () => (await told(id)).extension === 'here')
    await served.remove(`/v1/browser-sessions/${id}`)
  })

  it('that is not there is told with those that are, and no path is a name', async () => {
    const refused = (name: string) => served.post('/v1/browser-sessions', { profile: 'plain', address: site.url, extensions: [name] })
    expect(await refused('other')).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(/no extension other .* it has marks$/) },
    })
    expect((await refused('../marks')).status).toBe(400)
  })
})

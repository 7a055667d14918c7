import { once } from 'node:events'
import { strFromU8, unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { CrashCard, RecorderEntry, RecorderTailMessage } from '../../../../server/browsers/contract/index.ts'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { startBusySite, type BusySite } from '../../../fixtures/busy-site.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { har as harSchema } from './har-schema.ts'

let served: ServedBrowsers
let site: BusySite
let id: string

beforeAll(async () => {
  site = await startBusySite()
  served = await serveBrowsers()
  id = (await served.open(1)).body.session_id
  await served.room.service.get(id).page().goto(`${site.url}/`)
  await eventually('all has come', async () => {
    const { counts } = (await record()).body
    return counts.failed >= 2 && counts.console >= 4 && (await entries('text=from-worker')).length === 1
  })
})
afterAll(async () => {
  await served.stop()
  await site.stop()
})

const record = (query = '', of = id) => served.get(`/v1/browser-sessions/${of}/recorder?${query}`)
const entries = async (query = '', of = id): Promise<RecorderEntry[]> => (await record(query, of)).body.entries
const pidOf = (of: string) => served.room.service.get(of).browser.running?.pid ?? 0
// One that died sleeps where its login was kept.
const ended = (of: string) => eventually('it has ended', () => ['closed', 'hibernated'].includes(served.room.service.recall(of).state))

describe('the flight recorder', () => {
  it('has navigations, requests, failures, the console, errors and the login in one row, the latest first', async () => {
    const all = await entries('limit=1000')
    expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted((a, b) => b - a))
    const of = (kind: string) => all.filter((entry) => entry.kind === kind)
    expect(of('console').map(({ subject, detail, tone }) => [subject, detail, tone])).toEqual(
      expect.arrayContaining([
        ['ready {holds: 2}', 'main.js:1', 'neutral'],
        ['Slow answer from https://api.test/?key=***', 'main.js:2', 'attention'],
        ['Lookup failed: 502', 'main.js:3', 'bad'],
      ]),
    )
    expect(of('page-error')).toMatchObject([
      { category: 'console', subject: 'Error: holds is undefined', detail: 'main.js:5', tone: 'bad' },
    ])
    expect(of('request-failed').map(({ subject, detail }) => [subject, detail.replace(/ · .*/, '')])).toEqual(
      expect.arrayContaining([
        ['POST /api/containers?page=2&access_token=***', '502'],
        ['GET /missing.png?token=***', '404'],
      ]),
    )
    expect(of('request').map(({ subject }) => subject)).toEqual(expect.arrayContaining(['GET /', 'GET /main.js', 'GET /worker.js']))
    const [navigated] = of('navigated')
    expect(navigated).toMatchObject({
      category: 'pages',
      subject: `${site.url}/`,
      source: 'page',
      detail: expect.stringMatching(/^[\d.]+ m?s$/),
    })
    expect(of('sign-in').map(({ category }) => category)).toContain('login')
    expect(all.at(-1)).toMatchObject({ kind: 'session-opened', category: 'session' })
  })

  it('keeps no password, no token, no cookie, no header that could hold one and no body', async () => {
    const [list, har, zip] = await Promise.all([record('limit=1000'), served.get(`/v1/browser-sessions/${id}/recorder.har`), archive(id)])
    const texts = [JSON.stringify(list.body), JSON.stringify(har.body), ...Object.values(zip).map((file) => strFromU8(file))]
    for (const text of texts) expect(text).not.toMatch(/\w-12345|harbor-demo/)
  })

  it('is asked for by category, by who caused it and by what it says, and page by page', async () => {
    const kinds = async (query: string) => [...new Set((await entries(query)).map(({ kind }) => kind))]
    expect(await kinds('category=failed')).toEqual(['request-failed'])
    expect((await kinds('category=requests')).toSorted()).toEqual(['request', 'request-failed'])
    expect((await kinds('category=console,failed')).toSorted()).toEqual(['console', 'page-error', 'request-failed'])
    expect(await kinds('text=LOOKUP')).toEqual(['console'])
    expect((await entries('source=wheelhouse')).every(({ category }) => ['login', 'session'].includes(category))).toBe(true)
    const { counts } = (await record('limit=1')).body
    expect(counts).toMatchObject({ failed: 2, requests: (await entries('category=requests&limit=1000')).length })

    const all = (await entries('limit=1000')).map((entry) => entry.id)
    const first = await record('limit=3')
    expect(first.body.more).toBe(true)
    const second = await entries(`limit=3&before=${first.body.entries.at(-1).id}`)
    expect([...first.body.entries, ...second].map((entry) => entry.id)).toEqual(all.slice(0, 6))
    // Whoever follows by the number of the last one misses none, however many came.
    expect((await entries(`after=${all[4]}&limit=2`)).map((entry) => entry.id)).toEqual([all[2], all[3]])
    expect((await record('category=nothing')).status).toBe(400)
    expect((await served.get(`/v1/browser-sessions/session_1700000000_0000000000/recorder`)).status).toBe(404)
  })

  it('is exported as HAR 1.2 that its readers take, redirects and requests that hang included', async () => {
    const page = served.room.service.get(id).page()
    await page.goto(`${site.url}/old`)
    await page.evaluate(() => void fetch('/hangs').catch(() => undefined))
    const har = await eventually('the hanging request is seen', async () => {
      const { body } = await served.get(`/v1/browser-sessions/${id}/recorder.har`)
      return body.log.entries.some(({ comment }: { comment?: string }) => comment === 'Had not ended') && body
    })
    const { log } = harSchema.parse(har)
    expect(log.browser.version).toMatch(/^\d+\./)
    const redirect = log.entries.find(({ request }) => request.url === `${site.url}/old`)
    expect(redirect?.response).toMatchObject({ status: 302, redirectURL: `${site.url}/?code=***` })
    const document = log.entries.find(({ request }) => request.url === `${site.url}/`)
    expect(document).toMatchObject({ request: { method: 'GET' }, response: { status: 200, content: { mimeType: 'text/html' } } })
    expect(document?.response.content.size).toBeGreaterThan(100)
    const load = log.pages.find((one) => one.id === document?.pageref)
    expect(load?.pageTimings.onLoad).toBeGreaterThanOrEqual(load?.pageTimings.onContentLoad ?? -1)
    const posted = log.entries.find(({ request }) => request.method === 'POST' && request.url.includes('/api/containers'))
    expect(posted?.request).toMatchObject({
      bodySize: 19,
      queryString: [
        { name: 'page', value: '2' },
        { name: 'access_token', value: '***' },
      ],
    })
  })

  it('follows live, tells what comes or how much of it, and ends with the session', async () => {
    const other: string = (await served.open(2)).body.session_id
    const socket = new WebSocket(`${served.url.replace('http', 'ws')}/v1/browser-sessions/${other}/recorder/tail?category=console,leases`, {
      headers: { 'x-api-key': 'a-key-for-tests' },
    })
    const messages: RecorderTailMessage[] = []
    socket.on('message', (data: Buffer) => void messages.push(JSON.parse(data.toString())))
    await once(socket, 'open')
    await eventually('the totals have come', () => messages[0]?.totals.requests)
    await served.post(`/v1/browser-sessions/${other}/leases`, { holder: 'nightly-check' })
    const lease = await eventually('the lease is told', () => messages.flatMap((message) => message.entries)[0])
    expect(lease).toMatchObject({ kind: 'lease-taken', category: 'leases', subject: 'nightly-check', source: 'people' })

    await served.room.service.get(other).page().goto(`${site.url}/many`)
    const sum = () => messages.reduce((total, { entries: some, skipped }) => total + some.length + skipped, 0)
    await eventually('all lines are told or counted', () => sum() >= 61)
    expect((await entries('category=console&limit=1000', other)).length).toBe(60)
    const closed = once(socket, 'close')
    await served.remove(`/sessions/${other}`)
    expect((await closed)[0]).toBe(1_000)
  })

  it('keeps a small picture after a page has loaded, for the list and the archive', async () => {
    const { pictures } = await eventually('there is a picture', async () => {
      const { body } = await record()
      return body.pictures.length > 0 && body
    })
    expect(pictures[0].url).toContain(site.url.slice(0, 12))
    const picture = await served.get(`/v1/browser-sessions/${id}/recorder/pictures/${pictures[0].id}`)
    expect([picture.status, Buffer.from(picture.body).subarray(0, 2).toString('hex')]).toEqual([200, 'ffd8'])
    expect((await served.get(`/v1/browser-sessions/${id}/recorder/pictures/999`)).status).toBe(404)
    const names = Object.keys(await archive(id))
    expect(names).toEqual(
      expect.arrayContaining(['session.json', 'events.json', 'requests.har', expect.stringMatching(/^pictures\/.*\.jpg$/)]),
    )
  })
})

describe('the card of a session that has ended', () => {
  it('says in words that the browser was killed, what it showed last and what had not been answered', async () => {
    const pid = pidOf(id)
    expect((await served.get(`/v1/browser-sessions/${id}/crash-card`)).status).toBe(404)
    process.kill(pid, 'SIGKILL')
    await ended(id)
    const card = await cardOf(id)
    expect(card).toMatchObject({
      endReason: 'crashed',
      cause: 'killed',
      explanation: expect.stringContaining('Something else on this machine ended the browser'),
      reason: 'The browser ended: killed by SIGKILL',
      exit: { code: null, signal: 'SIGKILL' },
      username: 'user1',
      lastPage: { url: `${site.url}/`, title: 'Holds' },
    })
    expect(card.unfinished).toEqual([`GET ${site.url}/hangs`])
    expect(card.lastEntries.slice(-2).map(({ kind }) => kind)).toEqual(['end-explained', 'session-crashed'])
    const picture = await served.get(`/v1/browser-sessions/${id}/recorder/pictures/${card.picture}`)
    expect(picture.status).toBe(200)
    // The record stays to be read.
    expect((await entries('category=failed')).length).toBeGreaterThanOrEqual(2)
    expect(Object.keys(await archive(id))).toContain('crash-card.json')
    expect(harSchema.safeParse((await served.get(`/v1/browser-sessions/${id}/recorder.har`)).body).success).toBe(true)
  })

  it('tells Chromium’s own failure from a kill, and a close by request from both', async () => {
    const [failing, closed]: string[] = [(await served.open(3)).body.session_id, (await served.open(4)).body.session_id]
    process.kill(pidOf(failing ?? ''), 'SIGSEGV')
    await ended(failing ?? '')
    expect(await cardOf(failing ?? '')).toMatchObject({ cause: 'crashed', explanation: expect.stringContaining('Chromium failed') })
    await served.remove(`/sessions/${closed}`)
    expect(await cardOf(closed ?? '')).toMatchObject({ cause: 'closed', exit: null, explanation: 'It was closed by request' })
  })

  it('is known after a restart of the server, for those alone who could see the session', async () => {
    const { dataDir } = served.context
    const later = await serveBrowsers({ dataDir })
    const card = await later.get(`/v1/browser-sessions/${id}/crash-card`)
    expect(card).toMatchObject({ status: 200, body: { cause: 'killed', picture: null, lastPage: { title: 'Holds' } } })
    expect(later.room.service.records.makersOf(id)).toEqual(served.room.service.records.makersOf(id))
    expect((await later.get(`/v1/browser-sessions/${id}/recorder`)).status).toBe(404)
    await later.stop()
  })
})

async function cardOf(of: string): Promise<CrashCard> {
  return (await served.get(`/v1/browser-sessions/${of}/crash-card`)).body
}

async function archive(of: string): Promise<Record<string, Uint8Array>> {
  return unzipSync((await served.get(`/v1/browser-sessions/${of}/recorder.zip`)).body)
}

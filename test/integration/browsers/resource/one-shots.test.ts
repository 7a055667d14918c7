/** Pictures, PDF and text, from a session and without one. */
import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { listenOnLoopback, stopServer } from '../../../fixtures/loopback.ts'

const article = `<!doctype html><html lang="en"><head><title>The tide table</title></head><body>
<nav><a href="/menu">Menu</a></nav>
<article><h1>The tide table</h1>${'<p>High water comes <strong>twice</strong> a day, and with it the ships that wait outside the bar for it to come, as every pilot knows.</p>'.repeat(8)}
<ul class="times"><li data-port="north">06:10</li><li data-port="south">18:40</li></ul></article>
<p id="late" hidden>Arrived</p><footer>Footer words</footer>
<div style="height: 2000px"></div>
<script>setTimeout(() => { document.getElementById('late').hidden = false }, 300)</script></body></html>`

let served: ServedBrowsers
let url: string
let session: string
/** Answers what was asked for at `/back`, which waits for that. */
const backMayCome = Promise.withResolvers<void>()
const asked: { path: string; cookie: string | undefined; mark: string | undefined }[] = []
const site = createServer((request, response) => {
  asked.push({ path: request.url ?? '', cookie: request.headers.cookie, mark: request.headers['x-mark'] as string | undefined })
  if (request.url === '/never') return
  if (request.url === '/file') response.setHeader('content-disposition', 'attachment; filename="a.zip"')
  response.statusCode = request.url === '/gone' ? 503 : 200
  response.setHeader('content-type', 'text/html; charset=utf-8')
  if (request.url === '/back') return void backMayCome.promise.then(() => response.end(article))
  response.end(article)
})

beforeAll(async () => {
  url = await listenOnLoopback(site)
  served = await serveBrowsers({ settings: { browsers: { maxSessions: 2 } } })
  session = (await served.post('/v1/browser-sessions', { profile: 'plain', address: `${url}/front` })).body.session.id
  await eventually('it is ready', async () => (await served.get(`/v1/browser-sessions/${session}`)).body.session.state === 'ready')
})
afterAll(async () => {
  await served.stop()
  await stopServer(site)
})

const onSession = (kind: string, body: object = {}) => served.post(`/v1/browser-sessions/${session}/${kind}`, body)
const alone = (kind: string, body: object) => served.post(`/v1/${kind}`, body)
/** Width and height of a PNG. */
const sizeOf = (png: Uint8Array): number[] => [16, 20].map((at) => Buffer.from(png).readUInt32BE(at))
const liveIds = async () => (await served.get('/v1/browser-sessions')).body.sessions.map(({ id }: { id: string }) => id)

/** As a job; its id. */
const begin = async (body: object) => {
  const response = await fetch(`${served.url}/v1/text`, {
    method: 'POST',
    headers: { 'x-api-key': 'a-key-for-tests', 'content-type': 'application/json', prefer: 'respond-async' },
    body: JSON.stringify(body),
  })
  expect([response.status, response.headers.get('preference-applied')]).toEqual([202, 'respond-async'])
  return (await response.json()).id as string
}

describe('on a session', () => {
  it('takes pictures of what shows, of the whole page, of an element and of an area, in three formats', async () => {
    expect(sizeOf((await onSession('screenshot')).body)).toEqual([1_280, 800])
    const [, height = 0] = sizeOf((await onSession('screenshot', { fullPage: true })).body)
    expect(height).toBeGreaterThan(2_000)
    const [width = 0, small = 0] = sizeOf((await onSession('screenshot', { selector: 'ul.times' })).body)
    expect([width < 1_280, small < 200]).toEqual([true, true])
    expect(sizeOf((await onSession('screenshot', { clip: { x: 0, y: 100, width: 50, height: 60 } })).body)).toEqual([50, 60])
    expect(Buffer.from((await onSession('screenshot', { format: 'jpeg', quality: 40 })).body).readUInt16BE(0)).toBe(0xffd8)
    expect(Buffer.from((await onSession('screenshot', { format: 'webp' })).body).toString('latin1', 8, 12)).toBe('WEBP')
    expect((await served.get(`/v1/browser-sessions/${session}/screenshot`)).status).toBe(200)
  })

  it('prints, and reads HTML, readable text, Markdown and elements', async () => {
    const pdf = await onSession('pdf', {
      landscape: true,
      margin: { top: '1cm' },
      footerTemplate: '<span class="pageNumber"></span>',
      pageRanges: '1',
    })
    expect(Buffer.from(pdf.body).toString('latin1', 0, 5)).toBe('%PDF-')
    const { body: html } = await onSession('html')
    expect(html).toMatchObject({ title: 'The tide table', address: `${url}/front`, status: null })
    expect(html.html).toMatch(/^<!DOCTYPE html>.*Footer words/s)
    const { body: text } = await onSession('text')
    expect(text.text).toContain('High water comes twice a day')
    expect(text.text).not.toContain('Footer words')
    expect((await onSession('text', { readable: false })).body.text).toContain('Footer words')
    const { body: markdown } = await onSession('markdown')
    expect(markdown.markdown).toMatch(/comes \*\*twice\*\* a day[\s\S]*- +06:10/)
    const { body: scraped } = await onSession('scrape', {
      elements: [
        { selector: 'ul.times ::-p-text(18:40)', name: 'south', attributes: ['data-port', 'id'], html: true },
        { selector: '.nothing' },
      ],
    })
    expect(scraped.elements).toEqual([
      {
        name: 'south',
        matches: [{ text: '18:40', attributes: { 'data-port': 'south', id: null }, html: '<li data-port="south">18:40</li>' }],
      },
      { name: '.nothing', matches: [] },
    ])
  })

  it('opens an address at the back, under a lease, and leaves what a person sees alone', async () => {
    const before = (await served.get(`/v1/browser-sessions/${session}`)).body.session
    const text = onSession('text', { address: `${url}/back`, waitFor: { selector: '#late' } })
    await eventually('it is leased', async () => (await served.get(`/v1/browser-sessions/${session}`)).body.session.inUse.count === 1)
    backMayCome.resolve()
    expect(await text).toMatchObject({ status: 200, body: { address: `${url}/back`, status: 200 } })
    const after = (await served.get(`/v1/browser-sessions/${session}`)).body.session
    expect([after.pages, after.state]).toEqual([before.pages, 'ready'])
  })

  it('says in words what does not work', async () => {
    const failed = async (kind: string, body: object) => {
      const { status, body: said } = await onSession(kind, body)
      return `${status} ${said.error}`
    }
    expect(await failed('screenshot', { selector: '.nothing' })).toBe('422 The page has no element that shows for .nothing')
    expect(await failed('scrape', { elements: [{ selector: 'a[' }] })).toMatch(/^400 The selector is not valid/)
    expect(await failed('text', { waitFor: { selector: '.nothing' }, timeout: 300 })).toMatch(
      /^504 Not done within 300 ms: still waiting for/,
    )
    expect(await failed('html', { maxBytes: 100 })).toBe('413 The page has more than 100 characters')
    expect(await failed('pdf', { maxBytes: 100 })).toBe('413 The document has more than 100 bytes')
    expect(await failed('text', { address: `${url}/never`, timeout: 300 })).toMatch(/^504 Not done within 300 ms: still (opening|waiting)/)
    expect(await failed('text', { address: `${url}/file` })).toMatch(/^502 .* sends a file and no page$/)
    expect(await failed('text', { address: 'http://127.0.0.1:1/' })).toMatch(/^502 .*refuses|^502 .*blocked|^502/)
    expect(await failed('text', { address: 'file:///etc/passwd' })).toMatch(/^400 Invalid fields: address/)
    expect(await failed('text', { address: 'http://10.1.2.3/' })).toMatch(/^400 .*may not be reached/)
    expect((await onSession('text', { address: `${url}/gone` })).body).toMatchObject({ status: 503 })
  })
})

it('on a session that sleeps, wakes it', async () => {
  expect((await served.post(`/v1/browser-sessions/${session}/hibernate`)).status).toBe(200)
  expect((await served.get(`/v1/browser-sessions/${session}`)).body.session.state).toBe('hibernated')
  expect(await onSession('text')).toMatchObject({ status: 200, body: { address: `${url}/front`, title: 'The tide table' } })
})

describe('without a session', () => {
  it('makes them of an address or of HTML, with cookies and headers, and leaves nothing behind', async () => {
    const cookies = [{ name: 'berth', value: '7' }]
    const taken = await alone('text', { address: `${url}/alone`, cookies, headers: { 'X-Mark': 'harbor' }, locale: 'de-DE' })
    expect(taken).toMatchObject({ status: 200, body: { status: 200, title: 'The tide table' } })
    expect(asked.find(({ path }) => path === '/alone')).toEqual({ path: '/alone', cookie: 'berth=7', mark: 'harbor' })
    const picture = await alone('screenshot', { html: '<h1 style="margin:0">Hello</h1>', viewport: { width: 320, height: 200 } })
    expect(sizeOf(picture.body)).toEqual([320, 200])
    expect(await liveIds()).toEqual([session])
    expect((await alone('screenshot', {})).body.error).toBe('Missing required fields: address (or html)')
    expect((await alone('html', { html: '<iframe src="file:///etc/passwd"></iframe>' })).body.html).not.toContain('root:')
  })

  it('counts as a session while it lasts', async () => {
    const lasting = await begin({ address: `${url}/never`, timeout: 60_000 })
    await eventually('it has a place', async () => (await liveIds()).length === 2)
    await served.post(`/v1/browser-sessions/${session}/leases`, { holder: 'test' }).then(async ({ body }) => {
      const waiting = { status: 504, body: { error: 'Not done within 300 ms: still waiting for a place' } }
      expect(await alone('text', { address: `${url}/alone`, timeout: 300 })).toMatchObject(waiting)
      await served.remove(`/v1/browser-sessions/${session}/leases/${body.id}`)
    })
    await served.remove(`/v1/jobs/${lasting}`)
  })

  it('works as a job that is asked for, tells how far it is, brings its result and can be cancelled', async () => {
    const job = async (id: string) => (await served.get(`/v1/jobs/${id}`)).body
    const id = await begin({ address: `${url}/job` })
    const done = await eventually('it is done', async () => {
      const now = await job(id)
      return now.state !== 'running' && now
    })
    expect(done).toMatchObject({ state: 'done', kind: 'text', error: null, result: `/v1/jobs/${id}/result` })
    expect((await served.get(done.result)).body.text).toContain('High water')
    const endless = await begin({ address: `${url}/never`, timeout: 60_000 })
    await eventually('it opens', async () => /^opening/.test((await job(endless)).step))
    expect((await served.get(`/v1/jobs/${endless}/result`)).status).toBe(404)
    expect((await served.remove(`/v1/jobs/${endless}`)).status).toBe(204)
    expect((await served.get(`/v1/jobs/${endless}`)).status).toBe(404)
    await eventually('its browser is gone', async () => (await liveIds()).length === 1)
  })
})

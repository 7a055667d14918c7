/** A session's state leaves for Playwright and Puppeteer and comes back from them; bad ones change nothing. */
import { launch } from 'puppeteer-core'
import { chromium, type BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { patience } from '../../../fixtures/patience.ts'

let served: ServedBrowsers
let id = ''
let state = ''
let containers = ''

beforeAll(async () => {
  served = await serveBrowsers({ room: { upkeep: { tick: 3_600_000 } } })
  id = (await served.open(1)).body.session_id
  state = `/v1/browser-sessions/${id}/state`
  containers = `${served.portal.url}/containers`
})
afterAll(() => served.stop())

const page = () => served.room.service.get(id).page()
const put = (path: string, body: object) =>
  fetch(served.url + path, {
    method: 'PUT',
    headers: { 'x-api-key': 'a-key-for-tests', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const executablePath = (): string => served.room.chromium.state().path ?? ''

/** Runs in the page: a database with what JSON has no words for. */
async function fillDatabase(): Promise<void> {
  const opening = indexedDB.open('tokens', 3)
  await new Promise((resolve) => {
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore('keyed', { keyPath: 'id' }).createIndex('by-name', 'name', { unique: false })
      opening.result.createObjectStore('free', { autoIncrement: true })
    }
    opening.onsuccess = resolve
  })
  const write = opening.result.transaction(['keyed', 'free'], 'readwrite')
  write.objectStore('keyed').put({ id: 1, name: 'access', until: new Date(1_800_000_000_000), raw: new Uint8Array([1, 2, 255]) })
  write.objectStore('free').put(
    new Map<string, unknown>([
      ['big', 12n],
      ['none', undefined],
    ]),
    'a key',
  )
  await new Promise((resolve) => (write.oncomplete = resolve))
  opening.result.close()
}

/** Runs in the page: the same, in words. */
async function readDatabase(): Promise<unknown> {
  const opening = indexedDB.open('tokens')
  await new Promise((resolve) => (opening.onsuccess = resolve))
  const read = opening.result.transaction(['keyed', 'free'], 'readonly')
  const [record, map] = await Promise.all(
    [read.objectStore('keyed').index('by-name').get('access'), read.objectStore('free').get('a key')].map(
      (request) => new Promise<any>((resolve) => (request.onsuccess = () => resolve(request.result))), // eslint-disable-line @typescript-eslint/no-explicit-any
    ),
  )
  opening.result.close()
  return [record.until.getTime(), [...record.raw], String(map.get('big')), map.has('none') && map.get('none') === undefined]
}
const inDatabase = [1_800_000_000_000, [1, 2, 255], '12', true]

describe('the state of a session', () => {
  it('is shown without a value, and a value only when it is asked for, which is told', async () => {
    await page().evaluate(fillDatabase)
    await page().evaluate(() => {
      localStorage.setItem('columns', 'wide')
      sessionStorage.setItem('draft', 'half')
      document.cookie = 'lang=de; max-age=1000'
    })
    const shown = await served.get(state)
    expect(shown.status).toBe(200)
    expect(shown.body.cookies).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'harbor_session', httpOnly: true, expiresAt: null }),
        expect.objectContaining({ name: 'lang', httpOnly: false, expiresAt: expect.stringMatching(/Z$/), bytes: 6 }),
      ]),
    )
    const { origin } = new URL(served.portal.url)
    expect(shown.body.storage).toEqual([
      { origin, kind: 'local', holds: 1, bytes: 11 },
      { origin, kind: 'session', holds: 1, bytes: 9 },
      { origin, kind: 'indexed-db', holds: 2, bytes: expect.any(Number) },
    ])
    const login = (await page().browser().cookies()).find(({ name }) => name === 'harbor_session')
    expect(JSON.stringify(shown.body)).not.toContain(login?.value)
    const cookie = { name: 'harbor_session', domain: '127.0.0.1' }
    expect((await served.post(`${state}/cookies/value`, cookie)).body).toEqual({ value: login?.value })
    expect((await served.post(`${state}/cookies/value`, { ...cookie, name: 'other' })).status).toBe(404)
    expect(served.context.emitted.at(-1)).toMatchObject({ type: 'state-touched', data: { how: 'revealed', what: 'harbor_session' } })
  })

  it('loads in Playwright, which is logged in then, with its databases; and what Playwright exports loads here', async () => {
    const exported = (await served.post(`${state}/export`)).body
    const browser = await chromium.launch({ executablePath: executablePath(), args: ['--no-sandbox'] })
    try {
      const theirs = await browser.newContext({ storageState: exported as NonNullable<BrowserContextOptions['storageState']> & object })
      const tab = await theirs.newPage()
      await tab.goto(containers)
      expect([tab.url(), await tab.evaluate(() => localStorage.getItem('columns')), await tab.evaluate(readDatabase)]).toEqual([
        containers,
        'wide',
        inDatabase,
      ])
      await tab.evaluate(() => localStorage.setItem('columns', 'as Playwright left it'))
      const back = await theirs.storageState({ indexedDB: true })

      expect((await served.remove(state)).status).toBe(204)
      expect((await served.get(state)).body).toMatchObject({ cookies: [], storage: [] })
      await page().goto(containers)
      expect(page().url()).toBe(`${served.portal.url}/login`)

      const imported = await served.post(`${state}/import`, { storageState: back })
      expect(imported).toEqual({ status: 200, body: { cookies: expect.any(Number), origins: 1 } })
      await page().goto(containers)
      expect([page().url(), await page().evaluate(() => localStorage.getItem('columns')), await page().evaluate(readDatabase)]).toEqual([
        containers,
        'as Playwright left it',
        inDatabase,
      ])
    } finally {
      await browser.close()
    }
  })

  it('takes the cookies along to curl and Puppeteer as cookies.txt, and takes them back', async () => {
    const { status, body } = await served.post(`${state}/cookies.txt`)
    const text = Buffer.from(body).toString()
    expect([status, text]).toEqual([200, expect.stringContaining('# Netscape HTTP Cookie File')])
    const line = text.split('\n').find((each) => each.includes('harbor_session')) ?? ''
    expect(line).toMatch(/^#HttpOnly_127\.0\.0\.1\tFALSE\t\/\tFALSE\t0\tharbor_session\t/)
    const browser = await launch({ executablePath: executablePath(), args: ['--no-sandbox'], timeout: patience })
    try {
      await browser.setCookie({ name: 'harbor_session', value: line.split('\t')[6] ?? '', domain: '127.0.0.1' })
      const tab = await browser.newPage()
      await tab.goto(containers)
      expect(tab.url()).toBe(containers)
    } finally {
      await browser.close()
    }
    await served.remove(`${state}/cookies?name=harbor_session&domain=127.0.0.1`)
    await page().goto(containers)
    expect(page().url()).toBe(`${served.portal.url}/login`)
    expect((await served.post(`${state}/import`, { cookiesTxt: text })).status).toBe(200)
    await page().goto(containers)
    expect(page().url()).toBe(containers)
  })

  it('is changed by hand, item by item, and what is kept follows', async () => {
    const { origin } = new URL(served.portal.url)
    expect((await put(`${state}/cookies`, { name: 'mode', value: 'night', domain: '127.0.0.1' })).status).toBe(204)
    expect(await page().evaluate(() => document.cookie)).toContain('mode=night')
    expect((await put(`${state}/storage`, { origin, kind: 'local', name: 'rows', value: '50' })).status).toBe(204)
    expect((await put(`${state}/storage`, { origin: 'https://elsewhere.example', kind: 'local', name: 'rows', value: '5' })).status).toBe(
      204,
    )
    expect((await served.get(`${state}/storage?kind=local&origin=${encodeURIComponent(origin)}`)).body.items).toContainEqual({
      name: 'rows',
      bytes: 6,
    })
    expect(
      (await served.post(`${state}/storage/value`, { origin: 'https://elsewhere.example', kind: 'local', name: 'rows' })).body.value,
    ).toBe('5')
    expect(served.room.service.sleepers.stateOf(id)?.origins.map((each) => each.origin)).toContain('https://elsewhere.example')
    await served.remove(`${state}/storage?origin=${encodeURIComponent(origin)}&kind=local&name=rows`)
    expect(await page().evaluate(() => localStorage.getItem('rows'))).toBeNull()
    await served.remove(`${state}/storage?origin=https%3A%2F%2Felsewhere.example`)
    expect(JSON.stringify((await served.get(state)).body)).not.toContain('elsewhere')
  })

  it('refuses a bad import with what is wrong, and changes nothing', async () => {
    const before = (await served.get(state)).body
    const good = { name: 'good', value: '1', domain: '127.0.0.1' }
    const refused = await served.post(`${state}/import`, {
      storageState: { cookies: [good, { ...good, name: '__Host-x', secure: false }] },
    })
    expect(refused).toMatchObject({ status: 400, body: { error: expect.stringContaining('__Host-x of 127.0.0.1') } })
    const origin = { origin: new URL(served.portal.url).origin, localStorage: [{ name: 'columns', value: 'lost' }] }
    const store = { name: 's', autoIncrement: false, keyPath: 'id', indexes: [], records: [{ value: { noId: 1 } }] }
    const broken = { ...origin, indexedDB: [{ name: 'tokens', version: 9, stores: [store] }] }
    expect(await served.post(`${state}/import`, { storageState: { cookies: [good], origins: [broken] } })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('database tokens') },
    })
    for (const bad of [{}, { storageState: { origins: [{ origin: 'file:///etc' }] } }, { storageState: 7 }, { cookiesTxt: 'nonsense' }])
      expect((await served.post(`${state}/import`, bad)).status).toBe(400)
    await eventually('the tab is back', () => page().url() === containers)
    const after = (await served.get(state)).body
    expect([after.cookies, after.storage]).toEqual([before.cookies, before.storage])
    expect(await page().evaluate(readDatabase)).toEqual(inDatabase)
  })

  it('of one that sleeps can be looked at and exported, and changed when it wakes', async () => {
    expect((await served.post(`/v1/browser-sessions/${id}/hibernate`)).body.session).toMatchObject({
      id,
      state: 'hibernated',
      endReason: 'hibernated',
    })
    const exported = (await served.post(`${state}/export`, { indexedDB: false })).body
    expect(exported.cookies.map(({ name }: { name: string }) => name)).toContain('harbor_session')
    expect((await served.remove(state)).status).toBe(409)
    const { logins } = served.portal
    expect((await served.post(`/v1/browser-sessions/${id}/wake`)).body.session).toMatchObject({ id, state: 'starting' })
    await eventually('it is ready', async () => (await served.get(`/v1/browser-sessions/${id}`)).body.session.state === 'ready')
    expect(await page().evaluate(readDatabase)).toEqual(inDatabase)
    expect(served.portal.logins).toBe(logins)
    // A state that is brought along signs a new session in.
    const opened = await served.post('/v1/browser-sessions', { profile: 'plain', address: containers, storageState: exported })
    const other = opened.body.session.id
    await eventually('it is open', async () => (await served.get(`/v1/browser-sessions/${other}`)).body.session.currentUrl === containers)
    await served.remove(`/v1/browser-sessions/${other}`)
  })
})

/** Programs with keys of the real server: under the prefix of the control port, from the LAN, and no longer than their key. */
import puppeteer, { type Browser } from 'puppeteer-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { rawClient } from './raw-client.ts'
import { startServer, type ServerProcess } from '../../../fakes/server-process.ts'
import { connectPortal, type Connection } from '../../../fixtures/portal/connect.ts'
import { startPortal, type Portal } from '../../../fixtures/portal/portal.ts'
import { startTlsProxy } from '../../../fixtures/tls-proxy.ts'

interface Key {
  id: string
  secret: string
}

let portal: Portal
let server: ServerProcess
let connection: Connection
let mine: Key
let other: Key
let session: string
/** The browsers API below the control port, and by an address that other devices use. */
let prefix: string
let lan: string

beforeAll(async () => {
  ;[portal, server] = await Promise.all([startPortal({ captcha: 'none' }), startServer()])
  connection = await connectPortal(portal, server.dataDir)
  ;[mine, other] = await Promise.all([makeKey('mine'), makeKey('other')])
  const opened = await server.call('/control/v1/apis/browsers', { method: 'PATCH', json: { openTo: 'lan' } })
  const { url, prefixUrl, lanUrls } = (await opened.json()) as { url: string; prefixUrl: string; lanUrls: string[] }
  prefix = prefixUrl
  lan = lanUrls[0] ?? url
  const credentials = { username: 'user1', password: 'harbor-demo', captcha_api_key: 'unused' }
  session = (await ask(mine, `${prefix}/get_session`, 'POST', credentials)).body.session_id
})
afterAll(async () => {
  await connection?.end()
  await server?.dispose()
  await portal?.stop()
})

async function makeKey(name: string): Promise<Key> {
  const made = await server.call('/control/v1/keys', { method: 'POST', json: { name, rights: ['browsers:use'] } })
  // The answer of our own server.
  return (await made.json()) as Key
}

// Tests look into answers by name and fail by their own expectations.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
async function ask({ secret }: Key, url: string, method = 'GET', json?: object): Promise<{ status: number; body: any }> {
  const headers = { 'x-api-key': secret, 'content-type': 'application/json' }
  const response = await fetch(url, { method, headers, ...(json === undefined ? {} : { body: JSON.stringify(json) }) })
  return { status: response.status, body: await response.json().catch(() => null) }
}
const at = (base: string, rest = ''): string => `${base}/v1/browser-sessions/${session}${rest}`
const open = (browserWSEndpoint: string, { secret }: Key): Promise<Browser> =>
  puppeteer.connect({ browserWSEndpoint, defaultViewport: null, headers: { 'x-api-key': secret } })

it('a program connects under the prefix of the control port, and from the LAN with its key', async () => {
  const { connectUrl, httpUrl } = (await ask(mine, at(prefix, '/connect'), 'POST', {})).body
  expect(connectUrl).toContain(`${prefix.replace('http', 'ws')}/cdp/`)
  const found = await puppeteer.connect({ browserURL: httpUrl, defaultViewport: null })
  expect(await (await found.pages())[0]?.title()).toBe('Containers · Harbor Gate')
  await found.disconnect()

  const told = (await ask(mine, at(lan, '/cdp/json/version'))).body.webSocketDebuggerUrl
  expect(new URL(told).host).toBe(new URL(lan).host)
  const browser = await open(told, mine)
  const page = await browser.newPage()
  await page.setContent('<input type="file">')
  const field = await page.$('input')
  await expect(field?.uploadFile(import.meta.filename)).rejects.toThrow('Files of this machine are not read')
  await page.close()
  await browser.disconnect()
  await expect(fetch(at(lan, '/cdp/json/version')).then(({ status }) => status)).resolves.toBe(401)
})

it('behind a proxy that ends TLS the addresses are those of the proxy, on both doors, and lead in', async () => {
  expect((await server.call('/control/v1/settings', { method: 'PATCH', json: { trustedProxies: ['127.0.0.1'] } })).status).toBe(200)
  const before = await startTlsProxy(new URL(prefix).origin)
  // Nobody vouches for its certificate.
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  try {
    const base = `${before.url}/browsers`
    const { connectUrl, httpUrl } = (await ask(mine, at(base, '/connect'), 'POST', {})).body
    expect([httpUrl, connectUrl]).toEqual([expect.stringContaining(`${base}/cdp/`), httpUrl.replace('https', 'wss')])
    expect((await ask(mine, at(base))).body.session).toMatchObject({
      httpUrl: at(base, '/cdp'),
      websocketUrl: at(base, '/cdp').replace('https', 'wss'),
    })
    const [page] = (await ask(mine, at(base, '/cdp/json/list'))).body
    expect(page.webSocketDebuggerUrl).toContain(at(base, '/cdp/devtools/page/').replace('https', 'wss'))
    const browser = await puppeteer.connect({ browserURL: httpUrl, defaultViewport: null })
    expect(await (await browser.pages())[0]?.title()).toBe('Containers · Harbor Gate')
    expect((await ask(mine, at(base, '/clients'))).body.clients).toMatchObject([{ address: '203.0.113.7' }])
    await browser.disconnect()
    expect((await fetch(at(base, '/cdp/json/version'))).status).toBe(401)
  } finally {
    delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    await before.stop()
  }
})

it('a key finds no way to a session of another', async () => {
  for (const path of ['/cdp/json/version', '/cdp/json/list', '/clients']) expect((await ask(other, at(lan, path))).status, path).toBe(404)
  expect((await ask(other, at(lan, '/connect'), 'POST', {})).status).toBe(404)
  await expect(open(at(prefix.replace('http', 'ws'), '/cdp'), other)).rejects.toThrow('404')
})

it('a key that is revoked ends what it connected, and the addresses that it was given', async () => {
  const { connectUrl, httpUrl } = (await ask(mine, at(lan, '/connect'), 'POST', {})).body
  const browsers = await Promise.all([
    puppeteer.connect({ browserWSEndpoint: connectUrl }),
    open(at(lan.replace('http', 'ws'), '/cdp'), mine),
  ])
  const gone = browsers.map((browser) => new Promise<void>((resolve) => browser.once('disconnected', () => resolve())))
  expect((await server.call(`/control/v1/keys/${mine.id}`, { method: 'DELETE' })).status).toBe(204)
  await Promise.all(gone)
  expect((await fetch(`${httpUrl}/json/version`)).status).toBe(401)
  await expect(rawClient(connectUrl)).rejects.toThrow('401')
})

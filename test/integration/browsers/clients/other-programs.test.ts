/** Programs of other kinds: one that speaks the protocol itself, a server of tools for assistants, and one that is killed. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { patience } from '../../../fixtures/patience.ts'

const root = join(import.meta.dirname, '../../../..')
// It brings no types of its own.
const CDP = createRequire(import.meta.url)('chrome-remote-interface')
let served: ServedBrowsers
let id: string

beforeAll(async () => {
  served = await serveBrowsers()
  id = (await served.open(1)).body.session_id
})
afterAll(() => served?.stop())

const session = async () => (await served.get(`/v1/browser-sessions/${id}`)).body.session
const connect = async () => (await served.post(`/v1/browser-sessions/${id}/connect`, { client: 'other' })).body
const alone = () => eventually('nobody is connected', async () => (await session()).clients.length === 0)

it('chrome-remote-interface lists, opens, drives and closes pages', async () => {
  const { httpUrl } = await connect()
  const { hostname: host, port, pathname } = new URL(httpUrl)
  // It passes the paths that it is given in answers through this as well.
  const alterPath = (path: string): string => (path.startsWith(pathname) ? path : pathname + path)
  const options = { host, port, alterPath }
  const { version, domains } = await (await fetch(`${httpUrl}/json/protocol`)).json()
  expect(version).toEqual({ major: '1', minor: '3' })
  expect(domains.map(({ domain }: { domain: string }) => domain)).toEqual(expect.arrayContaining(['Browser', 'Page', 'Runtime', 'Target']))
  const [front] = await CDP.List(options)
  const client = await CDP({ ...options, target: front })
  const { result } = await client.Runtime.evaluate({ expression: 'document.title' })
  expect(result.value).toBe('Containers · Harbor Gate')
  const page = await CDP.New({ ...options, url: `${served.portal.url}/containers` })
  await eventually('it is listed', async () => (await session()).pages.length === 2)
  await CDP.Close({ ...options, id: page.id })
  await eventually('it is closed', async () => (await session()).pages.length === 1)
  await client.close()
  const { connectUrl } = await connect()
  const whole = await CDP({ target: connectUrl })
  expect(await whole.Browser.getVersion()).toMatchObject({ product: expect.stringContaining('Chrome') })
  await whole.close()
  await alone()
})

it('Playwright MCP navigates, reads and clicks', async () => {
  const { httpUrl } = await session()
  const output = join(served.context.dataDir, 'playwright-mcp')
  const args = [
    ...[join(root, 'node_modules/@playwright/mcp/cli.js'), `--cdp-endpoint=${httpUrl}`, '--cdp-header=X-API-Key: a-key-for-tests'],
    // Its own limit of five seconds is for a machine that does little else.
    ...['--output-dir', output, `--timeout-action=${patience}`],
  ]
  const assistant = new Client({ name: 'test', version: '1' })
  await assistant.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }))
  const call = async (name: string, given: Record<string, unknown> = {}): Promise<string> =>
    JSON.stringify((await assistant.callTool({ name, arguments: given })).content)
  expect(await call('browser_navigate', { url: `${served.portal.url}/containers` })).toContain('Containers')
  const shown = await call('browser_snapshot')
  expect(shown).toContain('Harbor Gate')
  const [, ref] = /link [^[]*\[ref=(\w+)\]/.exec(shown) ?? []
  expect(await call('browser_click', { element: 'a link', target: ref, ref })).not.toContain('Error:')
  expect((await session()).clients).toMatchObject([{ program: expect.stringMatching(/^Playwright/) }])
  await assistant.close()
  await alone()
  expect((await session()).state).toBe('ready')
})

it('a program that is killed leaves the session free and its page at work', async () => {
  const { connectUrl } = await connect()
  const code = `
    import puppeteer from 'puppeteer-core'
    const browser = await puppeteer.connect({ browserWSEndpoint: ${JSON.stringify(connectUrl)} })
    const [page] = await browser.pages()
    await page.setRequestInterception(true)
    console.log('holds')
    setInterval(() => undefined, 1_000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  expect((await session()).state).toBe('in-use')
  child.kill('SIGKILL')
  await alone()
  const address = `${served.portal.url}/containers`
  expect((await served.post(`/v1/browser-sessions/${id}/navigate`, { address })).status).toBe(204)
  await eventually('the page has loaded', async () => (await session()).title === 'Containers · Harbor Gate')
  expect((await session()).state).toBe('ready')
})

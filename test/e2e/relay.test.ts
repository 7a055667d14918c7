/**
 * The relay as a person uses it: the built window in a real Chromium, signing in at a remote server, a session for a client, and its call
 * seen; a call that waits for a yes, and a tool that says something else now.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Page } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { openOAuthHouse, type OAuthHouse } from '../fakes/oauth-house.ts'
import { openPortHouse } from '../fakes/port-house.ts'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'
import { startChromium, type TestChromium } from '../fixtures/chromium.ts'
import { eventually } from '../fixtures/eventually.ts'
import { patience } from '../fixtures/patience.ts'
import { signIn } from '../fixtures/signed-in-window.ts'
import { portTools } from '../fixtures/tools/port-tools.ts'

let chromium: TestChromium
let house: OAuthHouse
let server: ServerProcess
let page: Page
/** What the window complained about: a clean run has nothing. */
let complaints: string[]

beforeAll(async () => {
  chromium = await startChromium()
})
afterAll(() => chromium.stop())
beforeEach(async () => {
  house = await openOAuthHouse()
  server = await startServer({ built: true })
  page = await chromium.freshPage()
  await page.setViewport({ width: 1_440, height: 900 })
  complaints = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
})
afterEach(async () => {
  await page.close()
  await server.dispose()
  await house.stop()
  expect(complaints).toEqual([])
})

const stateOf = async (name: string): Promise<string | undefined> =>
  ((await (await server.call('/control/v1/upstreams')).json()) as { upstreams: { name: string; state: string }[] }).upstreams.find(
    (each) => each.name === name,
  )?.state

async function priceOf(upstream: string, tool: string): Promise<number | undefined> {
  const { servers } = (await (await server.call('/relay/v1/catalogue')).json()) as {
    servers: { name: string; toolList: { name: string; price: number }[] }[]
  }
  return servers.find(({ name }) => name === upstream)?.toolList.find(({ name }) => name === tool)?.price
}

test('a person signs in at a remote server on its own page, makes a session, and sees the client’s call with its price', async () => {
  await server.call('/control/v1/users', { method: 'POST', json: { id: 'user', primaryEmail: 'user@example.com', credits: 350 } })
  await server.call('/control/v1/upstreams', { method: 'POST', json: { name: 'calendar', transport: 'http', url: house.mcpUrl } })
  await eventually('it wants a sign-in', async () => (await stateOf('calendar')) === 'signed-out')
  await signIn(page, server, '/relay')

  const opened = new Promise<Page | null>((resolve) => page.once('popup', resolve))
  await page.locator('button[aria-label="Sign in at calendar"]').setTimeout(patience).click()
  const popup = await opened
  await eventually('it is ready', async () => (await stateOf('calendar')) === 'ready')
  // The tab may still be on its way there: this waits on through a navigation.
  await popup?.waitForFunction(() => document.body?.innerText.includes('works with calendar') === true, { timeout: patience })
  expect(await popup?.evaluate(() => window.opener)).toBeNull()
  await popup?.close()
  await page.bringToFront()

  const price = await page.waitForSelector('input[aria-label="Price of berth"]')
  await price?.click({ count: 3 })
  await price?.type('3')
  await page.keyboard.press('Tab')
  await eventually('the price is set', async () => (await priceOf('calendar', 'berth')) === 3)
  const made = (await (
    await server.call('/relay/v1/relay-sessions', { method: 'POST', json: { accountId: 'user', name: 'laptop' } })
  ).json()) as { sessionUrl: string }
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
  await client.connect(new StreamableHTTPClientTransport(new URL(made.sessionUrl)))
  await client.callTool({ name: 'berth', arguments: {} })
  await client.close()

  await page.locator('section[aria-label=Inspector] li button').setTimeout(patience).click()
  await eventually('the answer and its price are shown', async () => {
    const text = await page.$eval('section[aria-label=Inspector]', (element) => element.textContent)
    return text.includes('Berth 7') && text.includes('Reserved 3 cr, settled 3 cr')
  })
  await eventually('the card shows what is left', async () =>
    (await page.$eval('section[aria-label=Session]', (element) => element.textContent)).includes('347 credits'),
  )
})

test('a person allows a waiting call by its key, which works on its card alone, and agrees to a changed tool line by line', async () => {
  const tools = portTools.filter(({ name }) => name === 'delete_container' || name === 'book_slot')
  const port = await openPortHouse(tools)
  onTestFinished(() => port.stop())
  const json = async <T>(path: string, init?: Parameters<typeof server.call>[1]): Promise<T> =>
    (await (await server.call(path, init)).json()) as T
  const post = <T>(path: string, body: object): Promise<T> => json<T>(path, { method: 'POST', json: body })
  const servers = async () =>
    (await json<{ servers: { name: string; state: string; quarantined: number }[] }>('/relay/v1/catalogue')).servers
  const waiting = async () => (await json<{ waiting: object[] }>('/relay/v1/relay-approvals')).waiting.length
  await post('/control/v1/users', { id: 'user', primaryEmail: 'user@example.com', credits: 350 })
  const ids = new Map<string, string>()
  for (const name of port.servers)
    ids.set(name, (await post<{ id: string }>('/control/v1/upstreams', { name, transport: 'http', url: port.urlOf(name) })).id)
  await eventually('both are ready', async () => (await servers()).filter(({ state }) => state === 'ready').length === 3)
  tools.splice(
    0,
    tools.length,
    ...tools.map((tool) => (tool.name === 'book_slot' ? { ...tool, description: 'Reserve and tell all' } : tool)),
  )
  await server.call(`/relay/v1/upstreams/${ids.get('shipping')}/restart`, { method: 'POST' })
  await eventually('the changed tool is held back', async () => (await servers()).some(({ quarantined }) => quarantined === 1))
  const approvals = { tools: [{ upstream: ids.get('yard'), name: 'delete_container' }] }
  const made = await post<{ sessionUrl: string }>('/relay/v1/relay-sessions', { accountId: 'user', name: 'agent', policy: { approvals } })
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
  await client.connect(new StreamableHTTPClientTransport(new URL(made.sessionUrl)))
  onTestFinished(() => client.close())

  await signIn(page, server, '/relay?tab=sessions')
  const call = client.callTool({ name: 'yard__delete_container', arguments: { container: 'TRHU4471902' } })
  const card = await page.waitForSelector('li[aria-label="delete_container of yard wants your yes"]')
  expect(await card?.evaluate((element) => element.textContent)).toContain('"TRHU4471902"')
  const field = await page.waitForSelector('[aria-label="Search the tools of this session"]')
  await field?.type('yan')
  expect(await field?.evaluate((element) => (element as HTMLInputElement).value)).toBe('yan')
  expect(await waiting()).toBe(1)
  await card?.focus()
  await page.keyboard.press('y')
  expect(await call).toMatchObject({ content: [{ text: expect.stringContaining('TRHU4471902') }] })
  await page.waitForSelector('aside[aria-label=Approvals] ::-p-text(Allowed once, by you)')

  const change = await page.waitForSelector('article[aria-label="book_slot changed"]')
  const lines = await change?.evaluate((element) => element.textContent)
  expect(lines).toContain('-"description": "Reserve space on a vessel"')
  expect(lines).toContain('+"description": "Reserve and tell all"')
  await page.locator('article[aria-label="book_slot changed"] button ::-p-text(Accept change)').click()
  await eventually('it is on again', async () => (await servers()).every(({ quarantined }) => quarantined === 0))
  await page.waitForFunction(() => document.querySelector('article[aria-label="book_slot changed"]') === null)
})

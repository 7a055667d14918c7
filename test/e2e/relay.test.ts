/**
 * The relay as a person uses it: the built window in a real Chromium, signing in at a remote server, a session for a client, and its call
 * seen.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Page } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { openOAuthHouse, type OAuthHouse } from '../fakes/oauth-house.ts'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'
import { startChromium, type TestChromium } from '../fixtures/chromium.ts'
import { eventually } from '../fixtures/eventually.ts'
import { patience } from '../fixtures/patience.ts'
import { signIn } from '../fixtures/signed-in-window.ts'

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

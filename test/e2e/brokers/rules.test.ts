/** A rule is written in the built window, on a phone, tried, and acts. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type ServerProcess } from '../../fakes/server-process.ts'
import { startChromium, type TestChromium } from '../../fixtures/chromium.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { signIn } from '../../fixtures/signed-in-window.ts'

let chromium: TestChromium
let server: ServerProcess
beforeAll(async () => {
  ;[chromium, server] = await Promise.all([startChromium(), startServer({ built: true })])
})
afterAll(async () => {
  await chromium.stop()
  await server.dispose()
})

test('a rule is written on a phone, says what it would do, and does it', async () => {
  await server.call('/brokers/api/createSession', { method: 'POST', json: { sessionName: 'home', password: 'choose-one' } })
  const page = await chromium.freshPage()
  await page.setViewport({ width: 360, height: 740 })
  const complaints: string[] = []
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await signIn(page, server, '/brokers?session=home&tab=rules')
  await page.locator('::-p-aria([name="Write the first rule"][role="button"])').click()
  await page.locator('input[placeholder="too warm"]').fill('too warm')
  await page.locator('input[placeholder="rooms/+/climate"]').fill('rooms/+/climate')
  await page.locator('::-p-aria([name="Add condition"][role="button"])').click()
  await page.locator('input[placeholder="e.g. sensors.0.value"]').fill('temperature')
  await page.locator('input[aria-label="Value of condition 1"]').fill('30')
  await page.locator('input[placeholder="alerts/{{topic.2}}"]').fill('alerts/{{topic.2}}')
  await page.locator('input[aria-label="Topic of the sample"]').fill('rooms/attic/climate')
  await page.locator('input[aria-label="Content of the sample"]').fill('{"temperature": 31}')
  await page.waitForFunction(() => document.body.textContent?.includes('It would publish on alerts/attic of home'))
  const isWide = (): Promise<boolean> => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
  expect(await isWide()).toBe(false)
  await page.locator('::-p-aria([name="Add rule"][role="button"])').click()
  await page.waitForSelector('article[aria-label="Rule too warm"]')
  expect(await isWide()).toBe(false)

  const json = { topic: 'rooms/attic/climate', data: { temperature: 35 }, retain: true }
  await server.call('/brokers/v1/sessions/home/messages', { method: 'POST', json })
  await eventually('it has acted', () => page.evaluate(() => document.body.textContent?.includes('1 done') === true))
  await page.locator('button[aria-label="More of too warm"]').click()
  await page.locator('::-p-aria([name="Remove"][role="menuitem"])').click()
  await page.locator('::-p-aria([name="Remove too warm"][role="button"])').click()
  await page.waitForFunction(() => document.body.textContent?.includes('It does nothing by itself'))
  expect(complaints).toEqual([])
  await page.close()
})

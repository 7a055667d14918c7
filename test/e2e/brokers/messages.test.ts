/** The messages of a broker session in the built window: what is published stands there, what is retained can be taken away. */
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

test('a message that is published is seen live, whole, and deleted where it was retained', async () => {
  await server.call('/brokers/api/createSession', { method: 'POST', json: { sessionName: 'yard', password: 'choose-one' } })
  const page = await chromium.freshPage()
  const complaints: string[] = []
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await signIn(page, server, '/brokers?session=yard&tab=messages')
  await page.locator('section[aria-label=Messages] button[type=submit]').click()
  const retained = async (): Promise<number> =>
    ((await (await server.call('/brokers/v1/sessions/yard/retained')).json()) as { total: number }).total
  await eventually('the tail is open', async () => {
    const json = { topic: 'gate/north', data: { open: true, lane: 3 }, retain: true }
    await server.call('/brokers/v1/sessions/yard/messages', { method: 'POST', json })
    return (await page.$('section[aria-label=Messages] li button')) !== null
  })
  await page.locator('section[aria-label=Messages] li button').click()
  await page.waitForFunction(() => document.querySelector('aside[aria-label="Message on gate/north"]')?.textContent?.includes('lane'))

  await page.locator('::-p-aria([name="Retained"][role="tab"])').click()
  await page.waitForFunction(() => document.body.textContent?.includes('1 retained'))
  await page.locator('::-p-aria([name="Delete all 1"][role="button"])').click()
  await page.locator('::-p-aria([name="Delete 1 retained message"][role="button"])').click()
  await eventually('nothing is retained', async () => (await retained()) === 0)
  expect(complaints).toEqual([])
  await page.close()
})

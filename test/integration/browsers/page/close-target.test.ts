import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startChromium, type TestChromium } from '../../../fixtures/chromium.ts'
import { startPortal, type Portal } from '../../../fixtures/portal/portal.ts'

describe('closing a page', () => {
  let chromium: TestChromium
  let portal: Portal
  beforeAll(async () => {
    chromium = await startChromium()
    portal = await startPortal()
  })
  afterAll(() => Promise.all([chromium.stop(), portal.stop()]))

  it('works at any moment of a navigation, at which Chromium at times forgets that it was asked', async () => {
    const kept = (await chromium.browser.pages()).length
    for (let round = 0; round < 24; round += 1) {
      const page = await chromium.browser.newPage({ background: true })
      // Ends with the page.
      page.goto(`${portal.url}/login`).catch(() => undefined)
      await wait(round)
      await chromium.close(page)
      expect(page.isClosed()).toBe(true)
    }
    expect(await chromium.browser.pages()).toHaveLength(kept)
  })
})

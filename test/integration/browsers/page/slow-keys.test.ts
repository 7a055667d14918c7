/** A page that takes its time for each key gets what is typed into it once. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fill } from '../../../../server/browsers/page/form.ts'
import { startChromium, type TestChromium } from '../../../fixtures/chromium.ts'
import { patience } from '../../../fixtures/patience.ts'

let chromium: TestChromium
beforeAll(async () => {
  chromium = await startChromium()
})
afterAll(() => chromium.stop())

it('key by key, however long all of them take', async () => {
  const page = await chromium.freshPage()
  await page.setContent('<input oninput="(window.held ??= []).push(this.value)">')
  await page.$eval('input', (field) =>
    field.addEventListener('keydown', () => {
      for (const end = performance.now() + 600; performance.now() < end;);
    }),
  )
  const text = 'harbor-demo'
  await fill(page, 'input', text, AbortSignal.timeout(patience))
  expect(await page.evaluate('window.held')).toEqual([...text].map((_, index) => text.slice(0, index + 1)))
})

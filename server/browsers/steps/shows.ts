/** Whether a page shows a sign. */
import type { Page } from 'puppeteer-core'
import type { PageSign } from '../contract/site-steps.ts'
import { ask, find, framesOf } from '../page/find.ts'
import { fits } from '../page/page-state.ts'

/** Any of its parts is enough. */
export async function signShows(page: Page, { url, selector, text }: PageSign): Promise<boolean> {
  if (await fits(url, page.url())) return true
  if (selector !== undefined && (await find(page, selector)) !== null) return true
  return text !== undefined && (await textShows(page, text))
}

async function textShows(page: Page, text: string): Promise<boolean> {
  for (const frame of framesOf(page)) {
    const shown = await ask(page, frame, () =>
      frame.evaluate((wanted: string) => (document.body as HTMLElement | null)?.innerText.includes(wanted) ?? false, text),
    )
    if (shown === true) return true
  }
  return false
}

/** How a program connects to a session, in the languages in which such programs are written. */

export const programLanguages = ['Puppeteer', 'Playwright', 'Python', 'curl'] as const
export type ProgramLanguage = (typeof programLanguages)[number]

export interface Addresses {
  connectUrl: string
  httpUrl: string
  /** They open the session only together with a key. */
  needsKey: boolean
}

export function programSnippet(language: ProgramLanguage, { connectUrl, httpUrl, needsKey }: Addresses): string {
  const headers = needsKey ? `, headers: { 'X-API-Key': process.env.WHEELHOUSE_KEY }` : ''
  switch (language) {
    case 'Puppeteer':
      return `import puppeteer from 'puppeteer-core'

const browser = await puppeteer.connect({
  browserWSEndpoint: '${connectUrl}',
  defaultViewport: null${headers === '' ? '' : `,\n  ${headers.slice(2)}`}
})
const [page] = await browser.pages()
console.log(await page.title())
await browser.disconnect()`
    case 'Playwright':
      return `import { chromium } from 'playwright-core'

const browser = await chromium.connectOverCDP(
  '${httpUrl}'${needsKey ? `,\n  { ${headers.slice(2)} }` : ''}
)
const [page] = browser.contexts()[0].pages()
console.log(await page.title())
await browser.close()`
    case 'Python':
      return `${needsKey ? 'import os\n' : ''}from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    browser = playwright.chromium.connect_over_cdp(
        "${httpUrl}"${needsKey ? ',\n        headers={"X-API-Key": os.environ["WHEELHOUSE_KEY"]}' : ''}
    )
    page = browser.contexts[0].pages[0]
    print(page.title())`
    case 'curl':
      return `curl ${needsKey ? '-H "X-API-Key: $WHEELHOUSE_KEY" ' : ''}${httpUrl}/json/list`
  }
}

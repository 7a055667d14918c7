/** The page that a browser starts with. */
import type { Browser, Target } from 'puppeteer-core'
import { guardAhead } from './page-guard.ts'
import { isInternal } from './targets.ts'

/** Ms in which a browser that has started shows its first window. */
const showsWithin = 20_000

/** The window of the command line may come late; opening another one would leave that one in front of it. */
export function firstTarget(browser: Browser): Promise<Target> {
  return browser.waitForTarget((candidate) => candidate.type() === 'page' && !isInternal(candidate.url()), { timeout: showsWithin })
}

/**
 * Puppeteer attaches to a page when it is first asked for, with a dozen questions, and remembers it; the guard has some more. Asked at
 * once, they are answered while the browser goes on starting, or waits for its session. Never rejects: whoever needs the page finds out.
 */
export async function prepareFirstPage(browser: Browser): Promise<void> {
  try {
    await guardAhead(await firstTarget(browser))
  } catch {
    // It has no window, or none in time.
  }
}

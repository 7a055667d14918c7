/** The page that a browser starts with. */
import type { Browser, Target } from 'puppeteer-core'
import type { RunningBrowser } from '../process/launch.ts'
import { isInternal } from './targets.ts'

/** Ms in which a browser that has started shows its first window. */
const showsWithin = 20_000

/** The window of the command line may come late; opening another one would leave that one in front of it. */
export function firstTarget(browser: Browser): Promise<Target> {
  return browser.waitForTarget((candidate) => candidate.type() === 'page' && !isInternal(candidate.url()), { timeout: showsWithin })
}

/**
 * Puppeteer attaches to a page when it is first asked for, with a dozen questions, and remembers it: for a browser that waits for its
 * session they are asked while nobody waits. Never rejects: whoever needs the page finds out.
 */
export async function attachFirstPage({ puppeteer }: Pick<RunningBrowser, 'puppeteer'>): Promise<void> {
  try {
    await (await firstTarget(puppeteer)).page()
  } catch {
    // It has no window, or none in time.
  }
}

/** Closing a page for certain. */
import { setTimeout as wait } from 'node:timers/promises'
import type { CDPSession } from 'puppeteer-core'

/** Ms between two requests, and how many there are. */
const pause = 300
const most = 10

/**
 * Resolves when the target is gone. Chromium forgets a request to close that meets a navigation about to be committed (and
 * puppeteer's `page.close()` then waits for ever), so it is asked until it knows the target no more.
 */
export async function closeTarget(cdp: CDPSession, targetId: string): Promise<void> {
  for (let attempt = 0; attempt < most; attempt += 1) {
    try {
      await cdp.send('Target.closeTarget', { targetId })
    } catch {
      // No such target, or no browser any more.
      return
    }
    await wait(pause, undefined, { ref: false })
  }
}

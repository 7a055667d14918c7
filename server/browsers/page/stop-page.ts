/** Ending what a page's scripts do, e.g. a loop without end, while everything else of its browser goes on. */
import type { CDPSession } from 'puppeteer-core'
import { isDoneWithin } from '../../async/deadline.ts'

/** `stands`: the page is there, its script was ended. `emptied`: an empty one stands in its place. */
export type Stopped = 'stands' | 'emptied'

/** Ms within which a page that is free answers, on a busy machine too: what is taken for hung loses what stands in it. */
const patience = 3_000

/**
 * Ends the script that runs; true when the page is free then. Else its process is ended, and with it all of what runs there. `cdp` was
 * attached before the page hung: one that comes later waits for it.
 */
export async function stopScripts(cdp: CDPSession): Promise<boolean> {
  // What the person did last may have begun it only after the first time.
  for (let round = 0; round < 2; round += 1) {
    cdp.send('Runtime.terminateExecution').catch(() => undefined)
    if (await isFree(cdp)) return true
  }
  cdp.send('Page.crash').catch(() => undefined)
  return false
}

/** Twice, with a while between: a loop that a timer begins anew leaves a gap in which one question is answered. */
async function isFree(cdp: CDPSession): Promise<boolean> {
  for (let round = 0; round < 2; round += 1) {
    const expression = 'new Promise((free) => setTimeout(free, 150))'
    const asked = cdp.send('Runtime.evaluate', { expression, awaitPromise: true }).catch(() => undefined)
    if (!(await isDoneWithin(patience, asked))) return false
  }
  return true
}

/** Sends a session's active page somewhere, or back to where it was. */
import type { CDPSession, Page, Protocol } from 'puppeteer-core'
import { isDoneWithin } from '../../async/deadline.ts'
import { proxyOf } from '../process/egress-proxy.ts'
import { drive, settled, type Driven } from './drive.ts'

export type Navigation = { address: string } | { action: 'back' | 'forward' | 'reload' }

/**
 * Ms that a caller waits for the new page to take the old one's place. The answer of a slow site comes later than anybody wants to wait.
 */
const courtesy = 300

/**
 * By page: where a caller sent it and the site has not answered yet. True when the new page came, false when something prevented it.
 *
 * Why it is kept: Chromium shows the new address at once, but counts "back" from the page that is still there. A caller who goes to B from
 * A and then back would come to what was before A, and only when B is slow.
 */
const onItsWay = new WeakMap<Page, Promise<boolean>>()

/** Resolves when the page is on its way; does not wait for it to load. Throws what `drive` throws, and `address-refused`. */
export async function navigate(session: Driven, where: Navigation): Promise<void> {
  const page = session.page()
  if ('address' in where) proxyOf(page.browser())?.check(where.address)
  await drive(session, async (signal) => {
    const cdp = await page.createCDPSession()
    let keeps = false
    try {
      await cdp.send('Page.enable')
      if ('address' in where) {
        keeps = true
        const arrival = goTo(cdp, page, where.address)
        await isDoneWithin(courtesy, arrival)
        return
      }
      const change = nextChange(cdp, page)
      if (where.action === 'reload') await settled(() => cdp.send('Page.reload'), signal)
      else if (!(await move(cdp, page, where.action === 'back' ? -1 : 1, signal))) return
      await isDoneWithin(courtesy, change)
    } finally {
      if (!keeps) detach(cdp)
    }
  })
}

/** Ends the CDP session when the page has come or has been prevented from coming. */
async function goTo(cdp: CDPSession, page: Page, address: string): Promise<boolean> {
  const change = nextChange(cdp, page)
  const arrival = cdp.send('Page.navigate', { url: address }).then(async ({ errorText }) => {
    // Stopped, replaced by another one, or an answer that is no page. Any other failure shows a page of its own.
    if (errorText === 'net::ERR_ABORTED') return false
    await change
    return true
  })
  const known = arrival.catch(() => false)
  onItsWay.set(page, known)
  void known.finally(() => {
    if (onItsWay.get(page) === known) onItsWay.delete(page)
    detach(cdp)
  })
  return arrival
}

/** False when there is nothing in that direction, or when going back was done by staying. */
async function move(cdp: CDPSession, page: Page, offset: -1 | 1, signal: AbortSignal): Promise<boolean> {
  const coming = onItsWay.get(page)
  if (coming !== undefined && offset === -1) {
    await settled(() => cdp.send('Page.stopLoading'), signal)
    if (!(await coming)) return false
  }
  const { currentIndex, entries } = await settled(() => cdp.send('Page.getNavigationHistory'), signal)
  const entry = entries[currentIndex + offset]
  if (entry === undefined) return false
  await settled(() => cdp.send('Page.navigateToHistoryEntry', { entryId: entry.id }), signal)
  return true
}

/** Resolves when another document has taken the page's place, or the page has moved within its own. */
function nextChange(cdp: CDPSession, page: Page): Promise<void> {
  return new Promise((resolve) => {
    const navigated = ({ frame }: Protocol.Page.FrameNavigatedEvent): void => {
      if (frame.parentId === undefined) done()
    }
    const moved = ({ frameId }: Protocol.Page.NavigatedWithinDocumentEvent): void => {
      if (frameId === mainFrameId(page)) done()
    }
    const done = (): void => {
      cdp.off('Page.frameNavigated', navigated)
      cdp.off('Page.navigatedWithinDocument', moved)
      resolve()
    }
    cdp.on('Page.frameNavigated', navigated)
    cdp.on('Page.navigatedWithinDocument', moved)
  })
}

/** Puppeteer keeps the id internal, but it is what the events name. */
const mainFrameId = (page: Page): string => (page.mainFrame() as unknown as { _id: string })._id

function detach(cdp: CDPSession): void {
  cdp.detach().catch(() => {})
}

/** What the native routes do with a session's active page. */
import { Fault } from '../fault.ts'
import type { Session } from './session.ts'

/** Ms for what a healthy page does at once. */
const patience = 5_000

export type Navigation = { address: string } | { action: 'back' | 'forward' | 'reload' }

/** Resolves when the page is on its way; does not wait for it to load. */
export async function navigate(session: Session, where: Navigation): Promise<void> {
  const page = session.page()
  const cdp = await answered(page.createCDPSession())
  try {
    if ('address' in where) {
      // The answer comes with the first byte of a slow site, which is later than a caller wants to wait.
      await Promise.race([cdp.send('Page.navigate', { url: where.address }), new Promise((resolve) => setTimeout(resolve, 300))])
      return
    }
    if (where.action === 'reload') return void (await answered(cdp.send('Page.reload')))
    const { currentIndex, entries } = await answered(cdp.send('Page.getNavigationHistory'))
    const entry = entries[currentIndex + (where.action === 'back' ? -1 : 1)]
    if (entry) await answered(cdp.send('Page.navigateToHistoryEntry', { entryId: entry.id }))
  } finally {
    cdp.detach().catch(() => {})
  }
}

/** PNG of what the active page shows. */
export async function screenshot(session: Session): Promise<Uint8Array> {
  return answered(session.page().screenshot({ type: 'png', captureBeyondViewport: false }))
}

async function answered<Result>(work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Fault('browser-silent', 'The browser does not answer')), patience)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

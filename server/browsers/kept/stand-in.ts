/** An empty page at the address of a site, which is not asked: what the site stores can be reached there before any script of its runs. */
import type { CDPSession, Frame, Page, Protocol } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'

/** Runs `work` with a way to put the empty page of an origin into this tab; all other requests of the tab fail meanwhile. */
export async function withStandIns<Result>(
  page: Page,
  signal: AbortSignal,
  work: (stand: (origin: string) => Promise<Frame>) => Promise<Result>,
): Promise<Result> {
  const cdp = await abortable(page.createCDPSession(), signal)
  try {
    cdp.on('Fetch.requestPaused', (paused) => void answer(cdp, paused).catch(() => undefined))
    await abortable(cdp.send('Fetch.enable', { patterns: [{ urlPattern: '*' }] }), signal)
    return await work(async (origin) => {
      await abortable(page.goto(`${origin}/`, { waitUntil: 'domcontentloaded', timeout: 0, signal }), signal)
      return page.mainFrame()
    })
  } finally {
    cdp.detach().catch(() => undefined)
  }
}

function answer(cdp: CDPSession, { requestId, resourceType }: Protocol.Fetch.RequestPausedEvent): Promise<void> {
  if (resourceType !== 'Document') return cdp.send('Fetch.failRequest', { requestId, errorReason: 'BlockedByClient' })
  return cdp.send('Fetch.fulfillRequest', {
    requestId,
    responseCode: 200,
    responseHeaders: [{ name: 'content-type', value: 'text/html; charset=utf-8' }],
  })
}

/** A world of our own beside the site's scripts, which cannot see or bend what is asked there. Puppeteer keeps it internal. */
export function apart(frame: Frame): Pick<Frame, 'evaluate'> {
  return (frame as unknown as { isolatedRealm(): Pick<Frame, 'evaluate'> }).isolatedRealm()
}

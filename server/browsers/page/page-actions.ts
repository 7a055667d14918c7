/** What a caller may learn of a session's active page. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Protocol } from 'puppeteer-core'
import { drive, settled, type Driven } from './drive.ts'
import { until } from './until.ts'

/** Ms after which a picture is asked for anew: Chromium forgets the request when the page is replaced before the next frame is drawn. */
const pictureDue = 1_000

/** PNG of what the page shows. Throws what `drive` throws. */
export function screenshot(session: Driven): Promise<Uint8Array> {
  return drive(session, async (signal) => {
    // Not puppeteer's own way, which lets one forgotten request hold up all later ones.
    const cdp = await session.page().createCDPSession()
    const take = (): Promise<Picture> => settled(() => cdp.send('Page.captureScreenshot', { format: 'png' }), signal)
    try {
      // One that is only late still counts.
      const asked: Promise<Picture | null>[] = []
      const picture = await until(() => {
        asked.push(take())
        return Promise.race([...asked, wait(pictureDue, null, { signal, ref: false })])
      }, signal)
      return Buffer.from(picture.data, 'base64')
    } finally {
      cdp.detach().catch(() => {})
    }
  })
}

type Picture = Protocol.Page.CaptureScreenshotResponse

export interface PageText {
  title: string
  address: string
  text: string
}

/** Its visible text. Throws what `drive` throws. */
export function readPage(session: Driven): Promise<PageText> {
  return drive(session, (signal) =>
    settled(
      () => session.page().evaluate(() => ({ title: document.title, address: location.href, text: document.body?.innerText ?? '' })),
      signal,
    ),
  )
}

/** A picture of a page as a step left it, with all that is secret covered before it is taken. */
import { setTimeout as wait } from 'node:timers/promises'
import type { CDPSession, Frame, Page } from 'puppeteer-core'
import { startRealTimer, type StartTimer } from '../../async/deadline.ts'
import { iso, type Clock } from '../../clock.ts'
import { addressToTell } from '../../http/userinfo.ts'
import type { Box, PictureFacts } from '../contract/trial.ts'
import { isBetweenDocuments } from '../page/between-documents.ts'
import { evaluateIsolated } from '../page/isolated.ts'
import { coverSecrets, type Secrets } from './cover.ts'

export interface Picture extends PictureFacts {
  jpeg: Uint8Array
}

/** Ms for a picture: a page that hangs has none. */
const patience = 6_000
const mostBoxes = 12

export interface Photographer {
  clock: Clock
  /** Measures how long a picture may take; a real timer when left out. */
  startTimer?: StartTimer | undefined
}

/** Null when the page cannot be photographed, or not without what is secret. */
export async function takePicture(
  page: Page,
  secrets: Secrets,
  selector: string | null,
  { clock, startTimer = startRealTimer }: Photographer,
): Promise<Picture | null> {
  let over = false
  const { promise: tooLate, resolve: late } = Promise.withResolvers<null>()
  const stopTimer = startTimer(patience, () => late(null))
  try {
    const picture = await Promise.race([take(page, secrets, () => over), tooLate])
    if (picture === null) return null
    const marks = selector === null ? null : await Promise.race([marksOf(page, selector), tooLate])
    return { ...picture, at: iso(clock.now()), address: addressToTell(page.url()), marks }
  } catch {
    // The page has gone, or is between two documents.
    return null
  } finally {
    over = true
    stopTimer()
  }
}

/** Again while the page moves: what was covered may have been bared meanwhile. */
async function take(
  page: Page,
  secrets: Secrets,
  isLate: () => boolean,
): Promise<{ jpeg: Uint8Array; width: number; height: number } | null> {
  const cdp = await page.createCDPSession()
  try {
    while (!isLate()) {
      const taken = await takeOnce(page, cdp, secrets).catch((error: unknown) => {
        if (isBetweenDocuments(error)) return null
        throw error
      })
      if (taken !== null) return taken
      await wait(50)
    }
    return null
  } finally {
    cdp.detach().catch(() => undefined)
  }
}

async function takeOnce(
  page: Page,
  cdp: CDPSession,
  secrets: Secrets,
): Promise<{ jpeg: Uint8Array; width: number; height: number } | null> {
  const frames = page.frames()
  await Promise.all(frames.map((frame) => coverFrame(frame, page, secrets)))
  // A page at the back draws nothing by itself; for a screencast it does, and a picture is there at once instead of after seconds.
  cdp.send('Page.startScreencast', { format: 'jpeg', quality: 1, maxWidth: 16, maxHeight: 16 }).catch(() => undefined)
  const { data } = await cdp.send('Page.captureScreenshot', { format: 'jpeg', quality: 70 })
  const held = await Promise.all(frames.map((frame) => uncoverFrame(frame, secrets)))
  const isSame = page.frames().every((frame) => frames.includes(frame))
  return isSame && held.every(Boolean) ? { jpeg: Buffer.from(data, 'base64'), ...(await sizeOf(cdp)) } : null
}

/** A frame that is just going shows nothing of its own. */
async function coverFrame(frame: Frame, page: Page, secrets: Secrets): Promise<void> {
  try {
    await evaluateIsolated(frame, coverSecrets, secrets, true)
  } catch (error) {
    if (frame === page.mainFrame() || !(frame.detached || isBetweenDocuments(error))) throw error
  }
}

/** Whether what was secret stood where it was covered until the end. */
async function uncoverFrame(frame: Frame, secrets: Secrets): Promise<boolean> {
  try {
    return await evaluateIsolated(frame, coverSecrets, secrets, false)
  } catch (error) {
    if (frame.detached || isBetweenDocuments(error)) return false
    throw error
  }
}

async function sizeOf(cdp: CDPSession): Promise<{ width: number; height: number }> {
  const { cssLayoutViewport } = await cdp.send('Page.getLayoutMetrics')
  return { width: cssLayoutViewport.clientWidth, height: cssLayoutViewport.clientHeight }
}

/** Where on the page stands what a selector finds, in whichever frame that is. */
async function marksOf(page: Page, selector: string): Promise<PictureFacts['marks']> {
  for (const frame of page.frames()) {
    const handles = await frame.$$(selector).catch(() => [])
    const boxes: Box[] = []
    for (const handle of handles.slice(0, mostBoxes)) {
      const box = await handle.boundingBox().catch(() => null)
      if (box !== null && box.width > 0 && box.height > 0) boxes.push({ x: box.x, y: box.y, width: box.width, height: box.height })
      handle.dispose().catch(() => undefined)
    }
    if (boxes.length > 0) return { selector, boxes }
  }
  return null
}

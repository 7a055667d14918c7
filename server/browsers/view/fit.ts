/**
 * Lays a page out for a view's own size, sharp on its screen. A browser without a window of its own draws one pixel for each CSS px of
 * the window, whatever ratio a page is told, and pictures hold no more than that is drawn. So its window is made as many times larger, and
 * the page drawn so many times larger into it; the page itself sees its size and the ratio as on a screen of that kind.
 */
import type { Browser, CDPSession, Page } from 'puppeteer-core'

export interface FitSize {
  width: number
  height: number
  /** Device px of one CSS px. */
  scale: number
}

export interface Fit {
  /** How many px of the pictures and of the mouse one CSS px of the page is. */
  readonly drawn: number
  end(): Promise<void>
}

type Extent = { width: number; height: number }

/** What a window has beside the page, e.g. the bar of its address. */
const frames = new WeakMap<Browser, Extent>()

/** `cdp` is a session on the page, which no one else sizes it by; `resize` gives the page its own size again. */
export async function fitPage(cdp: CDPSession, page: Page, { width, height, scale }: FitSize, resize: () => Promise<void>): Promise<Fit> {
  const { isMobile = false, hasTouch = false } = page.viewport() ?? {}
  // One with a window on a screen has the pixels of that screen.
  if (scale === 1 || page.viewport() === null) {
    await page.setViewport({ width, height, deviceScaleFactor: scale, isMobile, hasTouch })
    return { drawn: 1, end: resize }
  }
  const { windowId, bounds } = await cdp.send('Browser.getWindowForTarget')
  const frame = await frameOf(cdp, page.browser(), bounds)
  const size = { width: Math.ceil(width * scale) + frame.width, height: Math.ceil(height * scale) + frame.height }
  await cdp.send('Browser.setWindowBounds', { windowId, bounds: size })
  const metrics = { width, height, deviceScaleFactor: scale, scale, mobile: isMobile, dontSetVisibleSize: true }
  await cdp.send('Emulation.setDeviceMetricsOverride', metrics)
  return {
    drawn: scale,
    async end() {
      await cdp.send('Emulation.clearDeviceMetricsOverride')
      await cdp.send('Browser.setWindowBounds', { windowId, bounds: { width: bounds.width ?? 1_280, height: bounds.height ?? 800 } })
      await resize()
    },
  }
}

/** Measured once: it takes the page's own size from it for a moment. */
async function frameOf(cdp: CDPSession, browser: Browser, bounds: Partial<Extent>): Promise<Extent> {
  const known = frames.get(browser)
  if (known !== undefined) return known
  // Only what a session has set itself it can clear.
  await cdp.send('Emulation.setDeviceMetricsOverride', { width: 0, height: 0, deviceScaleFactor: 0, mobile: false })
  const { cssLayoutViewport } = await cdp.send('Page.getLayoutMetrics')
  const beside = (whole: number | undefined, page: number): number => Math.min(300, Math.max(0, (whole ?? page) - page))
  const frame = {
    width: beside(bounds.width, cssLayoutViewport.clientWidth),
    height: beside(bounds.height, cssLayoutViewport.clientHeight),
  }
  frames.set(browser, frame)
  return frame
}

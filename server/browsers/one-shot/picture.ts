/** Pictures and PDF of a page, without changing what a person sees of it. */
import type { ElementHandle, Page, PDFMargin, Protocol } from 'puppeteer-core'
import type { OneShotOf } from '../contract/one-shots.ts'
import { BrowserFault } from '../fault.ts'
import { settled } from '../page/drive.ts'
import { refuseInvalid } from './selectors.ts'

/** Chromium draws no more device px than that in one direction. */
const mostPixels = 16_384

/** Throws `element-missing`, `selector-invalid`, `result-too-large`. */
export async function picture(page: Page, request: OneShotOf<'screenshot'>, signal: AbortSignal): Promise<Uint8Array> {
  // Not puppeteer's own way, which lets one forgotten request hold up all later ones.
  const cdp = await page.createCDPSession()
  try {
    const { cssContentSize, cssVisualViewport } = await settled(() => cdp.send('Page.getLayoutMetrics'), signal)
    const area =
      request.selector === undefined
        ? (request.clip ?? (request.fullPage ? cssContentSize : null))
        : await areaOf(page, request.selector, cssVisualViewport)
    const scale = await page.evaluate(() => devicePixelRatio)
    if (area !== null && Math.max(area.width, area.height) * scale > mostPixels)
      throw new BrowserFault(
        'result-too-large',
        `The picture would be ${Math.round(area.width * scale)} x ${Math.round(area.height * scale)} px; ${mostPixels} are the most each way`,
      )
    if (request.omitBackground) await cdp.send('Emulation.setDefaultBackgroundColorOverride', { color: { r: 0, g: 0, b: 0, a: 0 } })
    const clip = area && { x: area.x, y: area.y, width: Math.max(1, area.width), height: Math.max(1, area.height), scale: 1 }
    const { data } = await settled(
      () =>
        cdp.send('Page.captureScreenshot', {
          format: request.format,
          ...(request.quality !== undefined && request.format !== 'png' ? { quality: request.quality } : {}),
          ...(clip === null ? {} : { clip, captureBeyondViewport: true }),
        }),
      signal,
    )
    return Buffer.from(data, 'base64')
  } finally {
    // What was set through it goes with it.
    cdp.detach().catch(() => undefined)
  }
}

type Area = Pick<Protocol.DOM.Rect, 'x' | 'y' | 'width' | 'height'>

/** From the corner of the page. */
async function areaOf(page: Page, selector: string, { pageX, pageY }: Protocol.Page.VisualViewport): Promise<Area> {
  const element: ElementHandle | null = await page.$(selector).catch(refuseInvalid)
  const box = await element?.boundingBox()
  if (box == null) throw new BrowserFault('element-missing', `The page has no element that shows for ${selector}`)
  return { x: Math.max(0, box.x + pageX), y: Math.max(0, box.y + pageY), width: box.width, height: box.height }
}

/** Throws `result-too-large`, and `page-failed` for page ranges that the document does not have. */
export async function print(page: Page, request: OneShotOf<'pdf'>, signal: AbortSignal): Promise<Uint8Array> {
  const { format, width, height, landscape, scale, margin, printBackground, headerTemplate, footerTemplate, pageRanges, maxBytes } = request
  const stream = await page.createPDFStream({
    ...(width !== undefined && height !== undefined ? { width, height } : { format }),
    ...{ landscape, scale, printBackground, pageRanges, timeout: 0 },
    ...(margin === undefined ? {} : { margin: marginOf(margin) }),
    displayHeaderFooter: headerTemplate !== undefined || footerTemplate !== undefined,
    // Left out it would be Chromium's own.
    headerTemplate: headerTemplate ?? '<span></span>',
    footerTemplate: footerTemplate ?? '<span></span>',
  })
  const chunks: Uint8Array[] = []
  let bytes = 0
  const reader = stream.getReader()
  for (;;) {
    signal.throwIfAborted()
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks)
    bytes += value.byteLength
    if (bytes > maxBytes) {
      reader.cancel().catch(() => undefined)
      throw new BrowserFault('result-too-large', `The document has more than ${maxBytes} bytes`)
    }
    chunks.push(value)
  }
}

const marginOf = (margin: NonNullable<OneShotOf<'pdf'>['margin']>): PDFMargin =>
  Object.fromEntries(Object.entries(margin).filter(([, value]) => value !== undefined))

/** Takes a captcha from a page, has it solved and puts the answer where the page wants it. */
import type { Page } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'
import { withoutUserinfo } from '../../http/userinfo.ts'
import type { SiteProfile } from '../contract/site-profile.ts'
import { BrowserFault } from '../fault.ts'
import { fill, findVisible } from '../page/form.ts'
import { isBetweenDocuments } from '../page/page-state.ts'
import { untilLate } from '../page/until.ts'
import type { Captcha, CaptchaSolver } from './captcha.ts'

type CaptchaPlace = NonNullable<SiteProfile['captcha']>

/** Ms that a widget gets to appear; many sites ask for a captcha only at times. */
const patience = 3_000

/** False when the page asks for no captcha. Throws a fault `captcha-failed`, or the signal's reason. */
export async function answerCaptcha(
  page: Page,
  place: CaptchaPlace,
  apiKey: string | undefined,
  solver: CaptchaSolver,
  signal: AbortSignal,
): Promise<boolean> {
  const captcha = await untilLate(
    () => (place.kind === 'image' ? takePicture(page, place.element) : readSiteKey(page, place.element)),
    patience,
    signal,
  )
  if (captcha === null) return false
  if (apiKey === undefined || apiKey === '')
    throw new BrowserFault('captcha-failed', 'The site asks for a captcha, and no key of a captcha service was given')
  const answer = await solver.solve(captcha, apiKey, signal)
  if (place.kind === 'image') {
    await fill(page, place.answer, answer, signal)
    return true
  }
  const placed = await abortable(page.evaluate(placeToken, { selector: place.answer, element: place.element, answer }), signal)
  if (!placed)
    throw new BrowserFault('captcha-failed', `The captcha was solved, but nothing on the page matches ${place.answer} to take the answer`)
  return true
}

async function takePicture(page: Page, selector: string): Promise<Captcha | null> {
  const image = await findVisible(page, selector)
  if (image === null) return null
  try {
    // An image that is still loading would be photographed empty.
    const loaded = await image.evaluate(
      (element) => !(element instanceof HTMLImageElement) || (element.complete && element.naturalWidth > 0),
    )
    return loaded ? { kind: 'image', base64: await image.screenshot({ encoding: 'base64' }) } : null
  } catch (error) {
    if (isBetweenDocuments(error)) return null
    throw error
  } finally {
    image.dispose().catch(() => undefined)
  }
}

/** The key stands on the widget, or in the address of the frame that the widget put in its place. */
async function readSiteKey(page: Page, selector: string): Promise<Captcha | null> {
  try {
    const siteKey = await page.evaluate((element: string) => {
      const widget = document.querySelector(element)
      const source = widget?.querySelector('iframe')?.src ?? (widget instanceof HTMLIFrameElement ? widget.src : '')
      return widget?.getAttribute('data-sitekey') ?? /[?&]k=([\w-]+)/.exec(source)?.[1] ?? null
    }, selector)
    return siteKey === null ? null : { kind: 'recaptcha-v2', siteKey, pageUrl: withoutUserinfo(page.url()) }
  } catch (error) {
    if (isBetweenDocuments(error)) return null
    throw error
  }
}

/** Runs inside the page: the field is hidden, so nobody can type into it; the widget's callback is called as the real one would. */
function placeToken({ selector, element, answer }: { selector: string; element: string; answer: string }): boolean {
  const field = document.querySelector(selector)
  if (!(field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement)) return false
  field.value = answer
  field.dispatchEvent(new Event('input', { bubbles: true }))
  field.dispatchEvent(new Event('change', { bubbles: true }))
  const name = document.querySelector(element)?.getAttribute('data-callback') ?? ''
  const callback: unknown = Reflect.get(window, name)
  if (typeof callback === 'function') Reflect.apply(callback, window, [answer])
  return true
}

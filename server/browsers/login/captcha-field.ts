/** Takes a captcha from a page, has it solved and puts the answer where the page wants it. */
import type { Page } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'
import { withoutUserinfo } from '../../http/userinfo.ts'
import type { SiteProfile } from '../contract/site-profile.ts'
import { BrowserFault } from '../fault.ts'
import { ask, find, framesOf } from '../page/find.ts'
import { fill } from '../page/form.ts'
import { isBetweenDocuments } from '../page/page-state.ts'
import { untilLate } from '../page/until.ts'
import type { Captcha, CaptchaSolver } from './captcha.ts'

type CaptchaPlace = NonNullable<SiteProfile['captcha']>

/** Ms that a widget gets to appear; many sites ask for a captcha only at times. */
const patience = 3_000

/** False when the page asks for no captcha. Throws a fault `captcha-failed`, or the signal's reason. */
export async function answerCaptcha(
  page: Page,
  where: CaptchaPlace,
  apiKey: string | undefined,
  solver: CaptchaSolver,
  signal: AbortSignal,
): Promise<boolean> {
  const captcha = await untilLate(
    () => (where.kind === 'image' ? takePicture(page, where.element) : readSiteKey(page, where.element)),
    patience,
    signal,
  )
  if (captcha === null) return false
  if (apiKey === undefined || apiKey === '')
    throw new BrowserFault('captcha-failed', 'The site asks for a captcha, and no key of a captcha service was given')
  const answer = await solver.solve(captcha, apiKey, signal)
  if (where.kind === 'image') {
    await fill(page, where.answer, answer, signal)
    return true
  }
  const placed = await abortable(place(page, where, answer), signal)
  if (!placed)
    throw new BrowserFault('captcha-failed', `The captcha was solved, but nothing on the page matches ${where.answer} to take the answer`)
  return true
}

async function takePicture(page: Page, selector: string): Promise<Captcha | null> {
  const image = (await find(page, selector))?.element
  if (image === undefined) return null
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
  for (const frame of framesOf(page)) {
    const siteKey = await ask(page, frame, async () => (await frame.$(selector))?.evaluate(siteKeyOf) ?? null)
    // The widget belongs to the site that shows it, which is that of its own frame.
    if (siteKey !== null) return { kind: 'recaptcha-v2', siteKey, pageUrl: withoutUserinfo(frame.url()) }
  }
  return null
}

async function place(page: Page, { answer: selector, element }: CaptchaPlace, answer: string): Promise<boolean> {
  for (const frame of framesOf(page)) {
    const placed = await ask(page, frame, async () => {
      const [field, widget] = [await frame.$(selector), await frame.$(element)]
      return (await field?.evaluate(placeToken, widget, answer)) ?? false
    })
    if (placed === true) return true
  }
  return false
}

// These run inside the page.

function siteKeyOf(widget: Element): string | null {
  const source = widget.querySelector('iframe')?.src ?? (widget instanceof HTMLIFrameElement ? widget.src : '')
  return widget.getAttribute('data-sitekey') ?? /[?&]k=([\w-]+)/.exec(source)?.[1] ?? null
}

/** The field is hidden, so nobody can type into it; the widget's callback is called as the real one would. */
function placeToken(field: Element, widget: Element | null, answer: string): boolean {
  if (!(field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement)) return false
  field.value = answer
  field.dispatchEvent(new Event('input', { bubbles: true }))
  field.dispatchEvent(new Event('change', { bubbles: true }))
  const name = widget?.getAttribute('data-callback') ?? ''
  const callback: unknown = Reflect.get(window, name)
  if (typeof callback === 'function') Reflect.apply(callback, window, [answer])
  return true
}

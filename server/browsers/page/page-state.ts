/** What a page and its frames show right now, judged by a site profile's signs. */
import type { Frame, Page } from 'puppeteer-core'
import { profilePattern } from '../site/profile-pattern.ts'
import { loginSteps, type SiteProfile } from '../contract/site-profile.ts'
import type { PageSign } from '../contract/site-steps.ts'
import { ask, framesOf, isPlainCss } from './find.ts'

export { invalidSelectorIn, isBetweenDocuments, isInvalidSelector } from './between-documents.ts'

export interface PageState {
  url: string
  title: string
  /** Differs from document to document, so that an old page is not mistaken for the answer to a form. */
  document: number
  /** The login form is there and visible. */
  form: boolean
  /** By any of its signs; by its address alone only where no login form stands, since sites show theirs at any address. */
  success: boolean
  /** By an element or a text, which only a logged-in page has; an address any page may have. */
  successShown: boolean
  failure: boolean
  /** What the failure sign's element says, or the line that holds its text; empty when the sign is an address. */
  failureText: string
  /** The address is one where the site leads those whose login has gone. */
  loggedOutAddress: boolean
}

/** Null while the page is between two documents. Never answers while the page hangs: race it against a signal. */
export async function readPageState(page: Page, profile: SiteProfile): Promise<PageState | null> {
  const question: Question = {
    form: loginField(profile, page.url()),
    success: withoutUrl(profile.success),
    failure: withoutUrl(profile.failure),
  }
  const [main, ...frames] = framesOf(page)
  if (main === undefined) return null
  const seen = await ask(page, main, () => look(main, question))
  if (seen === null) return null
  for (const frame of frames) {
    const inside = await ask(page, frame, () => look(frame, question))
    if (inside !== null) addFrame(seen, inside)
  }
  return {
    ...seen,
    success: seen.successShown || (!seen.form && (await fits(profile.success?.url, seen.url))),
    failure: seen.failure || (await fits(profile.failure?.url, seen.url)),
    loggedOutAddress: await fits(profile.refresh?.loggedOutUrl, seen.url),
  }
}

type Seen = Omit<PageState, 'success' | 'loggedOutAddress'>

/** By which a login page is known. */
function loginField(profile: SiteProfile, shown: string): string | null {
  const steps = loginSteps(profile).filter((step) => step.fill !== undefined)
  const [first] = steps
  // A page of its own for the name is a login page where the login begins; elsewhere such a field may ask for anything.
  const begins = profile.login !== null && isSamePage(shown, profile.address)
  const password = steps.find(({ value }) => value?.includes('{password}'))?.fill ?? null
  const fields = [password, begins ? first?.fill : null].filter((each) => each != null)
  return fields.every(isPlainCss) && fields.length > 0 ? fields.join(', ') : (fields[0] ?? null)
}

function isSamePage(one: string, other: string | null): boolean {
  const [a, b] = [URL.parse(one), URL.parse(other ?? '')]
  return a !== null && b !== null && a.origin === b.origin && a.pathname === b.pathname
}

/** In one question to the frame, as far as its browser knows the selectors by itself. */
async function look(frame: Frame, question: Question): Promise<Seen> {
  const own = (selector: string | null): string | null => (selector === null || isPlainCss(selector) ? null : selector)
  const plain = (selector: string | null): string | null => (own(selector) === null ? selector : null)
  const { form, success, failure } = question
  const seen = await frame.evaluate(inspect, {
    form: plain(form),
    success: { ...success, selector: plain(success.selector) },
    failure: { ...failure, selector: plain(failure.selector) },
  })
  if (own(form) !== null) seen.form = (await textOf(frame, own(form))) !== null
  if (own(success.selector) !== null) seen.successShown ||= (await textOf(frame, own(success.selector))) !== null
  const failed = own(failure.selector) === null ? null : await textOf(frame, own(failure.selector))
  if (failed !== null) Object.assign(seen, { failure: true, failureText: tidyText(failed) })
  return seen
}

/** Of the first that can be seen; null when none can. */
async function textOf(frame: Frame, selector: string | null): Promise<string | null> {
  for (const element of selector === null ? [] : await frame.$$(selector)) {
    if (await element.isVisible())
      return element.evaluate((node) => (node instanceof HTMLElement ? node.innerText : (node.textContent ?? '')))
  }
  return null
}

/** What stands in a frame of the page stands on the page; its document is the one that a form's answer replaces. */
function addFrame(seen: Seen, inside: Seen): void {
  if ((inside.form && !seen.form) || (inside.failure && !seen.failure)) seen.document = inside.document
  seen.form ||= inside.form
  seen.successShown ||= inside.successShown
  if (!seen.failure && inside.failure) seen.failureText = inside.failureText
  seen.failure ||= inside.failure
}

const tidyText = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 300)

/**
 * Whether an address is like a pattern of the profile; false without one. Throws `login-failed` for one that an earlier version took and
 * this one does not.
 */
export async function fits(pattern: string | undefined, url: string): Promise<boolean> {
  return pattern !== undefined && (await profilePattern(pattern, 'login-failed')).test(url)
}

function withoutUrl(sign: PageSign | null) {
  return { selector: sign?.selector ?? null, text: sign?.text ?? null }
}

interface Question {
  form: string | null
  success: { selector: string | null; text: string | null }
  failure: { selector: string | null; text: string | null }
}

/** Runs inside the page, so it must stand on its own. */
function inspect(question: Question): Seen {
  const visible = (selector: string | null): HTMLElement | null => {
    if (selector === null) return null
    for (const element of document.querySelectorAll<HTMLElement>(selector)) {
      if (element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0) return element
    }
    return null
  }
  // The text is only asked for when a sign needs it: it makes the page lay itself out.
  const lineWith = (text: string | null): string | null => {
    if (text === null) return null
    const line = (document.body?.innerText ?? '').split('\n').find((one) => one.includes(text))
    return line?.trim() ?? null
  }
  const failed = visible(question.failure.selector)
  const failedLine = lineWith(question.failure.text)
  return {
    url: location.href,
    title: document.title,
    document: performance.timeOrigin,
    form: visible(question.form) !== null,
    successShown: visible(question.success.selector) !== null || lineWith(question.success.text) !== null,
    failure: failed !== null || failedLine !== null,
    failureText: (failed?.innerText ?? failedLine ?? '').replace(/\s+/g, ' ').trim().slice(0, 300),
  }
}

/** What a page shows right now, judged by a site profile's signs, in one question to the page. */
import type { Page } from 'puppeteer-core'
import { linearPattern } from '../../linear-pattern.ts'
import type { SiteProfile } from '../contract/site-profile.ts'
import type { PageSign } from '../contract/site-steps.ts'
import { BrowserFault } from '../fault.ts'

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
  try {
    const seen = await page.evaluate(inspect, {
      form: profile.form?.password ?? null,
      success: withoutUrl(profile.success),
      failure: withoutUrl(profile.failure),
    })
    return {
      ...seen,
      success: seen.successShown || (!seen.form && (await fits(profile.success?.url, seen.url))),
      failure: seen.failure || (await fits(profile.failure?.url, seen.url)),
      loggedOutAddress: await fits(profile.refresh?.loggedOutUrl, seen.url),
    }
  } catch (error) {
    if (isBetweenDocuments(error)) return null
    throw error
  }
}

/** A navigation destroyed what a call was talking to; asking again finds the next document. */
export function isBetweenDocuments(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return /execution context|context was destroyed|detached frame|frame (was|got) detached|cannot find context|inspected target navigated|node is detached|does not belong to the document|argument should belong|not attached to an active page/i.test(
    error.message,
  )
}

/** The profile has a selector that is none; only a page can tell. */
export function isInvalidSelector(error: unknown): boolean {
  return error instanceof Error && /not a valid selector/i.test(error.message)
}

/**
 * Whether an address is like a pattern of the profile; false without one. Throws `login-failed` for one that an earlier version took and
 * this one does not.
 */
export async function fits(pattern: string | undefined, url: string): Promise<boolean> {
  if (pattern === undefined) return false
  try {
    return (await linearPattern(pattern)).test(url)
  } catch (error) {
    throw new BrowserFault(
      'login-failed',
      `The site profile has a pattern that is not valid: ${error instanceof Error ? error.message : String(error)}`,
      {},
      { cause: error },
    )
  }
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
function inspect(question: Question): Omit<PageState, 'success' | 'loggedOutAddress'> {
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

/** What a site answers over HTTP while a page is worked on: pages look alike whether or not their login still holds, statuses do not. */
import type { HTTPResponse, Page } from 'puppeteer-core'

export interface SiteAnswers {
  /** Of the document that came last, redirects followed; null while none has come. */
  status(): number | null
  /** With which it refused something that the document's scripts asked of the same site for want of a login; null when it did not. */
  refused(): number | null
  stop(): void
}

/** 419 and 440 are what Laravel and IIS say for 401 when a login has run out. */
const wantsLogin = new Set([401, 419, 440])

/** For want of a login, as against a page that is missing or forbidden for this user. */
export const asksForLogin = (status: number | null): boolean => status !== null && wantsLogin.has(status)

export function watchAnswers(page: Page): SiteAnswers {
  let status: number | null = null
  let refused: number | null = null
  const onResponse = (response: HTTPResponse): void => {
    const request = response.request()
    const mainFrame = response.frame() === page.mainFrame()
    if (request.isNavigationRequest() && mainFrame) {
      status = response.status()
      refused = null
    } else if (
      ['xhr', 'fetch'].includes(request.resourceType()) &&
      asksForLogin(response.status()) &&
      isSameSite(response.url(), page.url())
    ) {
      refused = response.status()
    }
  }
  page.on('response', onResponse)
  return { status: () => status, refused: () => refused, stop: () => void page.off('response', onResponse) }
}

/** Close enough to tell a portal's own interface, also on a host of its own, from what others put on its pages. */
function isSameSite(one: string, other: string): boolean {
  const [a, b] = [URL.parse(one)?.hostname, URL.parse(other)?.hostname]
  if (a === undefined || b === undefined) return false
  return a === b || (/[a-z]/i.test(a) && a.split('.').length > 1 && lastTwo(a) === lastTwo(b))
}

const lastTwo = (host: string): string => host.split('.').slice(-2).join('.')

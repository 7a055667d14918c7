/** Opening an address, and saying in plain words why it could not be opened. */
import type { HTTPRequest, HTTPResponse, Page } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'
import { Fault } from '../../fault.ts'
import { BrowserFault } from '../fault.ts'
import { proxyOf } from '../process/egress-proxy.ts'
import { until } from './until.ts'
import { watchAnswers } from './site-answers.ts'

/**
 * Goes there and resolves with the HTTP status once the document can be read. Throws a fault `login-unreachable`, or the signal's reason.
 */
export async function openAddress(page: Page, address: string, signal: AbortSignal): Promise<number> {
  const answers = watchAnswers(page)
  try {
    return await open(page, address, signal, () => answers.status())
  } finally {
    answers.stop()
  }
}

async function open(page: Page, address: string, signal: AbortSignal, answered: () => number | null): Promise<number> {
  let response: HTTPResponse | null
  // A redirect may have led elsewhere.
  let failedAt = address
  const onFailed = (request: HTTPRequest): void => {
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) failedAt = request.url()
  }
  const over = new AbortController()
  page.on('requestfailed', onFailed)
  try {
    const arrival = page.goto(address, { waitUntil: 'domcontentloaded', timeout: 0, signal })
    arrival.catch(() => undefined)
    response = await abortable(Promise.race([arrival, standsUnfinished(answered, AbortSignal.any([signal, over.signal]))]), signal)
  } catch (error) {
    signal.throwIfAborted()
    const seen = /net::(ERR_[A-Z0-9_]+)/.exec(error instanceof Error ? error.message : '')?.[1] ?? ''
    // The page itself went elsewhere before it had loaded, as login pages like to do; where to will be seen.
    // Also an answer without a page, such as 204; its status is known.
    if (seen === 'ERR_ABORTED' || /frame was detached/i.test(String(error))) return answered() ?? 200
    // An error with nothing to show: Chromium puts a page of its own in its place.
    const status = seen === 'ERR_HTTP_RESPONSE_CODE_FAILURE' ? answered() : null
    if (status !== null) return belowServerError(address, status)
    const why = seen.startsWith('ERR_SOCKS_') ? proxyOf(page.browser())?.failureOf(failedAt) : undefined
    if (why instanceof Fault) throw new BrowserFault('login-unreachable', why.message, { code: 'ERR_BLOCKED_BY_CLIENT' }, { cause: error })
    const code = why == null ? seen : (browserCodes[why] ?? why)
    throw new BrowserFault(
      'login-unreachable',
      `${hostOf(failedAt)} ${reasons[code] ?? `cannot be reached (${code || 'the browser gave up'})`}`,
      { code },
      { cause: error },
    )
  } finally {
    over.abort()
    page.off('requestfailed', onFailed)
  }
  return belowServerError(address, response?.status() ?? answered() ?? 200)
}

/** Ms after which a page that has answered and never ends is taken as it stands. */
const unfinishedPatience = 5_000

async function standsUnfinished(answered: () => number | null, signal: AbortSignal): Promise<null> {
  let since: number | null = null
  await until(() => {
    if (answered() !== null) since ??= performance.now()
    return Promise.resolve(since !== null && performance.now() - since > unfinishedPatience ? true : null)
  }, signal)
  return null
}

function belowServerError(address: string, status: number): number {
  if (status >= 500) throw answersWithError(address, status)
  return status
}

/** For a status below 500 whose page turns out to be of no use either. */
export function answersWithError(address: string, status: number): Fault {
  return new BrowserFault('login-unreachable', `${hostOf(address)} answers with error ${status}`, { status })
}

/** Chromium's words for what the system says to our proxy. */
const browserCodes: Readonly<Record<string, string>> = {
  ENOTFOUND: 'ERR_NAME_NOT_RESOLVED',
  EAI_AGAIN: 'ERR_NAME_NOT_RESOLVED',
  ECONNREFUSED: 'ERR_CONNECTION_REFUSED',
  ECONNRESET: 'ERR_CONNECTION_RESET',
  ETIMEDOUT: 'ERR_CONNECTION_TIMED_OUT',
  EHOSTUNREACH: 'ERR_ADDRESS_UNREACHABLE',
  ENETUNREACH: 'ERR_ADDRESS_UNREACHABLE',
}

const reasons: Readonly<Record<string, string>> = {
  ERR_NAME_NOT_RESOLVED: 'is not a known host name',
  ERR_CONNECTION_REFUSED: 'refuses the connection',
  ERR_CONNECTION_RESET: 'broke the connection off',
  ERR_CONNECTION_CLOSED: 'broke the connection off',
  ERR_EMPTY_RESPONSE: 'broke the connection off',
  ERR_CONNECTION_TIMED_OUT: 'does not answer',
  ERR_TIMED_OUT: 'does not answer',
  ERR_ADDRESS_UNREACHABLE: 'cannot be reached from this network',
  ERR_NETWORK_CHANGED: 'was lost when the network changed',
  ERR_INTERNET_DISCONNECTED: 'cannot be reached: this machine is offline',
  ERR_TOO_MANY_REDIRECTS: 'sends the browser round in circles',
  ERR_CERT_AUTHORITY_INVALID: 'shows a certificate that this machine does not trust',
  ERR_CERT_COMMON_NAME_INVALID: 'shows the certificate of another site',
  ERR_CERT_DATE_INVALID: 'shows a certificate that is out of date',
  ERR_SSL_PROTOCOL_ERROR: 'does not speak HTTPS properly',
  ERR_UNSAFE_PORT: 'uses a port that browsers refuse',
  ERR_BLOCKED_BY_CLIENT: 'is blocked in this browser',
}

function hostOf(address: string): string {
  return new URL(address).host
}

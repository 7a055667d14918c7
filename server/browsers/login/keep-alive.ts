/**
 * Keeps a login fresh: opens the profile's refresh address in a page of its own at the back and sees where that leads.
 *
 * Why a page and not `fetch`: a fetch from the person's tab is bound by that page's CORS and CSP and hides where it was redirected to;
 * `Network.loadNetworkResource` does not tell the final address. A page's own navigation works across origins, sends cookies of every
 * SameSite kind, keeps what is set on the way, and lets a site renew its login by script.
 */
import type { Page } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'
import { withDeadline } from '../../async/deadline.ts'
import type { Fault } from '../../fault.ts'
import type { SiteProfile } from '../contract/site-profile.ts'
import { BrowserFault } from '../fault.ts'
import { readPageState } from '../page/page-state.ts'
import { answersWithError, openAddress } from '../page/reachable.ts'
import { watchAnswers } from '../page/site-answers.ts'
import { until } from '../page/until.ts'
import { whileOpen } from '../page/while-open.ts'
import { standingOf } from './standing.ts'

export interface RefreshResult {
  ok: boolean
  /** For a person; carries no query of an address. */
  message: string
  /** Why the login is taken for gone, to follow "because"; null when it is not, also of a site that could not be asked. */
  loggedOut: string | null
}

/** Ms for the whole refresh: a site that does not answer by then is asked again next time. */
const timeout = 30_000
/** Ms that a page's scripts get to settle after it has loaded: a logged-out one may be sent to the login page by script. */
const settling = 2_000

/** `page` is a spare page at the back, in the context of the session; the caller closes it. Rejects only with the signal's reason. */
export async function refreshLogin(page: Page, profile: SiteProfile, signal: AbortSignal): Promise<RefreshResult> {
  const { refresh } = profile
  if (refresh === null) return { ok: true, message: 'Nothing to refresh', loggedOut: null }
  const answers = watchAnswers(page)
  try {
    const lost = (how: string): Fault => new BrowserFault('login-unreachable', `The refresh page ${how}`)
    return await withDeadline(
      timeout,
      signal,
      (inTime) =>
        whileOpen(page, inTime, lost, async (either) => {
          const opened = await openAddress(page, refresh.address, either)
          await abortable(
            page.waitForNetworkIdle({ idleTime: 200, timeout: settling, signal: either }).catch(() => undefined),
            either,
          )
          const shown = await until(() => readPageState(page, profile), either)
          const status = answers.status() ?? opened
          const { login, why } = standingOf(profile, shown, { status: () => status, refused: answers.refused })
          if (login === 'gone') return { ok: false, message: `The login is gone: ${why}`, loggedOut: why }
          if (status >= 400) return { ok: false, message: answersWithError(refresh.address, status).message, loggedOut: null }
          return { ok: true, message: 'Login renewed', loggedOut: null }
        }),
      () => new BrowserFault('login-unreachable', `No answer within ${timeout / 1_000} s`),
    )
  } catch (error) {
    signal.throwIfAborted()
    return {
      ok: false,
      message: BrowserFault.is(error, 'login-unreachable') ? error.message : 'The refresh page could not be opened',
      loggedOut: null,
    }
  } finally {
    answers.stop()
  }
}

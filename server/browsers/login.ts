/** Gets a session logged in and keeps it so: the first sign-in, the retry for a later caller, the renewal at the back. */
import type { Page } from 'puppeteer-core'
import { iso, type Clock } from '../clock.ts'
import type { SettingsSource } from '../config/source.ts'
import { Fault } from '../fault.ts'
import { abortable } from './abortable.ts'
import { createCaptchaClient } from './captcha.ts'
import { refreshLogin } from './keep-alive.ts'
import { lookAt } from './page-look.ts'
import type { Session } from './session.ts'
import { signIn } from './sign-in.ts'

export interface LoginTools {
  settings: SettingsSource
  clock: Clock
}

/**
 * Callers at the same time share one attempt. `atBack` leaves the person's tab alone. Throws what the sign-in throws, or the reason
 * for which the session ends meanwhile; whether a failure ends the session is the caller's business.
 */
export function logIn(session: Session, tools: LoginTools, { atBack = false } = {}): Promise<void> {
  if (session.signingIn) return session.signingIn
  const attempt = (async () => {
    // Begins in the next turn, so that `signingIn` stands before anything happens.
    await Promise.resolve()
    const work = (page: Page): Promise<void> => abortable(attemptOn(page, session, tools), session.life.signal)
    try {
      const { registry } = session
      if (!registry) throw new Fault('session-ended', 'The session has no browser')
      if (atBack) await registry.inBackground(work)
      else await work(session.activePage()?.page ?? (await abortable(registry.firstPage(), session.life.signal)))
    } catch (error) {
      const fault = asFault(await session.causeOf(error))
      session.signingIn = null
      if (session.live) {
        session.reason = reasonOf(fault)
        session.record('login-failed', session.reason, 'bad')
        session.happen('sign-in-failed', { signedIn: false })
      }
      throw fault
    }
    session.signingIn = null
    loggedIn(session, tools.clock)
  })()
  session.signingIn = attempt
  session.happen('sign-in-begun')
  return attempt
}

/** Asks the site whether the login still holds and renews it when it does not. Never rejects. */
export async function refresh(session: Session, tools: LoginTools): Promise<void> {
  const { registry, profile } = session
  if (!registry || profile.refresh === null) return
  session.nextRefresh = null
  try {
    const result = await abortable(registry.inBackground((page) => refreshLogin(page, profile, session.life.signal)), session.life.signal)
    session.lastRefresh = { at: iso(tools.clock.now()), ok: result.ok, message: result.message }
    session.record('refreshed', result.message, result.ok ? 'good' : 'attention')
    if (result.loggedOut) await logIn(session, tools, { atBack: true })
  } catch (error) {
    if (session.live) session.lastRefresh = { at: iso(tools.clock.now()), ok: false, message: reasonOf(asFault(error)) }
  }
  planRefresh(session, tools.clock)
}

/** After a person gave back: what they did may have logged it in. */
export async function lookAgain(session: Session, tools: LoginTools): Promise<void> {
  if (session.signedIn || session.signingIn || !session.live) return
  try {
    const look = await abortable(lookAt(session.page(), session.profile), session.life.signal)
    const { success } = session.profile
    if (look && (success === null ? !look.form && !look.failure : look.success)) loggedIn(session, tools.clock)
  } catch {
    // The page is in the middle of something; the next caller's sign-in will find out.
  }
}

function attemptOn(page: Page, session: Session, { settings }: LoginTools): Promise<void> {
  const { address, timeout } = settings.current().browsers.captcha
  return signIn(page, session.profile, session.credentials, {
    solveCaptcha: createCaptchaClient({ address, timeout: timeout * 1_000 }),
    signal: session.life.signal,
    report: (step, tone = 'neutral') => {
      if (session.live) session.record('sign-in', step, tone)
    },
  })
}

function loggedIn(session: Session, clock: Clock): void {
  session.reason = null
  session.happen('signed-in', { signedIn: true })
  if (!session.live) return
  session.record('session-ready', session.profile.kind === 'none' ? 'The page is open' : 'Ready for scripts and people', 'good')
  planRefresh(session, clock)
}

function planRefresh(session: Session, clock: Clock): void {
  const { refresh: rule } = session.profile
  session.nextRefresh = rule === null || !session.live ? null : clock.monotonic() + rule.every
}

function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error
  return new Fault('login-failed', `The login could not be carried out: ${error instanceof Error ? error.message : String(error)}`, {}, { cause: error })
}

/** What the site said counts more than that it said no. */
function reasonOf(fault: Fault): string {
  return fault.code === 'authentication-failed' ? `The site refused the login: ${String(fault.details['reason'] ?? 'Invalid credentials')}` : fault.message
}

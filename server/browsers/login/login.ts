/** Gets a session logged in and keeps it so: the first sign-in, the retry for a later caller, the renewal at the back. */
import type { Page } from 'puppeteer-core'
import { iso, type Clock } from '../../clock.ts'
import type { SettingsSource } from '../../config/source.ts'
import { Fault } from '../../fault.ts'
import { abortable } from '../../async/abortable.ts'
import { createEgressFetch } from '../../http/egress-fetch.ts'
import { originsOf, type Egress } from '../../http/egress.ts'
import { createCaptchaClient } from './captcha.ts'
import { wordsOf } from '../page/driver-words.ts'
import { refreshLogin, type RefreshResult } from './keep-alive.ts'
import { lookAt } from '../page/page-state.ts'
import type { PageRegistry } from '../page/page-registry.ts'
import type { Session } from '../session/session.ts'
import { signIn, type SignedIn } from './sign-in.ts'

export interface LoginTools {
  settings: SettingsSource
  egress: Egress
  clock: Clock
}

/**
 * Callers at the same time share one attempt. `atBack` leaves the person's tab alone. Throws what the sign-in throws, or the reason
 * for which the session ends meanwhile; whether a failure ends the session is the caller's business.
 */
export function logIn(session: Session, tools: LoginTools, { atBack = false } = {}): Promise<SignedIn> {
  if (session.signingIn) return session.signingIn
  const attempt = (async () => {
    // Begins in the next turn, so that `signingIn` stands before anything happens.
    await Promise.resolve()
    const work = (page: Page): Promise<SignedIn> => abortable(attemptOn(page, session, tools), session.life.signal)
    let signedIn: SignedIn
    try {
      const { registry } = session
      if (!registry) throw new Fault('session-ended', 'The session has no browser')
      if (atBack) signedIn = await registry.inBackground(work)
      else signedIn = await work(session.activePage()?.page ?? (await abortable(registry.firstPage(), session.life.signal)))
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
    return signedIn
  })()
  session.signingIn = attempt
  session.happen('sign-in-begun')
  return attempt
}

/** Asks the site whether the login still holds and renews it when it does not. Never rejects. */
export async function refresh(session: Session, tools: LoginTools): Promise<void> {
  if (session.registry === null || session.profile.refresh === null) return
  session.nextRefresh = null
  try {
    const result = await askSite(session, session.registry, tools)
    if (result.loggedOut !== null) await signInAgain(session, result.loggedOut, tools, { atBack: true })
  } catch (error) {
    // What a new login says is already told.
    if (session.live && session.signedIn) session.lastRefresh = { at: iso(tools.clock.now()), ok: false, message: reasonOf(asFault(error)) }
  }
  planRefresh(session, tools.clock)
}

/**
 * For a session whose site asks for a login, for the reason `why`: looks whether that is so and logs in once. Throws what the sign-in throws, or
 * the reason for which the session ends meanwhile; the session stays, so that a person can help.
 */
export async function signInAgain(session: Session, why: string, tools: LoginTools, { atBack }: { atBack: boolean }): Promise<SignedIn> {
  session.record('signed-out', `The login is gone: ${why}`, 'attention')
  try {
    const signedIn = await logIn(session, tools, { atBack })
    const message = signedIn === 'held' ? `The login holds, although ${why}` : `Logged in again, because ${why}`
    session.lastRefresh = { at: iso(tools.clock.now()), ok: true, message }
    session.record('signed-in-again', message, 'good')
    return signedIn
  } catch (error) {
    if (session.live)
      session.lastRefresh = {
        at: iso(tools.clock.now()),
        ok: false,
        message: `The login is gone, because ${why}; the new one failed: ${reasonOf(asFault(error))}`,
      }
    throw error
  }
}

/**
 * For an answer that would be the same if the login were gone: asks the site, and logs in again when it is. Throws what `signInAgain` throws, and
 * `login-unreachable` when the site does not say.
 */
export async function proveLogin(session: Session, tools: LoginTools): Promise<SignedIn> {
  const { registry, profile } = session
  if (!registry) throw new Fault('session-ended', 'The session has no browser')
  // Signing in looks first, and finds the sign of success when the login holds.
  if (profile.success !== null) return logIn(session, tools, { atBack: true })
  if (profile.refresh === null) return 'held'
  const { ok, message, loggedOut } = await askSite(session, registry, tools)
  if (loggedOut !== null) return signInAgain(session, loggedOut, tools, { atBack: true })
  if (!ok) throw new Fault('login-unreachable', message)
  return 'held'
}

/** Opens the profile's refresh address at the back. */
async function askSite(session: Session, registry: PageRegistry, { clock }: LoginTools): Promise<RefreshResult> {
  const { profile, life } = session
  const result = await abortable(
    registry.inBackground((page) => refreshLogin(page, profile, life.signal)),
    life.signal,
  )
  session.lastRefresh = { at: iso(clock.now()), ok: result.ok, message: result.message }
  session.record('refreshed', result.message, result.ok ? 'good' : 'attention')
  return result
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

function attemptOn(page: Page, session: Session, { settings, egress }: LoginTools): Promise<SignedIn> {
  const { address, timeout } = settings.current().browsers.captcha
  return signIn(page, session.profile, session.credentials, {
    solveCaptcha: createCaptchaClient({ address, timeout: timeout * 1_000, fetch: createEgressFetch(egress, originsOf([address])) }),
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
  return new Fault('login-failed', `The login could not be carried out: ${wordsOf(error)}`, {}, { cause: error })
}

/** What the site said counts more than that it said no. */
function reasonOf(fault: Fault): string {
  return fault.code === 'authentication-failed'
    ? `The site refused the login: ${String(fault.details['reason'] ?? 'Invalid credentials')}`
    : fault.message
}

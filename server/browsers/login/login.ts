/** Gets a session logged in and keeps it so: the first sign-in, the retry for a later caller, the renewal at the back. */
import type { Page } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'
import type { SettingsSource } from '../../config/source.ts'
import { Fault } from '../../fault.ts'
import { createEgressFetch } from '../../http/egress-fetch.ts'
import { originsOf, type Egress } from '../../http/egress.ts'
import type { SiteProfile } from '../contract/site-profile.ts'
import type { RecordSessionEvent, SessionEventText } from '../events.ts'
import { BrowserFault } from '../fault.ts'
import type { SessionKeeping } from '../session/keeping.ts'
import type { Driven } from '../page/drive.ts'
import { wordsOf } from '../page/driver-words.ts'
import { readPageState } from '../page/page-state.ts'
import { untilLate } from '../page/until.ts'
import { createCaptchaClient, type CaptchaSolver } from './captcha.ts'
import { refreshLogin, type RefreshResult } from './keep-alive.ts'
import type { ProfileStore } from '../site/profiles.ts'
import type { AskedPerson } from '../steps/actions.ts'
import { signIn, type Credentials, type SignedIn } from './sign-in.ts'

/** What logging in asks of a session, and tells it. */
export interface LoginSession extends Driven {
  readonly profile: SiteProfile
  readonly credentials: Readonly<Credentials>
  /** False for one that was woken without them. */
  readonly credentialsKnown: boolean
  readonly keeping: Pick<SessionKeeping, 'resume' | 'signedIn'>
  /** True until it begins to end. */
  readonly live: boolean
  readonly pages: {
    /** The page in front, as soon as it can be used. */
    front(): Promise<Page>
    /** Runs `work` on a page of its own at the back. */
    inBackground<Result>(work: (page: Page) => Promise<Result>): Promise<Result>
  }
  readonly login: {
    /** As far as is known. */
    readonly holds: boolean
    readonly attempt: Promise<SignedIn> | null
    attemptBegun(attempt: Promise<SignedIn>): void
    attemptFailed(reason: string): void
    /** A step of the attempt needs a person. */
    personWanted(what: string): AskedPerson
    gained(): void
    refreshBegun(): void
    refreshed(ok: boolean, message: string): void
    planRefresh(): void
  }
  record: RecordSessionEvent
}

export interface LoginTools {
  settings: SettingsSource
  egress: Egress
  textOf: SessionEventText
  /** What the steps of a profile fill in. */
  profiles: Pick<ProfileStore, 'valuesOf'>
}

/**
 * Callers at the same time share one attempt. `atBack` leaves the person's tab alone. Throws what the sign-in throws, or the reason
 * for which the session ends meanwhile; whether a failure ends the session is the caller's business.
 */
export function logIn(session: LoginSession, tools: LoginTools, { atBack = false } = {}): Promise<SignedIn> {
  if (session.login.attempt) return session.login.attempt
  const attempt = attemptIn(session, tools, atBack)
  session.login.attemptBegun(attempt)
  return attempt
}

async function attemptIn(session: LoginSession, tools: LoginTools, atBack: boolean): Promise<SignedIn> {
  // Begins in the next turn, so that the attempt is known before anything happens.
  await Promise.resolve()
  const { pages, life } = session
  const onPage = async (page: Page): Promise<SignedIn> => (await session.keeping.resume(page)) ?? signInOn(page, session, tools)
  const work = (page: Page): Promise<SignedIn> => abortable(onPage(page), life)
  let signedIn: SignedIn
  try {
    signedIn = atBack ? await pages.inBackground(work) : await work(await abortable(pages.front(), life))
    await session.keeping.signedIn(signedIn)
    life.throwIfAborted()
  } catch (error) {
    const fault = asFault(await session.causeOf(error))
    session.login.attemptFailed(reasonOf(fault))
    throw fault
  }
  session.login.gained()
  return signedIn
}

/** Asks the site whether the login still holds and renews it when it does not. Never rejects. */
export async function refresh(session: LoginSession, tools: LoginTools): Promise<void> {
  const { login } = session
  if (session.profile.refresh === null) return
  login.refreshBegun()
  try {
    const { loggedOut } = await askSite(session)
    if (loggedOut !== null) await signInAgain(session, loggedOut, tools, { atBack: true })
  } catch (error) {
    // What a new login says is already told.
    if (session.live && login.holds) login.refreshed(false, reasonOf(asFault(error)))
  }
  login.planRefresh()
}

/**
 * For a session whose site asks for a login, for the reason `why`: looks whether that is so and logs in once. Throws what the sign-in
 * throws, or the reason for which the session ends meanwhile; the session stays, so that a person can help.
 */
export async function signInAgain(
  session: LoginSession,
  why: string,
  tools: LoginTools,
  { atBack }: { atBack: boolean },
): Promise<SignedIn> {
  session.record('signed-out', { why })
  try {
    const signedIn = await logIn(session, tools, { atBack })
    const facts = { held: signedIn === 'held', why }
    session.login.refreshed(true, tools.textOf({ kind: 'signed-in-again', facts }))
    session.record('signed-in-again', facts)
    return signedIn
  } catch (error) {
    const failure = `The login is gone, because ${why}; the new one failed: ${reasonOf(asFault(error))}`
    if (session.live) session.login.refreshed(false, failure)
    throw error
  }
}

/**
 * For an answer that would be the same if the login were gone: asks the site, and logs in again when it is. Throws what `signInAgain`
 * throws, and `login-unreachable` when the site does not say.
 */
export async function proveLogin(session: LoginSession, tools: LoginTools): Promise<SignedIn> {
  const { profile } = session
  // Signing in looks first, and finds the sign of success when the login holds.
  if (profile.success !== null) return logIn(session, tools, { atBack: true })
  if (profile.refresh === null) return 'held'
  const { ok, message, loggedOut } = await askSite(session)
  if (loggedOut !== null) return signInAgain(session, loggedOut, tools, { atBack: true })
  if (!ok) throw new BrowserFault('login-unreachable', message)
  return 'held'
}

/** Opens the profile's refresh address at the back. */
async function askSite(session: LoginSession): Promise<RefreshResult> {
  const { profile, pages, life } = session
  const result = await abortable(
    pages.inBackground((page) => refreshLogin(page, profile, life)),
    life,
  )
  session.login.refreshed(result.ok, result.message)
  session.record('refreshed', { ok: result.ok, said: result.message })
  return result
}

/** Ms for the page to show what the person's last act leads to: who has pressed "Log in" gives back while the next page still loads. */
const afterGivenBack = 15_000

/** After a person gave back: what they did may have logged it in. */
export async function recogniseLogin(session: LoginSession): Promise<void> {
  const { login, profile, life } = session
  const isInDoubt = (): boolean => !login.holds && login.attempt === null && session.live
  const isLoggedIn = async (): Promise<boolean | null> => {
    if (!isInDoubt()) return false
    const shown = await readPageState(session.page(), profile)
    if (shown === null) return null
    if (profile.success === null) return !shown.form && !shown.failure
    return shown.success ? true : null
  }
  try {
    if ((await untilLate(isLoggedIn, afterGivenBack, life)) === true && isInDoubt()) login.gained()
  } catch {
    // The page is gone or does not answer; the next caller's sign-in will find out.
  }
}

export function captchaSolver({ settings, egress }: Pick<LoginTools, 'settings' | 'egress'>): CaptchaSolver {
  const { address, timeout } = settings.current().browsers.captcha
  return createCaptchaClient({ address, timeout: timeout * 1_000, fetch: createEgressFetch(egress, originsOf([address])) })
}

async function signInOn(page: Page, session: LoginSession, tools: LoginTools): Promise<SignedIn> {
  const { textOf, profiles } = tools
  return signIn(page, session.profile, session.credentials, {
    solveCaptcha: captchaSolver(tools),
    values: await profiles.valuesOf(session.profile),
    askPerson: (what) => session.login.personWanted(what),
    signal: session.life,
    credentialsKnown: session.credentialsKnown,
    report: (step) => {
      if (session.live) session.record('sign-in', step)
    },
    textOf: (step) => textOf({ kind: 'sign-in', facts: step }),
  })
}

function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error
  return new BrowserFault('login-failed', `The login could not be carried out: ${wordsOf(error)}`, {}, { cause: error })
}

/** What the site said counts more than that it said no. */
function reasonOf(fault: Fault): string {
  return fault.code === 'authentication-failed'
    ? `The site refused the login: ${String(fault.details['reason'] ?? 'Invalid credentials')}`
    : fault.message
}

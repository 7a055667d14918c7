/**
 * "Use session in other endpoints": an operation of a site profile on a session that is named or found by credentials, leased meanwhile.
 */
import type { Page } from 'puppeteer-core'
import { abortable } from '../async/abortable.ts'
import { Fault } from '../fault.ts'
import { loginSteps } from './contract/site-profile.ts'
import type { DebugRun } from './debug/debug-run.ts'
import { BrowserFault } from './fault.ts'
import type { SignedIn } from './login/sign-in.ts'
import { wordsOf } from './page/driver-words.ts'
import { fits } from './page/page-state.ts'
import { openAddress } from './page/reachable.ts'
import type { SessionService } from './service.ts'
import type { Session } from './session/session.ts'
import { giveUp, type Obtained } from './session/wanted.ts'
import { runOperation, runsInOwnPage } from './site/operations.ts'
import type { Output } from './site/read-output.ts'
import type { StepReport } from './steps/step-report.ts'

export interface Use {
  operation: string
  inputs: Readonly<Record<string, string>>
  /** Of the inputs, those alone count that the operation declares. */
  declaredOnly?: boolean
  /** For a session that has to be made. */
  profile: string
  sessionId: string | undefined
  username: string | undefined
  password: string | undefined
  captchaApiKey: string | undefined
  /** Looks on. */
  debug?: DebugRun
  actor: string
  /** Recorded with a session that is made. */
  makers: readonly string[]
  /** Whether a session that is named is one of the caller's. */
  reaches(session: { id: string; makers: Iterable<string | null> }): boolean
}

/** Ms after which a lease ends even if the operation never comes back; a login may take ten minutes at most. */
const leaseTime = 15 * 60_000

/** Throws `missing-fields`, what opening a session throws, what the operation throws, or `session-ended`. */
export async function useSession(service: SessionService, use: Use): Promise<{ session: Session; isNew: boolean; result: Output | null }> {
  const found = await find(service, use)
  const { session, isNew } = found
  try {
    const result = await service.handOut.unlessSilent(
      session,
      session.inTurn(() => runLoggedIn(service, session, use)),
    )
    void session.keeping.keep()
    return { session, isNew, result }
  } finally {
    giveUp(found)
  }
}

/** Logged in, answering and leased. A named one that does not answer is as good as unknown to a caller who gave credentials too. */
async function find(service: SessionService, use: Use): Promise<Obtained> {
  const lease = { holder: use.operation, duration: leaseTime }
  const given = { username: use.username, password: use.password, captcha_api_key: use.captchaApiKey }
  const isNeeded = (field: string): boolean => field !== 'captcha_api_key' || needsCaptchaKey(service, use)
  const missing = (): string[] => Object.entries(given).flatMap(([field, value]) => (value === undefined && isNeeded(field) ? [field] : []))
  if (use.sessionId !== undefined) await service.sleepers.settled(use.sessionId)
  const named =
    use.sessionId === undefined ? undefined : service.list().find((session) => session.id === use.sessionId && use.reaches(session))
  if (named) {
    const obtained: Obtained = {
      session: named,
      isNew: false,
      release: named.hold(),
      lease: named.leases.take(lease.holder, lease.duration),
    }
    try {
      await service.handOut.unlessSilent(named, service.whenSignedIn(named))
      await service.handOut.makeAnswer(named, { page: !runsInOwnPage(named.profile, use.operation) })
      return obtained
    } catch (error) {
      giveUp(obtained)
      if (!BrowserFault.is(error, 'browser-silent') || missing().length > 0) throw error
    }
  }
  if (named === undefined && use.sessionId !== undefined) {
    const woken = await findAsleep(service, use, use.sessionId, missing().length === 0)
    if (woken !== null) return woken
  }
  const fields = missing()
  if (fields.length > 0) throw new BrowserFault('missing-fields', `Missing required fields: ${fields.join(', ')} (or valid session_id)`)
  const { username = '', password = '', captchaApiKey } = use
  return service.handOut.ready({
    profile: use.profile,
    credentials: { username, password, captchaApiKey },
    waitsForPerson: false,
    actor: use.actor,
    makers: use.makers,
    lease,
  })
}

/** The published contract always asks for one; an operation of one's own only where the profile has a captcha solved. */
function needsCaptchaKey(service: SessionService, { profile: name, operation, declaredOnly = false }: Use): boolean {
  if (!declaredOnly) return true
  const profile = service.profile(name)
  return [...loginSteps(profile), ...(profile.operations[operation]?.steps ?? [])].some(({ captcha }) => captcha !== undefined)
}

/**
 * One that sleeps is woken, while its login counts. Null when there is none, or it counts no more and the caller gave credentials: these
 * sign in.
 */
async function findAsleep(service: SessionService, use: Use, id: string, hasCredentials: boolean): Promise<Obtained | null> {
  const asleep = service.sleepers.find(id)
  if (asleep === undefined || !use.reaches({ id, makers: asleep.facts.makers })) return null
  if (asleep.facts.refused) {
    if (hasCredentials) return null
    throw new BrowserFault('login-expired', 'The kept login counts no more')
  }
  const { operation: holder, actor, makers } = use
  let woken: Obtained | undefined
  try {
    woken = await service.sleepers.wake(id, { waitsForPerson: false, actor, makers, lease: { holder, duration: leaseTime } })
    await service.handOut.unlessSilent(woken.session, service.whenSignedIn(woken.session))
    return woken
  } catch (error) {
    if (woken !== undefined) giveUp(woken)
    const isGone = BrowserFault.is(error, 'login-expired') || BrowserFault.is(error, 'session-not-found')
    if (hasCredentials && isGone) return null
    throw error
  }
}

/** Once more after a new login, when the site turns out to have ended the old one. Throws what the operation or the login throws. */
async function runLoggedIn(service: SessionService, session: Session, use: Use): Promise<Output | null> {
  const ownPage = runsInOwnPage(session.profile, use.operation)
  const tab = ownPage ? '' : session.page().url()
  try {
    return await run(service, session, use, ownPage)
  } catch (error) {
    if (!BrowserFault.is(error, 'operation-failed')) throw error
    const { loggedOut, unproven } = error.details
    if (loggedOut === undefined && unproven === undefined) throw error
    const signedIn =
      loggedOut === undefined
        ? await service.proveLogin(session)
        : await service.signInAgain(session, String(loggedOut), { atBack: ownPage })
    if (unproven !== undefined && signedIn === 'held') return null
    if (!ownPage) await returnTo(session, tab)
    return runAgain(service, session, use, ownPage, signedIn)
  }
}

async function runAgain(service: SessionService, session: Session, use: Use, ownPage: boolean, signedIn: SignedIn): Promise<Output | null> {
  try {
    return await run(service, session, use, ownPage, { trusted: signedIn === 'held' })
  } catch (error) {
    if (!BrowserFault.is(error, 'operation-failed')) throw error
    // The site has just let us in, so there is nothing more to prove.
    if (error.details['unproven'] !== undefined) return null
    if (error.details['loggedOut'] === undefined) throw error
    throw new BrowserFault(
      'operation-failed',
      `The site asks for a login again right after it: ${String(error.details['loggedOut'])}`,
      {},
      { cause: error },
    )
  }
}

/** Where the tab stood before the login took it elsewhere; the login page itself is no such place. */
async function returnTo(session: Session, address: string): Promise<void> {
  const { profile, life } = session
  const isLogin = address === profile.address || (await fits(profile.refresh?.loggedOutUrl, address))
  if (/^https?:/.test(address) && !isLogin && session.page().url() !== address) await openAddress(session.page(), address, life)
}

async function run(
  service: SessionService,
  session: Session,
  { operation, inputs: given, declaredOnly = false, debug }: Use,
  ownPage: boolean,
  trust: { trusted?: boolean } = {},
): Promise<Output | null> {
  const { profile, pages, life } = session
  if (!session.live) throw life.reason
  if (!ownPage && session.control.holder !== null)
    throw new BrowserFault('operation-failed', 'A person is using this session; try again when they have given it back')
  const declared = Object.keys(profile.operations[operation]?.inputs ?? {})
  const inputs = declaredOnly ? Object.fromEntries(Object.entries(given).filter(([name]) => declared.includes(name))) : given
  try {
    const known = await service.operationTools(session)
    const tools = { ...known, ...trust, observe: debug && ((report: StepReport) => debug.heard(report)) }
    const runOn = (page: Page): Promise<Output | null> => {
      const work = (): Promise<Output | null> => runOperation(page, profile, operation, inputs, life, tools)
      return debug === undefined ? work() : debug.watch(session, page, known.values ?? (() => ({})), work)
    }
    return await abortable(ownPage ? pages.inBackground(runOn) : runOn(session.page()), life)
  } catch (error) {
    const cause = await session.causeOf(error)
    throw cause instanceof Fault ? cause : new BrowserFault('operation-failed', `The operation failed: ${wordsOf(cause)}`, {}, { cause })
  }
}

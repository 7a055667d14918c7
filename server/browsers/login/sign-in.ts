/** Logs a page in to a site, as its profile describes: open, solve, fill, send, and wait until the page says how it went. */
import type { Dialog, Page } from 'puppeteer-core'
import { withDeadline, type StartTimer } from '../../async/deadline.ts'
import type { Fault } from '../../fault.ts'
import { addressToTell } from '../../http/userinfo.ts'
import type { SiteProfile } from '../contract/site-profile.ts'
import type { SessionEventFacts } from '../events.ts'
import { BrowserFault } from '../fault.ts'
import { fillAll, press } from '../page/form.ts'
import { isInvalidSelector, readPageState, type PageState } from '../page/page-state.ts'
import { answersWithError, openAddress } from '../page/reachable.ts'
import { until, untilLate } from '../page/until.ts'
import { whileOpen } from '../page/while-open.ts'
import { answerCaptcha } from './captcha-field.ts'
import type { CaptchaSolver } from './captcha.ts'

export interface Credentials {
  username: string
  password: string
  captchaApiKey?: string | undefined
  /** Where to go, for a profile that names no address. */
  address?: string | undefined
}

export type SignInStep = SessionEventFacts<'sign-in'>

export interface SignInTools {
  solveCaptcha: CaptchaSolver
  signal: AbortSignal
  /** Tells the person watching what is going on; never carries a secret. */
  report(step: SignInStep): void
  /** How a step reads, for the fault that tells how far it got. */
  textOf(step: SignInStep): string
  /** Measures the profile's `loginTimeout`; a real timer when left out. */
  startTimer?: StartTimer
}

/** The tools of one attempt, which knows where it goes. */
interface AttemptTools extends Omit<SignInTools, 'report' | 'textOf'> {
  report(step: SignInStep['step']): void
}

type LoginForm = NonNullable<SiteProfile['form']>

/** Ms for which a page that came with an error status may still turn into a login form. */
const errorPatience = 3_000

/** `held`: the site had the login still, and nothing was sent to it. */
export type SignedIn = 'held' | 'signed-in'

/**
 * Resolves when the page is logged in. Throws `authentication-failed` (`details.reason` is what the site said), `captcha-failed`,
 * `login-timeout`, `login-unreachable` or `login-failed` (the profile is at fault), or the signal's reason as soon as it aborts.
 */
export async function signIn(page: Page, profile: SiteProfile, credentials: Credentials, tools: SignInTools): Promise<SignedIn> {
  const address = credentials.address ?? profile.address
  if (address === null) throw new BrowserFault('missing-fields', `The site profile ${profile.name} needs an address to open`)
  const dialogs = dismissDialogs(page)
  const { host } = new URL(address)
  let latest: SignInStep = { step: 'opening', host }
  const report: AttemptTools['report'] = (step) => {
    latest = { step, host }
    tools.report(latest)
  }
  report('opening')
  try {
    const lost = (how: string): Fault => new BrowserFault('login-failed', `The page ${how} during the login`)
    const work = (inTime: AbortSignal) =>
      whileOpen(page, inTime, lost, (signal) => openAndLogIn(page, profile, address, credentials, { ...tools, report, signal }, dialogs))
    return await withDeadline(
      profile.loginTimeout,
      tools.signal,
      work,
      () => timedOut(profile, page, tools.textOf(latest)),
      tools.startTimer,
    )
  } catch (error) {
    tools.signal.throwIfAborted()
    if (isInvalidSelector(error))
      throw new BrowserFault('login-failed', `The site profile ${profile.name} has a selector that is not valid`, {}, { cause: error })
    throw error
  } finally {
    dialogs.stop()
  }
}

async function openAndLogIn(
  page: Page,
  profile: SiteProfile,
  address: string,
  credentials: Credentials,
  tools: AttemptTools,
  dialogs: SeenDialogs,
): Promise<SignedIn> {
  const status = await openAddress(page, address, tools.signal)
  if (profile.kind === 'none') return 'held'
  const { form } = profile
  if (form === null) throw new BrowserFault('login-failed', `The site profile ${profile.name} does not say where its login form is`)
  const first = await arrive(page, profile, status, tools.signal)
  if (first === null) throw answersWithError(address, status)
  if (isLoggedIn(first, profile, null)) {
    tools.report('already-logged-in')
    return 'held'
  }
  await submitLogin(page, profile, form, credentials, tools, dialogs)
  return 'signed-in'
}

/** Waits for the login form, or for the sign that none is needed; null when the site answered with an error and shows neither. */
async function arrive(page: Page, profile: SiteProfile, status: number, signal: AbortSignal): Promise<PageState | null> {
  const question = async () => {
    const shown = await readPageState(page, profile)
    return shown !== null && (shown.form || isLoggedIn(shown, profile, null)) ? shown : null
  }
  // Some sites answer 401 or 403 and show their login form all the same.
  return status < 400 ? until(question, signal) : untilLate(question, errorPatience, signal)
}

async function submitLogin(
  page: Page,
  profile: SiteProfile,
  form: LoginForm,
  credentials: Credentials,
  tools: AttemptTools,
  dialogs: SeenDialogs,
): Promise<void> {
  const byHand = new AbortController()
  const signal = AbortSignal.any([tools.signal, byHand.signal])
  try {
    const before = await Promise.race([
      send(page, profile, form, credentials, { ...tools, signal }, dialogs),
      isLoggedInByHand(page, profile, signal),
    ])
    if (before !== null) await answer(page, profile, before, credentials, tools.signal, dialogs)
    tools.report('logged-in')
  } finally {
    byHand.abort()
  }
}

/** Returns what the page showed before the form was sent. */
async function send(
  page: Page,
  profile: SiteProfile,
  form: LoginForm,
  credentials: Credentials,
  tools: AttemptTools,
  dialogs: SeenDialogs,
): Promise<PageState> {
  const { signal, report } = tools
  if (profile.captcha !== null) {
    report('solving-captcha')
    const asked = await answerCaptcha(page, profile.captcha, credentials.captchaApiKey, tools.solveCaptcha, signal)
    report(asked ? 'captcha-solved' : 'no-captcha')
  }
  report('sending')
  const fields = [
    { selector: form.username, text: credentials.username },
    { selector: form.password, text: credentials.password },
  ]
  await fillAll(page, fields, signal)
  const before = await until(() => readPageState(page, profile), signal)
  dialogs.forget()
  await press(page, form.submit, signal)
  return before
}

/** A person who has taken over may be done before the captcha service is. */
async function isLoggedInByHand(page: Page, profile: SiteProfile, signal: AbortSignal): Promise<null> {
  await until(async () => {
    const shown = await readPageState(page, profile)
    return shown !== null && isLoggedIn(shown, profile, null) ? true : null
  }, signal)
  return null
}

async function answer(
  page: Page,
  profile: SiteProfile,
  before: PageState,
  credentials: Credentials,
  signal: AbortSignal,
  dialogs: SeenDialogs,
): Promise<void> {
  await until(async () => {
    const shown = await readPageState(page, profile)
    if (shown === null) return null
    if (isLoggedIn(shown, profile, before)) return true
    const reason = refusal(shown, before, profile, dialogs.latest())
    if (reason !== null)
      throw new BrowserFault('authentication-failed', 'Authentication failed', { reason: withoutSecrets(reason, credentials) })
    return null
  }, signal)
}

/** Without a sign for success, a login has worked when another page without the form stands there. */
function isLoggedIn(shown: PageState, profile: SiteProfile, before: PageState | null): boolean {
  if (profile.success !== null) return shown.success
  return before !== null && !shown.form && !shown.failure && shown.url !== before.url
}

/** Why the site refuses, null while it has not. A sign that stood there before the form was sent says nothing about the answer. */
function refusal(shown: PageState, before: PageState, profile: SiteProfile, dialog: string | null): string | null {
  const another = shown.document !== before.document
  if (shown.failure && (another || !before.failure || shown.failureText !== before.failureText))
    return shown.failureText || 'Invalid credentials'
  if (dialog !== null && profile.failure?.text !== undefined && dialog.includes(profile.failure.text)) return dialog
  // The site shows its form again and the profile does not know its words for a refusal.
  return profile.failure === null && another && shown.form ? 'Invalid credentials' : null
}

/** Sites have been seen to repeat what was typed. */
function withoutSecrets(text: string, { password, captchaApiKey = '' }: Credentials): string {
  return [password, captchaApiKey].filter((secret) => secret !== '').reduce((clean, secret) => clean.replaceAll(secret, '[removed]'), text)
}

function timedOut(profile: SiteProfile, page: Page, step: string): Fault {
  const shown = addressToTell(page.url())
  return new BrowserFault(
    'login-timeout',
    `The login was not done within ${profile.loginTimeout / 1_000} s; it got as far as "${step}" and the browser shows ${shown}`,
    { step, shown },
  )
}

interface SeenDialogs {
  latest(): string | null
  forget(): void
  stop(): void
}

/** An open alert stops everything that asks the page, so none may stay open. */
function dismissDialogs(page: Page): SeenDialogs {
  let message: string | null = null
  const onDialog = (dialog: Dialog) => {
    message = dialog.message()
    // Refused when somebody else has closed it first, which is as good.
    dialog.dismiss().catch(() => undefined)
  }
  page.on('dialog', onDialog)
  return { latest: () => message, forget: () => (message = null), stop: () => page.off('dialog', onDialog) }
}

/** Logs a page in to a site, as its profile describes: open, do the steps, and wait until the page says how it went. */
import type { Page } from 'puppeteer-core'
import type { StartTimer } from '../../async/deadline.ts'
import type { Fault } from '../../fault.ts'
import { addressToTell } from '../../http/userinfo.ts'
import { loginSteps, type SiteProfile } from '../contract/site-profile.ts'
import type { SiteStep } from '../contract/site-steps.ts'
import type { SessionEventFacts } from '../events.ts'
import { BrowserFault } from '../fault.ts'
import { find } from '../page/find.ts'
import { invalidSelectorIn, isInvalidSelector, readPageState, type PageState } from '../page/page-state.ts'
import { answersWithError, openAddress } from '../page/reachable.ts'
import { until, untilLate } from '../page/until.ts'
import { whileOpen } from '../page/while-open.ts'
import type { AskedPerson } from '../steps/actions.ts'
import { fillIn, type Values } from '../steps/fill-in.ts'
import { runSteps, StepFailed } from '../steps/run-steps.ts'
import { StepDialogs } from '../steps/step-dialogs.ts'
import type { StepObserver } from '../steps/step-report.ts'
import { stepWords } from '../steps/step-words.ts'
import { Windows } from '../steps/windows.ts'
import { answerCaptcha } from './captcha-field.ts'
import type { CaptchaSolver } from './captcha.ts'
import { LoginTime } from './login-time.ts'
import { isLoggedIn, refusal, withoutSecrets } from './outcome.ts'

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
  /** False where nobody has shown them: what the site has still is all there is. */
  credentialsKnown?: boolean
  /** How a step reads, for the fault that tells how far it got. */
  textOf(step: SignInStep): string
  /** Measures the profile's `loginTimeout`; a real timer when left out. */
  startTimer?: StartTimer
  /** The profile's own values for its steps, and the one-time code of the moment. */
  values?: () => Values
  /** For a step that stops for a person; nobody comes when left out. */
  askPerson?(what: string): AskedPerson
  /** Hears of each step of the login. */
  observe?: StepObserver | undefined
  /** The step to begin at, on the page as it is: a trial goes on where it failed. */
  from?: number | undefined
}

/** `held`: the site had the login still, and nothing was sent to it. */
export type SignedIn = 'held' | 'signed-in'

/** Ms for which a page that came with an error status may still turn into a login form. */
const errorPatience = 3_000

/**
 * Resolves when the page is logged in. Throws `authentication-failed` (`details.reason` is what the site said), `captcha-failed`,
 * `login-timeout`, `login-unreachable`, `login-expired` or `login-failed` (the profile is at fault; `details.failure` is the `StepFailure`,
 * where a step failed), or the signal's reason as soon as it aborts.
 */
export async function signIn(page: Page, profile: SiteProfile, credentials: Credentials, tools: SignInTools): Promise<SignedIn> {
  const address = credentials.address ?? profile.address
  if (address === null) throw new BrowserFault('missing-fields', `The site profile ${profile.name} needs an address to open`)
  const time = new LoginTime(profile.loginTimeout, tools.startTimer)
  const attempt = new Attempt(page, profile, address, credentials, time, tools)
  try {
    const lost = (how: string): Fault => new BrowserFault('login-failed', `The page ${how} during the login`)
    return await whileOpen(page, AbortSignal.any([tools.signal, time.signal]), lost, (signal) => attempt.run(signal))
  } catch (error) {
    tools.signal.throwIfAborted()
    if (time.signal.aborted) throw attempt.timedOut()
    if (isInvalidSelector(error))
      throw new BrowserFault('login-failed', `The site profile ${profile.name} has ${invalidSelectorIn(error)}`, {}, { cause: error })
    if (error instanceof StepFailed) throw new BrowserFault('login-failed', error.message, { failure: error.failure }, { cause: error })
    throw error
  } finally {
    time.stop()
    attempt.stop()
  }
}

class Attempt {
  readonly #page: Page
  readonly #profile: SiteProfile
  readonly #address: string
  readonly #credentials: Credentials
  readonly #time: LoginTime
  readonly #tools: SignInTools
  readonly #steps: readonly SiteStep[]
  readonly #dialogs: StepDialogs
  readonly #windows: Windows
  /** What each page showed before the last step that could make the site answer. */
  readonly #before = new Map<Page, PageState>()
  /** Something has been done to the page. */
  #acted = false
  #latest: SignInStep
  #step: string | null = null

  constructor(page: Page, profile: SiteProfile, address: string, credentials: Credentials, time: LoginTime, tools: SignInTools) {
    this.#page = page
    this.#profile = profile
    this.#address = address
    this.#credentials = credentials
    this.#time = time
    this.#tools = tools
    this.#steps = loginSteps(profile)
    this.#latest = { step: 'opening', host: new URL(address).host }
    this.#dialogs = new StepDialogs((text) => fillIn(text, this.#values(), String))
    this.#windows = new Windows(page, (each) => this.#dialogs.watch(each))
  }

  async run(signal: AbortSignal): Promise<SignedIn> {
    if (this.#tools.from === undefined) {
      this.#report('opening')
      const status = await openAddress(this.#page, this.#address, signal)
      if (this.#profile.kind === 'none') return 'held'
      if (this.#steps.length === 0)
        throw new BrowserFault('login-failed', `The site profile ${this.#profile.name} does not say where its login form is`)
      const first = await this.#arrive(status, signal)
      if (first === null) throw answersWithError(this.#address, status)
      this.#before.set(this.#page, first)
      if (isLoggedIn(first, this.#profile, null)) return this.#held()
      if (this.#tools.credentialsKnown === false)
        throw new BrowserFault('login-expired', 'The kept login counts no more: sign in by hand, or open the session with its credentials')
    }
    const byHand = await this.#submit(signal)
    if (byHand && !this.#acted) return this.#held()
    if (!byHand) await this.#answer(signal)
    this.#report('logged-in')
    return 'signed-in'
  }

  /** What the site or its profile's owner has to know of a login that came to no end. */
  timedOut(): Fault {
    const shown = addressToTell(this.#page.url())
    const step = this.#step ?? this.#tools.textOf(this.#latest)
    return new BrowserFault(
      'login-timeout',
      `The login was not done within ${this.#profile.loginTimeout / 1_000} s; it got as far as "${step}" and the browser shows ${shown}`,
      { step, shown },
    )
  }

  stop(): void {
    this.#windows.stop()
  }

  #held(): 'held' {
    this.#report('already-logged-in')
    return 'held'
  }

  #report(step: SignInStep['step']): void {
    this.#latest = { ...this.#latest, step }
    this.#tools.report(this.#latest)
  }

  #values(): Values {
    const { username, password } = this.#credentials
    return { ...this.#tools.values?.(), username, password }
  }

  #clean(text: string): string {
    const isSecret = (name: string): boolean => name === 'totp' || this.#profile.fields[name]?.secret === true
    const own = Object.entries(this.#tools.values?.() ?? {}).filter(([name]) => isSecret(name))
    return withoutSecrets(text, { ...Object.fromEntries(own), ...this.#credentials })
  }

  /** Waits for the login form, or for the sign that none is needed; null when the site answered with an error and shows neither. */
  async #arrive(status: number, signal: AbortSignal): Promise<PageState | null> {
    const isLong = this.#profile.login !== null
    const entry = isLong ? this.#steps[0]?.fill : undefined
    const question = async (): Promise<PageState | null> => {
      const shown = await readPageState(this.#page, this.#profile)
      if (shown === null || shown.form || isLoggedIn(shown, this.#profile, null)) return shown
      if (status < 400) return isLong ? shown : null
      return entry !== undefined && (await find(this.#page, entry)) !== null ? shown : null
    }
    // Some sites answer 401 or 403 and show their login form all the same.
    return status < 400 ? until(question, signal) : untilLate(question, errorPatience, signal)
  }

  /** True when the login turned out to hold before the steps were over: a person who has taken over may be done before they are. */
  async #submit(outer: AbortSignal): Promise<boolean> {
    const over = new AbortController()
    const signal = AbortSignal.any([outer, over.signal])
    const byHand = until(async () => {
      const shown = await readPageState(this.#page, this.#profile)
      return shown !== null && isLoggedIn(shown, this.#profile, null) ? true : null
    }, signal)
    try {
      return await Promise.race([this.#doSteps(signal), byHand])
    } catch (error) {
      if (error instanceof StepFailed && (await this.#isAskedAgain(outer)))
        throw new BrowserFault('authentication-failed', 'Authentication failed', { reason: 'Invalid credentials' }, { cause: error })
      throw error
    } finally {
      byHand.catch(() => undefined)
      over.abort()
    }
  }

  async #doSteps(signal: AbortSignal): Promise<false> {
    await runSteps(this.#steps, {
      values: () => this.#values(),
      windows: this.#windows,
      dialogs: this.#dialogs,
      signal,
      observe: this.#tools.observe,
      from: this.#tools.from,
      solveCaptcha: async (page, place, inTime) => {
        this.#report('solving-captcha')
        const asked = await answerCaptcha(page, place, this.#credentials.captchaApiKey, this.#tools.solveCaptcha, inTime)
        this.#report(asked ? 'captcha-solved' : 'no-captcha')
        return asked
      },
      askPerson: (what) => this.#askPerson(what),
      onStep: (step, index, page) => this.#onStep(step, index, page, signal),
      watch: () => this.#watch(false),
      clean: (text) => this.#clean(text),
    })
    return false
  }

  #askPerson(what: string): AskedPerson {
    const asked = this.#tools.askPerson?.(what) ?? { gaveBack: Promise.withResolvers<void>().promise, end: () => undefined }
    this.#time.pause()
    return {
      gaveBack: asked.gaveBack,
      end: () => {
        this.#time.resume()
        asked.end()
      },
    }
  }

  async #onStep(step: SiteStep, index: number, page: Page, signal: AbortSignal): Promise<void> {
    if (this.#profile.login !== null) this.#step = `step ${index + 1} (${stepWords(step)})`
    if (step.captcha === undefined && this.#latest.step !== 'sending') this.#report('sending')
    if (step.waitFor === undefined && step.captcha === undefined) this.#acted = true
    if (step.click === undefined && step.press === undefined) return
    this.#before.set(page, await until(() => readPageState(page, this.#profile), signal))
    this.#dialogs.forget()
  }

  async #answer(signal: AbortSignal): Promise<void> {
    this.#step = null
    await until(async () => {
      const shown = await readPageState(this.#page, this.#profile)
      if (shown !== null && isLoggedIn(shown, this.#profile, this.#before.get(this.#page) ?? null)) return true
      if (shown !== null && (await this.#looksDone(shown))) return true
      await this.#watch(true)
      return null
    }, signal)
  }

  /** Steps that have all been done lead somewhere, and a profile without a sign of success does not say where. */
  async #looksDone(shown: PageState): Promise<boolean> {
    const { login, success } = this.#profile
    return login !== null && success === null && !shown.form && !shown.failure && (await this.#windows.areQuiet(500))
  }

  /** Throws when the site has said no. `sent`: all was sent, so a form that stands there again says so as well. */
  async #watch(sent: boolean): Promise<void> {
    for (const page of this.#windows.pages) {
      const shown = await readPageState(page, this.#profile).catch((error: unknown) =>
        page === this.#page ? Promise.reject(error as Error) : null,
      )
      if (shown === null) continue
      const before = this.#before.get(page)
      if (before === undefined) this.#before.set(page, shown)
      const reason = refusal(shown, before ?? shown, this.#profile, this.#dialogs.latest, sent)
      if (reason !== null) throw new BrowserFault('authentication-failed', 'Authentication failed', { reason: this.#clean(reason) })
    }
  }

  /** The form stands there anew after it was sent, and the profile does not know the site's words for a refusal. */
  async #isAskedAgain(signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted()
    const [shown, before] = [await readPageState(this.#page, this.#profile).catch(() => null), this.#before.get(this.#page)]
    return this.#acted && shown !== null && before !== undefined && refusal(shown, before, this.#profile, null, true) !== null
  }
}

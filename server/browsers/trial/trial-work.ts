/** What a trial does: the very login, or the very operation, that a session of the profile would do, watched step by step. */
import { loginSteps, type SiteProfile } from '../contract/site-profile.ts'
import { oneByOne } from '../contract/site-steps.ts'
import { BrowserFault } from '../fault.ts'
import { answerCaptcha } from '../login/captcha-field.ts'
import { captchaSolver, type LoginTools } from '../login/login.ts'
import { signIn, type Credentials } from '../login/sign-in.ts'
import type { Session } from '../session/session.ts'
import { runOperation, runsInOwnPage } from '../site/operations.ts'
import type { AskedPerson } from '../steps/actions.ts'
import type { Values } from '../steps/fill-in.ts'
import { secretNamesOf, secretsOf } from './cover.ts'
import type { TrialWanted, TrialWork } from './trials.ts'

export interface TriedPart {
  /** The step to begin with, counted from 0, on the page as it is. */
  from?: number | undefined
  /** In place of the login, where that was done before; else after it. */
  operation?: { name: string; inputs: Record<string, string> } | undefined
}

/** Throws `operation-unknown`. */
export type PrepareTrial = (profile: SiteProfile, credentials: Readonly<Credentials>, part: TriedPart) => Promise<TrialWanted>

export function preparesTrials(tools: LoginTools): PrepareTrial {
  return async (profile, credentials, { from, operation }) => {
    const values = await tools.profiles.valuesOf(profile)
    const secretNames = secretNamesOf(profile)
    const known: Values = { ...values(), password: credentials.password, captcha: credentials.captchaApiKey ?? '' }
    const steps = operation === undefined ? loginSteps(profile) : oneByOne(operationOf(profile, operation.name).steps)
    return {
      site: profile.name,
      operation: operation?.name ?? null,
      username: credentials.username,
      steps,
      from: from ?? 0,
      secrets: secretsOf(
        steps,
        [...secretNames, 'captcha'].map((name) => known[name] ?? ''),
        secretNames,
      ),
      work:
        operation === undefined
          ? login(profile, credentials, { ...tools, from, values })
          : operate(profile, credentials, { ...tools, ...operation, values }),
    }
  }
}

function login(
  profile: SiteProfile,
  credentials: Readonly<Credentials>,
  tools: LoginTools & { from: number | undefined; values: () => Values },
): TrialWork {
  return async (run, session) => {
    const page = await session.pages.front()
    run.opening(page)
    await signIn(page, profile, credentials, {
      solveCaptcha: captchaSolver(tools),
      signal: session.life,
      report: () => undefined,
      textOf: (step) => tools.textOf({ kind: 'sign-in', facts: step }),
      values: tools.values,
      askPerson: () => askWhoTries(session),
      observe: (report) => run.heard(report),
      from: tools.from,
    })
    return null
  }
}

function operate(
  profile: SiteProfile,
  credentials: Readonly<Credentials>,
  tools: LoginTools & { name: string; inputs: Record<string, string>; values: () => Values },
): TrialWork {
  return async (run, session) => {
    const { name, inputs, values } = tools
    const work = (page: Awaited<ReturnType<Session['pages']['front']>>): Promise<unknown> => {
      run.opening(page)
      return runOperation(page, profile, name, inputs, session.life, {
        // Whoever tries it sees for themselves what the page shows.
        trusted: true,
        values: () => ({ ...values(), username: credentials.username, password: credentials.password }),
        observe: (report) => run.heard(report),
        askPerson: () => askWhoTries(session),
        solveCaptcha: (on, place, signal) => answerCaptcha(on, place, credentials.captchaApiKey, captchaSolver(tools), signal),
      })
    }
    return runsInOwnPage(profile, name) ? session.pages.inBackground(work) : work(await session.pages.front())
  }
}

/** Whoever tries it takes the page over, does what the step asks for, and gives it back. */
function askWhoTries(session: Session): AskedPerson {
  const { promise, resolve } = Promise.withResolvers<void>()
  let taken = session.control.holder !== null
  const end = session.control.onChange(() => {
    if (session.control.holder !== null) taken = true
    else if (taken) resolve()
  })
  return { gaveBack: promise, end }
}

function operationOf({ operations, title }: SiteProfile, name: string): SiteProfile['operations'][string] {
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined
  if (operation === undefined) throw new BrowserFault('operation-unknown', `${title} has no operation ${name}`)
  return operation
}

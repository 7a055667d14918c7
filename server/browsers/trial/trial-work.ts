/** What a trial does: the very login, or the very operation, that a session of the profile would do, watched step by step. */
import type { Page } from 'puppeteer-core'
import { loginSteps, type OperationOutput, type SiteProfile } from '../contract/site-profile.ts'
import { oneByOne } from '../contract/site-steps.ts'
import { BrowserFault } from '../fault.ts'
import { fetchDownload } from '../files/fetch-download.ts'
import { answerCaptcha } from '../login/captcha-field.ts'
import { captchaSolver, type LoginTools } from '../login/login.ts'
import { signIn, type Credentials } from '../login/sign-in.ts'
import type { Session } from '../session/session.ts'
import { runOperation, runsInOwnPage } from '../site/operations.ts'
import { fillOutput, outputOf } from '../site/read-output.ts'
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
    const tried = operation === undefined ? null : operationOf(profile, operation.name)
    const steps = tried === null ? loginSteps(profile) : oneByOne(tried.steps)
    return {
      site: profile.name,
      operation: operation?.name ?? null,
      username: credentials.username,
      steps,
      opens: tried === null || tried.address !== undefined,
      reads: tried === null ? null : placeOf(fillOutput(outputOf(tried), { ...values(), ...operation?.inputs })),
      from: operation === undefined ? (from ?? 0) : 0,
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
    const page = await tabOf(session)
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
    const work = (page: Page): Promise<unknown> => {
      run.opening(page)
      return runOperation(page, profile, name, inputs, session.life, {
        // Whoever tries it sees for themselves what the page shows.
        trusted: true,
        values: () => ({ ...values(), username: credentials.username, password: credentials.password }),
        observe: (report) => run.heard(report),
        askPerson: () => askWhoTries(session),
        download: (click, signal) => fetchDownload(session, click, signal),
        solveCaptcha: (on, place, signal) => answerCaptcha(on, place, credentials.captchaApiKey, captchaSolver(tools), signal),
      })
    }
    return runsInOwnPage(profile, name) ? inPageOfItsOwn(session, work) : work(await tabOf(session))
  }
}

/** Pages that operations were tried in. */
const ofOperations = new WeakSet<Page>()

/** At the back while it runs, as in a session; then it comes to the front, for whoever tries it to look at and to pick from. */
async function inPageOfItsOwn<Result>(session: Session, work: (page: Page) => Promise<Result>): Promise<Result> {
  const before = session.pages.list().find(({ page }) => ofOperations.has(page))
  if (before !== undefined) session.pages.close(before.id)
  return session.pages.inBackground((page) => {
    ofOperations.add(page)
    return work(page)
  }, true)
}

/** The page that was signed in with, brought to the front again. */
async function tabOf(session: Session): Promise<Page> {
  const front = await session.pages.front()
  const tab = ofOperations.has(front) ? session.pages.list().find(({ page }) => !ofOperations.has(page)) : undefined
  if (tab !== undefined) session.pages.show(tab.id)
  return tab?.page ?? front
}

/** Where the answer stands. */
function placeOf(output: OperationOutput): string {
  if ('text' in output) return output.text
  if ('list' in output) return output.list
  return 'table' in output ? output.table : output.file
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

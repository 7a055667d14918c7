/** Runs an operation of a site profile: go there, do its steps, read what it answers with. */
import type { Page } from 'puppeteer-core'
import { withDeadline } from '../../async/deadline.ts'
import { Fault } from '../../fault.ts'
import { logsIn, type SiteProfile } from '../contract/site-profile.ts'
import { oneByOne } from '../contract/site-steps.ts'
import { BrowserFault } from '../fault.ts'
import { refusedWords, standingOf, type Standing } from '../login/standing.ts'
import { press } from '../page/form.ts'
import { invalidSelectorIn, isInvalidSelector, readPageState } from '../page/page-state.ts'
import { answersWithError, openAddress } from '../page/reachable.ts'
import { watchAnswers, type SiteAnswers } from '../page/site-answers.ts'
import { until } from '../page/until.ts'
import { whileOpen } from '../page/while-open.ts'
import { fillIn, fillSign, type Values } from '../steps/fill-in.ts'
import { runSteps, StepFailed, type StepTools } from '../steps/run-steps.ts'
import { signShows } from '../steps/shows.ts'
import { StepDialogs } from '../steps/step-dialogs.ts'
import { Windows } from '../steps/windows.ts'
import { profilePattern } from './profile-pattern.ts'
import { emptyOf, fillOutput, isEmpty, outputOf, readOutput, type Output, type OutputFile } from './read-output.ts'

type Operation = SiteProfile['operations'][string]
export type OperationInputs = Readonly<Record<string, string>>

export interface OperationTools extends Partial<Pick<StepTools, 'solveCaptcha' | 'askPerson' | 'observe' | 'clean'>> {
  /** Clicks and waits for what that downloads; null when nothing comes. */
  download?: (click: () => Promise<void>, signal: AbortSignal) => Promise<OutputFile | null>
  /** What its steps may fill in beside the inputs. */
  values?: () => Values
}

/** One call of an operation. */
interface Run {
  profile: SiteProfile
  name: string
  operation: Operation
  inputs: OperationInputs
  tools: OperationTools
}

/** Ms that the address, and reading, may take. */
const stepTimeout = 15_000
/** Ms of a quiet page after which what has not shown is not there. */
const quietTime = 1_000

/**
 * Where an operation runs: one with an address in a page of its own at the back, so that the person's tab is left alone; one without works
 * on what the tab shows (a site that keeps its login in the tab's sessionStorage needs that), and so does one with a step for a person, who
 * sees the tab alone.
 */
export function runsInOwnPage(profile: SiteProfile, name: string): boolean {
  const { address, steps } = findOperation(profile, name)
  return address !== undefined && steps.every(({ person }) => person === undefined)
}

/**
 * The text of the field, or null when it is not there or empty and the page shows that the login holds. Throws `operation-unknown`,
 * `missing-fields`, `operation-failed` (`details.loggedOut` says why the login is taken for gone; `details.unproven`: there is no text, and
 * nothing on the page tells whether the login holds), or the signal's reason. `trusted`: the login is known to hold, so what the page shows
 * is an answer, whatever it looks like; that it shows nothing is still none on a login page.
 */
export async function runOperation(
  page: Page,
  profile: SiteProfile,
  name: string,
  inputs: OperationInputs,
  signal: AbortSignal,
  { trusted = false, ...tools }: OperationTools & { trusted?: boolean } = {},
): Promise<Output | null> {
  const operation = findOperation(profile, name)
  await checkInputs(operation, inputs)
  const run: Run = { profile, name, operation, inputs, tools }
  const answers = watchAnswers(page)
  const lost = (how: string): Fault => new BrowserFault('operation-failed', `The page ${how} while the operation ran`)
  try {
    return await whileOpen(page, signal, lost, async (open) => {
      const address = operation.address === undefined ? page.url() : fillIn(operation.address, inputs, encodeURIComponent)
      if (operation.address !== undefined) await openPage(page, address, open)
      const result = await carryOutLoggedIn(page, run, answers, { trusted, signal: open })
      const empty = isEmpty(result)
      if (trusted && !empty) return result
      const { login, certain, why } = await standing(page, profile, answers, open)
      if (login === 'gone' && (certain || (empty && !trusted))) throw loggedOut(why)
      if (empty) refuseErrors(address, answers)
      if (empty && login === 'unknown' && !trusted && logsIn(profile))
        throw new BrowserFault('operation-failed', 'The site does not say whether the login still holds', { unproven: true })
      return result
    })
  } finally {
    answers.stop()
  }
}

/** The steps, for as long as the login is not seen to be gone; a step that fails may have met a login page. */
async function carryOutLoggedIn(
  page: Page,
  run: Run,
  answers: SiteAnswers,
  { trusted, signal }: { trusted: boolean; signal: AbortSignal },
): Promise<Output | null> {
  const { profile } = run
  if (trusted) return carryOut(page, run, signal)
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const carriedOut = carryOut(page, run, either).catch(async (error: unknown): Promise<never> => {
    either.throwIfAborted()
    const { login, why } = await standing(page, profile, answers, either)
    throw login === 'gone' ? loggedOut(why) : error
  })
  try {
    return await Promise.race([carriedOut, untilGone(page, profile, answers, either)])
  } finally {
    over.abort(new BrowserFault('operation-failed', 'The operation is over'))
  }
}

/** An error page has no field either, which says nothing about the field. */
function refuseErrors(address: string, answers: SiteAnswers): void {
  const [status, refused] = [answers.status(), answers.refused()]
  if (status !== null && status >= 400) throw new BrowserFault('operation-failed', answersWithError(address, status).message)
  if (refused !== null) throw new BrowserFault('operation-failed', `The field is not there, and ${refusedWords(refused)}`)
}

const loggedOut = (why: string): Fault =>
  new BrowserFault('operation-failed', `The site asks for a login instead: ${why}`, { loggedOut: why })

async function carryOut(page: Page, run: Run, signal: AbortSignal): Promise<Output | null> {
  const { name, operation, inputs, tools } = run
  const dialogs = new StepDialogs((text) => fillIn(text, inputs, String))
  const windows = new Windows(page, (each) => dialogs.watch(each), { popups: run.profile.popups })
  const values = (): Values => ({ ...tools.values?.(), ...inputs })
  const { notFound } = operation
  const isNotFound = async (): Promise<boolean> => notFound !== undefined && signShows(page, fillSign(notFound, values()))
  try {
    const outcome = await runSteps(oneByOne(operation.steps), {
      values,
      windows,
      dialogs,
      signal,
      observe: tools.observe,
      asked: Object.keys(inputs),
      isNotFound,
      solveCaptcha: tools.solveCaptcha ?? (() => Promise.resolve(false)),
      askPerson: tools.askPerson ?? (() => ({ gaveBack: Promise.withResolvers<void>().promise, end: () => undefined })),
      clean: tools.clean ?? String,
    })
    if (outcome === 'not-found') return emptyOf(operation)
    const output = fillOutput(outputOf(operation), values())
    if ('file' in output) return await fetchFile(run, windows.current, output.file, signal)
    const waited = operation.steps.at(-1)?.waitFor !== undefined
    return await within('Reading the page', signal, (readSignal) =>
      readWhenThere(
        windows.current,
        operation,
        values(),
        readSignal,
        async () => waited || (await isNotFound()) || windows.areQuiet(quietTime),
      ),
    )
  } catch (error) {
    throw error instanceof StepFailed ? failedAt(name, error) : error
  } finally {
    windows.stop()
  }
}

async function fetchFile({ name, tools }: Run, page: Page, selector: string, signal: AbortSignal): Promise<Output | null> {
  if (tools.download === undefined) throw new BrowserFault('operation-failed', `${name} downloads a file, which cannot be kept here`)
  return tools.download(() => within('The download', signal, (inTime) => press(page, selector, inTime)), signal)
}

/** Asked again until there is something, or `isOver`. */
async function readWhenThere(
  page: Page,
  operation: Operation,
  values: Values,
  signal: AbortSignal,
  isOver: () => Promise<boolean>,
): Promise<Output | null> {
  const output = fillOutput(outputOf(operation), values)
  return until(async () => {
    const over = await isOver()
    const seen = await readOutput(page, output)
    return over || !isEmpty(seen) ? { seen } : null
  }, signal).then(({ seen }) => seen ?? emptyOf(operation))
}

function failedAt(name: string, error: StepFailed): Fault {
  const message = error.message.replace(/^(Step \d+)/, `$1 of ${name}`)
  return new BrowserFault('operation-failed', message, { failure: error.failure }, { cause: error })
}

async function standing(page: Page, profile: SiteProfile, answers: SiteAnswers, signal: AbortSignal): Promise<Standing> {
  return within('Looking at the page', signal, async (lookSignal) =>
    standingOf(profile, await until(() => readPageState(page, profile), lookSignal), answers),
  )
}

/**
 * Rejects when the login is certainly gone, so that no step waits for what a login page never shows. A form that only flits by says
 * nothing.
 */
async function untilGone(page: Page, profile: SiteProfile, answers: SiteAnswers, signal: AbortSignal): Promise<never> {
  let seen = 0
  const why = await until(async () => {
    const shown = await readPageState(page, profile)
    if (shown === null) return null
    const { login, certain, why } = standingOf(profile, shown, answers)
    seen = login === 'gone' && certain ? seen + 1 : 0
    return seen > 2 ? why : null
  }, signal)
  throw loggedOut(why)
}

function findOperation(profile: SiteProfile, name: string): Operation {
  const operation = Object.hasOwn(profile.operations, name) ? profile.operations[name] : undefined
  if (operation === undefined) throw new BrowserFault('operation-unknown', `The site profile ${profile.name} has no operation ${name}`)
  return operation
}

async function checkInputs(operation: Operation, inputs: OperationInputs): Promise<void> {
  for (const [field, pattern] of Object.entries(operation.inputs)) {
    const value = inputs[field]
    if (value === undefined) throw new BrowserFault('missing-fields', `Missing required fields: ${field}`)
    if (!(await profilePattern(pattern, 'operation-failed')).fits(value))
      throw new BrowserFault('operation-failed', `${field} does not have the form that the site profile asks for`)
  }
}

async function openPage(page: Page, address: string, signal: AbortSignal): Promise<void> {
  try {
    await within('The page', signal, (stepSignal) => openAddress(page, address, stepSignal))
  } catch (error) {
    if (BrowserFault.is(error, 'login-unreachable')) throw new BrowserFault('operation-failed', error.message, {}, { cause: error })
    throw error
  }
}

/** Gives one part of the operation its own time, and its own words when that runs out. */
async function within<T>(what: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await withDeadline(
      stepTimeout,
      signal,
      work,
      () => new BrowserFault('operation-failed', `${what} was not done within ${stepTimeout / 1_000} s`),
    )
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof Fault ? error : invalid(error)
  }
}

function invalid(error: unknown): Fault {
  const message = isInvalidSelector(error)
    ? `The site profile has ${invalidSelectorIn(error)}`
    : 'The page was lost while the operation ran'
  return new BrowserFault('operation-failed', message, {}, { cause: error })
}

/** Runs an operation of a site profile: go there, click and fill as told, read one field. */
import type { Page } from 'puppeteer-core'
import { withDeadline } from '../../async/deadline.ts'
import { Fault } from '../../fault.ts'
import { linearPattern } from '../../linear-pattern.ts'
import type { SiteProfile } from '../contract/site-profile.ts'
import { BrowserFault } from '../fault.ts'
import { refusedWords, standingOf, type Standing } from '../login/standing.ts'
import { fill, findVisible } from '../page/form.ts'
import { isBetweenDocuments, isInvalidSelector, readPageState } from '../page/page-state.ts'
import { answersWithError, openAddress } from '../page/reachable.ts'
import { watchAnswers, type SiteAnswers } from '../page/site-answers.ts'
import { until, untilLate } from '../page/until.ts'
import { whileOpen } from '../page/while-open.ts'

type Operation = SiteProfile['operations'][string]
export type OperationInputs = Readonly<Record<string, string>>

/** Ms that each step, and the address, may take. */
const stepTimeout = 15_000

/**
 * Where an operation runs: one with an address in a page of its own at the back, so that the person's tab is left alone; one
 * without works on what the tab shows. (A site that keeps its login in the tab's sessionStorage needs the latter.)
 */
export function runsInOwnPage(profile: SiteProfile, name: string): boolean {
  return findOperation(profile, name).address !== undefined
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
  { trusted = false } = {},
): Promise<string | null> {
  const operation = findOperation(profile, name)
  await checkInputs(operation, inputs)
  const answers = watchAnswers(page)
  const lost = (how: string): Fault => new BrowserFault('operation-failed', `The page ${how} while the operation ran`)
  try {
    return await whileOpen(page, signal, lost, async (open) => {
      const address = operation.address === undefined ? page.url() : fillIn(operation.address, inputs, encodeURIComponent)
      if (operation.address !== undefined) await openPage(page, address, open)
      const text = await carryOutLoggedIn(page, profile, name, operation, inputs, answers, { trusted, signal: open })
      if (trusted && text !== null) return text
      const { login, certain, why } = await standing(page, profile, answers, open)
      if (login === 'gone' && (certain || (text === null && !trusted))) throw loggedOut(why)
      if (text === null) refuseErrors(address, answers)
      if (text === null && login === 'unknown' && !trusted && needsLogin(profile))
        throw new BrowserFault('operation-failed', 'The site does not say whether the login still holds', { unproven: true })
      return text
    })
  } finally {
    answers.stop()
  }
}

/** The steps, for as long as the login is not seen to be gone; a step that fails may have met a login page. */
async function carryOutLoggedIn(
  page: Page,
  profile: SiteProfile,
  name: string,
  operation: Operation,
  inputs: OperationInputs,
  answers: SiteAnswers,
  { trusted, signal }: { trusted: boolean; signal: AbortSignal },
): Promise<string | null> {
  if (trusted) return carryOut(page, name, operation, inputs, signal)
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const carriedOut = carryOut(page, name, operation, inputs, either).catch(async (error: unknown): Promise<never> => {
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

const needsLogin = ({ kind, form }: SiteProfile): boolean => kind === 'form' && form !== null

const loggedOut = (why: string): Fault =>
  new BrowserFault('operation-failed', `The site asks for a login instead: ${why}`, { loggedOut: why })

async function carryOut(
  page: Page,
  name: string,
  { steps, read: output }: Operation,
  inputs: OperationInputs,
  signal: AbortSignal,
): Promise<string | null> {
  let waited = false
  for (const [index, step] of steps.entries()) {
    await within(`Step ${index + 1} of ${name}`, signal, async (stepSignal) => {
      if (step.click !== undefined) await click(page, fillIn(step.click, inputs, escapeSelector), stepSignal)
      if (step.fill !== undefined)
        await fill(page, fillIn(step.fill, inputs, escapeSelector), fillIn(step.value ?? '', inputs, String), stepSignal)
      if (typeof step.waitFor === 'string') await appears(page, fillIn(step.waitFor, inputs, escapeSelector), stepSignal)
    })
    waited = step.waitFor !== undefined
  }
  return within('Reading the page', signal, (readSignal) =>
    read(page, fillIn(typeof output === 'string' ? output : '', inputs, escapeSelector), waited ? 0 : 2_000, readSignal),
  )
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
    if (!(await fitsWhole(pattern, value)))
      throw new BrowserFault('operation-failed', `${field} does not have the form that the site profile asks for`)
  }
}

async function fitsWhole(pattern: string, value: string): Promise<boolean> {
  try {
    return (await linearPattern(pattern)).fits(value)
  } catch (error) {
    throw new BrowserFault(
      'operation-failed',
      `The site profile has a pattern that is not valid: ${error instanceof Error ? error.message : String(error)}`,
      {},
      { cause: error },
    )
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

/** Pressed by script: a mouse click waits for frames to be drawn, and a page at the back draws none. */
async function click(page: Page, selector: string, signal: AbortSignal): Promise<void> {
  await until(async () => {
    const element = await findVisible(page, selector)
    if (element === null) return null
    await element.evaluate((found) => found.click())
    return true
  }, signal)
}

async function appears(page: Page, selector: string, signal: AbortSignal): Promise<void> {
  await until(async () => ((await findVisible(page, selector)) === null ? null : true), signal)
}

async function read(page: Page, selector: string, patience: number, signal: AbortSignal): Promise<string | null> {
  const text = await untilLate(() => readText(page, selector), patience, signal)
  return text === '' ? null : text
}

async function readText(page: Page, selector: string): Promise<string | null> {
  try {
    return await page.evaluate((wanted: string) => {
      const element = document.querySelector<HTMLElement>(wanted)
      return element === null ? null : ('value' in element ? String(element.value) : element.innerText).trim()
    }, selector)
  } catch (error) {
    if (isBetweenDocuments(error)) return null
    throw invalid(error)
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
    ? 'The site profile has a selector that is not valid'
    : 'The page was lost while the operation ran'
  return new BrowserFault('operation-failed', message, {}, { cause: error })
}

/** Puts the request's fields into a text of the profile; what has no field stays as it is. */
export function fillIn(text: string, inputs: OperationInputs, escape: (value: string) => string): string {
  return text.replace(/\{([a-z_]{1,40})\}/g, (whole, name: string) => {
    const value = Object.hasOwn(inputs, name) ? inputs[name] : undefined
    return value === undefined ? whole : escape(value)
  })
}

/**
 * Inert as an identifier and inside a quoted string alike: all but letters, digits, `-` and `_` becomes a code point, as does a leading
 * digit.
 */
export function escapeSelector(value: string): string {
  return value.replace(/^-?[0-9]|[^\p{L}\p{N}_-]/gu, (part) =>
    Array.from(part, (letter) => `\\${letter.codePointAt(0)?.toString(16) ?? ''} `).join(''),
  )
}

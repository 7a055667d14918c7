/** Carries steps out on a page, one after another: the one engine of logins, in their short form and their long one, and of operations. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Page } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'
import { withDeadline } from '../../async/deadline.ts'
import { Fault } from '../../fault.ts'
import { kindOf, selectorOf, type SiteStep, type StepFailure } from '../contract/site-steps.ts'
import { isInvalidSelector } from '../page/between-documents.ts'
import { wordsOf } from '../page/driver-words.ts'
import { find } from '../page/find.ts'
import { actions, type ActionContext } from './actions.ts'
import { fillSelector, fillSign, namesIn, type Values } from './fill-in.ts'
import { seenInstead, seenWords } from './seen.ts'
import { signShows } from './shows.ts'
import type { StepObserver, StepReport } from './step-report.ts'
import { stepWords } from './step-words.ts'

/** Ms that a step may take, and one that waits for a person. */
const usualTime = 15_000
const personsTime = 10 * 60_000
/** Ms of a quiet page after which what has not shown is taken for not there, and after which it is in any case. */
const quietTime = 1_000
const mostPatience = 10_000

export interface StepTools extends Pick<ActionContext, 'windows' | 'dialogs' | 'signal' | 'solveCaptcha' | 'askPerson'> {
  /** What is known when a step begins. */
  values(): Values
  observe?: StepObserver | undefined
  /** Called when a step is about to do something to the page. */
  onStep?(step: SiteStep, index: number, page: Page): Promise<void> | void
  /** Looked at again and again while a step waits; throws when there is nothing more to wait for, e.g. because the site refuses. */
  watch?(): Promise<void>
  /** Where to begin, counted from 0. */
  from?: number | undefined
  /** Names of `values` that a call gave: where they select an element and it does not show, there is no such thing. */
  asked?: readonly string[]
  /** Whether the page says that there is no such thing. */
  isNotFound?(): Promise<boolean>
  /** Takes secrets out of what the page says. */
  clean(text: string): string
}

/** What a run ended with: all done, or a page without what was asked for. */
export type StepsOutcome = 'done' | 'not-found'
type StepOutcome = 'done' | 'skipped' | 'not-found'

/** Says which step failed, and what the page showed instead. */
export class StepFailed extends Error {
  readonly failure: StepFailure
  constructor(failure: StepFailure, cause: unknown) {
    super(`Step ${failure.step} (${failure.words}): ${failure.said}; the page shows ${seenWords(failure.seen)}`, { cause })
    this.failure = failure
  }
}

/** Throws `StepFailed`, a fault of what a step did (`login-unreachable`, `captcha-failed`), what `watch` throws, or the signal's reason. */
export async function runSteps(steps: readonly SiteStep[], tools: StepTools): Promise<StepsOutcome> {
  const context = { ...tools, typed: new Map(), fields: [] }
  for (const [index, step] of steps.entries()) {
    if (index < (tools.from ?? 0)) continue
    const run = new StepRun(step, index, tools)
    await run.tell({ state: 'running' })
    tools.dialogs.expect(dialogsOf(steps, index))
    if (step.fill === undefined) context.fields = []
    try {
      const outcome = await run.carryOut(context)
      if (outcome === 'not-found') return outcome
      await run.tell({ state: outcome, ...(run.found === undefined ? {} : { found: run.found }) })
    } catch (error) {
      tools.signal.throwIfAborted()
      const failure = await run.failure(error)
      await run.tell({ state: 'failed', failure })
      throw error instanceof Fault ? error : new StepFailed(failure, error)
    }
  }
  return 'done'
}

/** The dialog steps that follow right on this one, by which its dialogs are meant; with itself, when it is one. */
function dialogsOf(steps: readonly SiteStep[], index: number): SiteStep[] {
  const following = steps.slice(steps[index]?.dialog === undefined ? index + 1 : index)
  const other = following.findIndex((step) => step.dialog === undefined)
  return other === -1 ? following : following.slice(0, other)
}

class StepRun {
  found: StepReport['found']
  readonly #step: SiteStep
  readonly #index: number
  readonly #tools: StepTools
  readonly #began = performance.now()
  readonly #selector: string
  readonly #values: Values
  #page: Page

  constructor(step: SiteStep, index: number, tools: StepTools) {
    this.#step = step
    this.#index = index
    this.#tools = tools
    this.#values = tools.values()
    this.#page = tools.windows.current
    const selector = step.person === undefined ? selectorOf(step) : (step.on ?? null)
    this.#selector = selector === null ? '' : fillSelector(selector, this.#values)
  }

  async tell(rest: Omit<StepReport, 'index' | 'step' | 'ms' | 'page'>): Promise<void> {
    const report = { index: this.#index, step: this.#step, ms: this.#ms, page: this.#page, ...rest }
    try {
      await this.#tools.observe?.(report)
    } catch {
      // Who only watches is no reason to fail.
    }
  }

  async carryOut(context: Omit<ActionContext, 'step' | 'page' | 'selector' | 'values' | 'waiting'>): Promise<StepOutcome> {
    const limit = this.#limit
    const work = async (signal: AbortSignal): Promise<StepOutcome> => {
      const shown = await this.#awaitShowing(signal)
      if (shown !== 'done') return shown
      await this.#tools.onStep?.(this.#step, this.#index, this.#page)
      const act = actions[kindOf(this.#step)]
      const waiting = (): Promise<void> => this.tell({ state: 'waiting' })
      const done = act({ ...context, step: this.#step, page: this.#page, selector: this.#selector, values: this.#values, signal, waiting })
      const outcome = (await abortable(done, signal)) === false ? 'skipped' : 'done'
      if (!['waitFor', 'dialog'].includes(kindOf(this.#step))) this.#tools.windows.stirred()
      return outcome
    }
    if (limit === null) return work(this.#tools.signal)
    return withDeadline(limit, this.#tools.signal, work, () => new Error('late'))
  }

  async failure(error: unknown): Promise<StepFailure> {
    return {
      step: this.#index + 1,
      words: stepWords(this.#step),
      selector: this.#selector === '' ? null : this.#selector,
      said: this.#tools.clean(this.#said(error)),
      seen: await seenInstead(this.#page, this.#step, (text) => this.#tools.clean(text)),
    }
  }

  get #ms(): number {
    return Math.round(performance.now() - this.#began)
  }

  /** Null for a captcha: its service has a time of its own. */
  get #limit(): number | null {
    const { within, captcha, person, ifShows } = this.#step
    if (within !== undefined && ifShows !== true) return within
    if (captcha !== undefined) return null
    return person === undefined ? usualTime + (within ?? 0) : (within ?? personsTime)
  }

  #said(error: unknown): string {
    if (error instanceof Fault)
      return error.code === 'authentication-failed' ? `the site refuses: ${String(error.details['reason'])}` : error.message
    if (isInvalidSelector(error)) return `${this.#selector} is not a valid selector`
    if (!(error instanceof Error) || error.message !== 'late') return wordsOf(error)
    const time = `${Math.round(this.#ms / 100) / 10} s`
    if (this.#step.person !== undefined) return `nobody came within ${time}`
    if (this.found !== undefined) return `${this.#selector} is there, but it could not be done within ${time}`
    return this.#selector === '' ? `it was not done within ${time}` : `nothing matched ${this.#selector} within ${time}`
  }

  /** Waits until the page shows what the step needs. */
  async #awaitShowing(signal: AbortSignal): Promise<StepOutcome> {
    const began = performance.now()
    for (;;) {
      if (await abortable(this.#shows(), signal)) return 'done'
      await abortable(this.#tools.watch?.() ?? Promise.resolve(), signal)
      if (await this.#isAbsent(performance.now() - began)) {
        // It may have come while a slow page was asked whether it is quiet.
        if (await abortable(this.#shows(), signal)) return 'done'
        return this.#step.ifShows === true ? 'skipped' : 'not-found'
      }
      await wait(100, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }

  async #shows(): Promise<boolean> {
    const { waitFor, dialog, captcha } = this.#step
    if (dialog !== undefined) return this.#tools.dialogs.isAnswered(this.#step)
    if (captcha !== undefined) return true
    const { windows } = this.#tools
    if (typeof waitFor === 'object' && 'quiet' in waitFor) return windows.areQuiet(500)
    for (const page of windows.pages) {
      this.#page = page
      if (await this.#showsOn(page).catch((error: unknown) => (isClosing(page, windows.first) ? false : Promise.reject(error as Error))))
        return true
    }
    this.#page = windows.current
    return false
  }

  async #showsOn(page: Page): Promise<boolean> {
    const { waitFor, tick, untick, choose } = this.#step
    if (typeof waitFor === 'object') return 'quiet' in waitFor ? false : signShows(page, fillSign(waitFor, this.#values))
    if (this.#selector === '') return page === this.#tools.windows.current
    const hidden = tick !== undefined || untick !== undefined || choose !== undefined
    const found = await find(page, this.#selector, { hidden })
    if (found === null) return false
    found.element.dispose().catch(() => undefined)
    const where = page !== this.#tools.windows.first ? 'window' : found.frame === page.mainFrame() ? 'page' : 'frame'
    this.found = { count: found.count, where }
    return true
  }

  /** What may be missing is missing, as far as can be told. */
  async #isAbsent(waited: number): Promise<boolean> {
    const { ifShows, within, ...step } = this.#step
    const { asked = [], isNotFound, windows } = this.#tools
    if (ifShows === true && within !== undefined) return waited >= within
    if (ifShows !== true) {
      if ((await isNotFound?.()) === true) return true
      if (!namesIn(selectorOf(step) ?? '').some((name) => asked.includes(name))) return false
    }
    return waited >= mostPatience || (waited >= quietTime && (await windows.areQuiet(quietTime)))
  }
}

/** A window that closes itself answers nothing any more. */
const isClosing = (page: Page, first: Page): boolean => page !== first

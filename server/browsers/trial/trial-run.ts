/** One trial as it goes: hears of each step, keeps what became of it, and takes its picture. */
import { randomBytes } from 'node:crypto'
import type { Page } from 'puppeteer-core'
import type { StartTimer } from '../../async/deadline.ts'
import { iso, type Clock } from '../../clock.ts'
import { selectorOf, type SiteStep } from '../contract/site-steps.ts'
import type { Trial, TrialState, TrialStep } from '../contract/trial.ts'
import type { StepReport } from '../steps/step-report.ts'
import type { Secrets } from './cover.ts'
import { Meanwhile } from './meanwhile.ts'
import { takePicture, type Picture } from './picture.ts'

/** What became of a part of a trial. */
export type Part = Omit<TrialStep, 'step'>

export interface TrialRunOptions {
  site: string
  operation: string | null
  username: string
  steps: readonly SiteStep[]
  /** It begins by opening an address. */
  opens: boolean
  /** What is read in the end, to be marked in its picture; null where nothing is. */
  reads: string | null
  /** The step it begins with. */
  from: number
  /** It goes on where this one stopped. */
  before?: TrialRun | undefined
  secrets: Secrets
  clock: Clock
  /** For pictures. */
  startTimer: StartTimer | undefined
  changed(): void
}

const nothing: Part = { state: 'not-reached', startedAt: null, ms: null, found: null, said: null, seen: [], passed: [], picture: null }

const isUnderWay = ({ state }: Part): boolean => state === 'running' || state === 'waiting'

export class TrialRun {
  readonly id = `trial_${randomBytes(16).toString('base64url')}`
  readonly site: string
  readonly operation: string | null
  readonly #options: TrialRunOptions
  readonly #startedAt: number
  readonly #meanwhile: Meanwhile
  readonly #pictures = new Map<string, Uint8Array>()
  readonly #steps: Part[]
  #opening: Part | null
  #arrival: Part | null = null
  #state: TrialState = 'starting'
  #said: string | null = null
  #result: unknown = null
  #began: number
  #ms: number | null = null
  #hearing: Promise<void> = Promise.resolve()

  constructor(options: TrialRunOptions) {
    this.#options = options
    this.site = options.site
    this.operation = options.operation
    this.#startedAt = options.clock.now()
    this.#began = options.clock.monotonic()
    this.#meanwhile = new Meanwhile(options.clock)
    this.#opening = options.from === 0 && options.opens ? nothing : null
    this.#steps = options.steps.map((step, index) => this.#asBefore(step, index) ?? nothing)
    if (options.from > 0) this.#keepPicture('opening', options.before)
  }

  get over(): boolean {
    return this.#ms !== null
  }

  get secrets(): Secrets {
    return this.#options.secrets
  }

  picture(part: string): Uint8Array | undefined {
    return this.#pictures.get(part)
  }

  /** It begins on this page, by opening its address where it has one. */
  opening(page: Page): void {
    this.#state = 'running'
    this.#began = this.#options.clock.monotonic()
    this.#meanwhile.watch(page)
    if (this.#opening !== null) this.#opening = this.#begun()
    this.#options.changed()
  }

  /** The observer of its steps. */
  heard(report: StepReport): Promise<void> {
    this.#hearing = this.#hear(report)
    return this.#hearing
  }

  async #hear({ index, step, state, ms, found, failure, page }: StepReport): Promise<void> {
    if (this.over) return
    this.#meanwhile.watch(page)
    if (state === 'running') {
      if (this.#opening?.state === 'running') this.#opening = await this.#done(this.#opening, 'opening', page)
      this.#state = 'running'
      this.#steps[index] = this.#begun()
    } else {
      const failed = state === 'failed'
      if (state === 'waiting') this.#state = 'waiting'
      if (failed && failure !== undefined) this.#meanwhile.add('gave-up', failure.said)
      const before = this.#steps[index] ?? nothing
      const marked = failed ? (failure?.seen.find(({ selector }) => selector !== null)?.selector ?? null) : selectorOf(step)
      const picture = await this.#photograph(String(index), page, marked)
      this.#steps[index] = {
        ...before,
        state,
        ms: state === 'waiting' ? null : ms,
        found: found ?? null,
        said: failure?.said ?? null,
        seen: failure?.seen ?? [],
        passed: [...before.passed, ...this.#meanwhile.take()],
        picture,
      }
      const isLast = index === this.#steps.length - 1
      if (isLast && (state === 'done' || state === 'skipped')) this.#arrival = this.#begun()
    }
    this.#options.changed()
  }

  /** `page`: what it came to; null where there is nothing to see. */
  async passed(page: Page | null, result: unknown = null): Promise<void> {
    this.#result = result
    // The site may show that the login holds while the last step is still photographed, or before it is told.
    await this.#hearing.catch(() => undefined)
    if (page !== null) await this.#finish(page)
    this.#end('passed', null)
  }

  async #finish(page: Page): Promise<void> {
    for (const [index, part] of this.#steps.entries()) {
      if (!isUnderWay(part)) continue
      const done = await this.#done(part, String(index), page)
      // An operation that ends at a step has met a page that says there is no such thing.
      this.#steps[index] = this.operation === null ? done : { ...done, state: 'skipped' }
    }
    if (this.#opening?.state === 'running') this.#opening = await this.#done(this.#opening, 'opening', page)
    this.#arrival = await this.#done(this.#arrival ?? this.#begun(), 'arrival', page, this.#options.reads)
  }

  /** `said`: why, in words. */
  async failed(said: string, page: Page | null): Promise<void> {
    const failedNow = async (part: Part, name: string): Promise<Part> => ({
      ...(page === null ? part : await this.#done(part, name, page)),
      state: 'failed',
      said,
    })
    if (this.#opening?.state === 'running') this.#opening = await failedNow(this.#opening, 'opening')
    if (this.#arrival?.state === 'running') this.#arrival = await failedNow(this.#arrival, 'arrival')
    for (const [index, part] of this.#steps.entries()) if (isUnderWay(part)) this.#steps[index] = await failedNow(part, String(index))
    if (!this.over) this.#end('failed', said)
  }

  stopped(said: string): void {
    if (this.over) return
    const undone = (part: Part): Part => (isUnderWay(part) ? { ...part, state: 'not-reached' } : part)
    this.#opening &&= undone(this.#opening)
    this.#arrival &&= undone(this.#arrival)
    for (const [index, part] of this.#steps.entries()) this.#steps[index] = undone(part)
    this.#end('stopped', said)
  }

  view(page: Pick<Trial, 'session' | 'keptUntil'>): Trial {
    const { operation, username, steps, from } = this.#options
    return {
      id: this.id,
      site: this.site,
      operation,
      state: this.#state,
      said: this.#said,
      username,
      startedAt: iso(this.#startedAt),
      ms: this.#ms,
      from,
      opening: this.#opening,
      steps: steps.map((step, index) => ({ step, ...(this.#steps[index] ?? nothing) })),
      arrival: this.#arrival,
      result: this.#result,
      ...page,
    }
  }

  #end(state: TrialState, said: string | null): void {
    this.#state = state
    this.#said = said
    this.#ms = Math.round(this.#options.clock.monotonic() - this.#began)
    this.#meanwhile.stop()
    this.#options.changed()
  }

  #now(): string {
    return iso(this.#options.clock.now())
  }

  #begun(): Part {
    return { ...nothing, state: 'running', startedAt: this.#now() }
  }

  async #done(part: Part, name: string, page: Page, marked: string | null = null): Promise<Part> {
    const ms = Math.round(this.#options.clock.now() - Date.parse(part.startedAt ?? this.#now()))
    return { ...part, state: 'done', ms, passed: this.#meanwhile.take(), picture: await this.#photograph(name, page, marked) }
  }

  async #photograph(name: string, page: Page, selector: string | null): Promise<Part['picture']> {
    const picture: Picture | null = await takePicture(page, this.#options.secrets, selector, this.#options)
    if (picture === null) return null
    const { jpeg, ...facts } = picture
    this.#pictures.set(name, jpeg)
    return facts
  }

  /** Of a step before the one it begins with, as it went in the run before; unless it has been changed since. */
  #asBefore(step: SiteStep, index: number): Part | null {
    const { from, before } = this.#options
    if (before === undefined || index >= from || before.operation !== this.operation) return null
    const old = before.#options.steps[index]
    const part = before.#steps[index]
    if (old === undefined || part === undefined || JSON.stringify(old) !== JSON.stringify(step)) return null
    this.#keepPicture(String(index), before)
    return part
  }

  #keepPicture(name: string, before: TrialRun | undefined): void {
    const jpeg = before?.picture(name)
    if (jpeg !== undefined) this.#pictures.set(name, jpeg)
    if (name === 'opening') this.#opening = before === undefined ? null : before.#opening
  }
}

/** What a run of steps tells whoever watches it, e.g. a trial that takes a picture of each. */
import type { Page } from 'puppeteer-core'
import type { SiteStep, StepFailure, StepState } from '../contract/site-steps.ts'

export interface StepReport {
  /** Counted from 0, among the steps one by one (`oneByOne`). */
  index: number
  step: SiteStep
  state: StepState
  /** Since it began. */
  ms: number
  /** What its selector found, once it has: how many, and in the page itself, a frame or a window that it opened. */
  found?: { count: number; where: 'page' | 'frame' | 'window' }
  /** With `failed`. */
  failure?: StepFailure
  /** The page it works on now: a window that the login has opened, while there is one. */
  page: Page
}

/** The run goes on when it has resolved, so what the page shows is what it showed when the step ended. What it throws is ignored. */
export type StepObserver = (report: StepReport) => void | Promise<void>

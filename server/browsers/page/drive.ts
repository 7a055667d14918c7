/** Doing something with a session's page on behalf of a caller who waits for it. */
import type { Page } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'
import { withDeadline, type StartTimer } from '../../async/deadline.ts'
import { Fault } from '../../fault.ts'
import { BrowserFault } from '../fault.ts'
import { wordsOf } from './driver-words.ts'
import { isBetweenDocuments } from './page-state.ts'
import { until } from './until.ts'

/** What of a session is driven. */
export interface Driven {
  /** The page in front; throws `session-ended` while there is none. */
  page(): Page
  /** Aborts when the session begins to end. */
  readonly life: AbortSignal
  /** Why work on it failed: the session's end when it ends, else the error itself. */
  causeOf(error: unknown): Promise<unknown>
  /** Measures how long it may take; a real timer when left out. */
  readonly startTimer?: StartTimer | undefined
}

/** Ms for what a healthy page does at once. */
const patience = 5_000

/**
 * What `work` comes to. It is given a signal that aborts when the session ends or the time is over. Throws faults alone: `session-ended`,
 * `browser-silent`, `page-failed`, or what the work throws as a fault; never what the browser's protocol or its library says.
 */
export async function drive<Result>(session: Driven, work: (signal: AbortSignal) => Promise<Result>, ms = patience): Promise<Result> {
  try {
    return await withDeadline(
      ms,
      session.life,
      (signal) => abortable(work(signal), signal),
      () => new BrowserFault('browser-silent', 'The browser does not answer'),
      session.startTimer,
    )
  } catch (error) {
    const cause = await session.causeOf(error)
    if (cause instanceof Fault) throw cause
    throw new BrowserFault('page-failed', `The page could not do that: ${wordsOf(cause)}`, {}, { cause })
  }
}

/**
 * The answer to a question, asked again while the page is between two documents: for the moment in which one takes the other's place
 * Chromium answers nothing about either ("Not attached to an active page").
 */
export async function settled<Result>(question: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { answer } = await until(async () => {
    try {
      return { answer: await question() }
    } catch (error) {
      if (isBetweenDocuments(error)) return null
      throw error
    }
  }, signal)
  return answer
}

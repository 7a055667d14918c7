/** Waiting for a page to be there whole. */
import type { Page } from 'puppeteer-core'
import { evaluateIsolated } from '../../browsers/page/isolated.ts'
import { untilLate } from '../../browsers/page/until.ts'
import { isDoneWithin } from '../../async/deadline.ts'

/** Within `ms`; false for one that goes on loading. Never throws. */
export async function loaded(page: Page, ms: number): Promise<boolean> {
  const over = new AbortController()
  // A page between two documents is not there yet.
  const state = (): Promise<string> => evaluateIsolated(page.mainFrame(), () => document.readyState).catch(() => 'loading')
  const complete = untilLate(async () => ((await state()) === 'complete' ? true : null), ms, over.signal).catch(() => null)
  const isDone = (await isDoneWithin(ms, complete)) && (await complete) === true
  over.abort()
  return isDone
}

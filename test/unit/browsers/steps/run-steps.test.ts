import type { Page } from 'puppeteer-core'
import { expect, it } from 'vitest'
import { runSteps, type StepTools } from '../../../../server/browsers/steps/run-steps.ts'

it('what comes while a page is asked whether it is quiet is there', async () => {
  let shown = false
  const element = { isVisible: () => Promise.resolve(true), dispose: () => Promise.resolve() }
  const frame = { $$: () => Promise.resolve(shown ? [element] : []) }
  const page = { mainFrame: () => frame, frames: () => [frame] } as unknown as Page // all that looking for an element asks of it
  const windows = {
    ...{ first: page, current: page, pages: [page] },
    // A slow page answers only when it has come so far.
    areQuiet: () => {
      shown = true
      return Promise.resolve(true)
    },
  } as unknown as StepTools['windows']
  const outcome = await runSteps([{ waitFor: '[data-detail="{number}"]' }], {
    windows,
    dialogs: { expect: () => undefined } as unknown as StepTools['dialogs'], // none comes
    signal: new AbortController().signal,
    values: () => ({ number: 'TRHU1866154' }),
    asked: ['number'],
    solveCaptcha: () => Promise.resolve(false),
    askPerson: () => expect.unreachable('nobody is needed'),
    clean: String,
  })
  expect(outcome).toBe('done')
})

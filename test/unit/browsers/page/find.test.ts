import type { Page } from 'puppeteer-core'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ask, find, framesOf } from '../../../../server/browsers/page/find.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A page with nothing but a frame, which takes so many ms for each answer. */
function pageWithFrame(ms: number) {
  const button = { isVisible: () => Promise.resolve(true), dispose: () => Promise.resolve() }
  const main = { $$: () => Promise.resolve([]) }
  const frame = {
    detached: false,
    frameElement: () => Promise.resolve(null),
    $$: () => new Promise((resolve) => setTimeout(resolve, ms, [button])),
  }
  // What finding asks of a page, and no more.
  const page = { mainFrame: () => main, frames: () => [main, frame] } as unknown as Page
  return { page, frame: page.frames()[1] as ReturnType<Page['mainFrame']> }
}

it('waits for a frame as long as the frame has been seen to take, so that a slow one is found and not asked in vain for ever', async () => {
  const { page, frame } = pageWithFrame(1_000)
  const first = find(page, '#s')
  await vi.advanceTimersByTimeAsync(500)
  expect(await first).toBeNull()
  // It is behind, and left alone until it has caught up.
  expect(framesOf(page)).not.toContain(frame)
  await vi.advanceTimersByTimeAsync(500)
  const second = find(page, '#s')
  await vi.advanceTimersByTimeAsync(1_000)
  expect((await second)?.frame).toBe(frame)
})

it('asks a frame also while it answers somebody else: without it, what it shows would be taken for not there', async () => {
  const { page, frame } = pageWithFrame(100)
  const other = ask(page, frame, () => frame.$$('#u'))
  const found = find(page, '#s')
  await vi.advanceTimersByTimeAsync(100)
  expect([(await other)?.length, (await found)?.frame]).toEqual([1, frame])
})

it('leaves a frame alone that never answers, and takes no longer for it than usual', async () => {
  const { page, frame } = pageWithFrame(3_600_000)
  const found = find(page, '#s')
  await vi.advanceTimersByTimeAsync(400)
  expect(await found).toBeNull()
  expect(framesOf(page)).not.toContain(frame)
  expect(await find(page, '#s')).toBeNull()
})

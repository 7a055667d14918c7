/**
 * Pages whose site may open windows of its own now: while a login runs, while a person or a program drives, and where the profile allows
 * it.
 */
import type { Page } from 'puppeteer-core'

const permits = new WeakMap<Page, number>()
const listeners = new WeakMap<Page, (permitted: boolean) => Promise<unknown>>()
const settling = new WeakMap<Page, Promise<unknown>>()

/** From the next click on after `popupPermitsSettled`, wherever the page is. Returns what takes the permit back. */
export function permitPopups(page: Page): () => void {
  count(page, 1)
  let held = true
  return () => {
    if (held) count(page, -1)
    held = false
  }
}

/** Holds a permit whenever `isSo`, which is asked now and with each call of the listener. Returns what ends that. */
export function permitPopupsWhile(page: Page, isSo: () => boolean, onChange: (listener: () => void) => () => void): () => void {
  let forbid: (() => void) | null = null
  const follow = (permitted: boolean): void => {
    if (permitted === (forbid !== null)) return
    forbid?.()
    forbid = permitted ? permitPopups(page) : null
  }
  follow(isSo())
  const stop = onChange(() => follow(isSo()))
  return () => {
    stop()
    follow(false)
  }
}

export const popupsArePermitted = (page: Page): boolean => (permits.get(page) ?? 0) > 0

/** Resolves when what was permitted or taken back so far has reached the page, or that has gone. */
export const popupPermitsSettled = (page: Page): Promise<unknown> => settling.get(page) ?? Promise.resolve()

/** For the page's guard alone; `listener` never rejects. */
export function onPopupPermit(page: Page, listener: (permitted: boolean) => Promise<unknown>): void {
  listeners.set(page, listener)
}

function count(page: Page, change: 1 | -1): void {
  const before = popupsArePermitted(page)
  permits.set(page, Math.max(0, (permits.get(page) ?? 0) + change))
  const now = popupsArePermitted(page)
  const settled = now === before ? undefined : listeners.get(page)?.(now)
  if (settled !== undefined) settling.set(page, settled)
}

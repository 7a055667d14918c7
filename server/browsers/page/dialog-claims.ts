/** Whose dialogs a page's are: a run of steps answers those of its pages itself, as its steps say. */
import type { Page } from 'puppeteer-core'

const claims = new WeakMap<Page, number>()

/** Nobody else answers this page's dialogs. Returns what ends the claim. */
export function claimDialogs(page: Page): () => void {
  claims.set(page, (claims.get(page) ?? 0) + 1)
  let held = true
  return () => {
    if (held) claims.set(page, (claims.get(page) ?? 1) - 1)
    held = false
  }
}

export const dialogsAreClaimed = (page: Page): boolean => (claims.get(page) ?? 0) > 0

/** Pages whose site may open windows of its own now: while a login runs, and where the profile allows it. */
import type { Page } from 'puppeteer-core'

const permits = new WeakMap<Page, number>()

/** From the next document on: what stands in the page already was guarded when it came. Returns what takes the permit back. */
export function permitPopups(page: Page): () => void {
  permits.set(page, (permits.get(page) ?? 0) + 1)
  let held = true
  return () => {
    if (held) permits.set(page, (permits.get(page) ?? 1) - 1)
    held = false
  }
}

export const popupsArePermitted = (page: Page): boolean => (permits.get(page) ?? 0) > 0

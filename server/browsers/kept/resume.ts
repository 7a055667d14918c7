/** Going on with a kept login in a fresh browser that has its cookies: what sites store is put in, and its tabs are opened again. */
import type { Page } from 'puppeteer-core'
import { BrowserFault } from '../fault.ts'
import { readPageState, type PageState } from '../page/page-state.ts'
import { openAddress } from '../page/reachable.ts'
import { watchAnswers } from '../page/site-answers.ts'
import { until, untilLate } from '../page/until.ts'
import { standingOf } from '../login/standing.ts'
import type { Session } from '../session/session.ts'
import type { BrowserState } from './browser-state.ts'
import { writeStorages } from './write-state.ts'

/**
 * - `held`: the site takes it for logged in.
 * - `refused`: the site asks for a login, for the reason `why`.
 * - `unknown`: nothing on the page says so, or the page could not be opened; a look at the login page will tell.
 */
export type Resumed = { is: 'held' } | { is: 'unknown' } | { is: 'refused'; why: string }

/** Ms that a page's scripts get to show whether the login holds. */
const settling = 3_000

/**
 * Leaves the session's tab at the address that stood in front. With `inVain` the site is known to take no kept login: only what it stores
 * is put back. Throws the reason of the session's end.
 */
export async function resume(session: Session, page: Page, kept: BrowserState, { inVain }: { inVain: boolean }): Promise<Resumed> {
  const { profile, life } = session
  const front = kept.tabs.find(({ active }) => active) ?? kept.tabs.at(-1)
  await writeStorages(page, { origins: kept.origins, sessionStorage: front?.sessionStorage ?? [] }, life)
  if (front === undefined || inVain) return { is: 'unknown' }
  const how = await openFront(session, page, front.url)
  await forgetStandIns(page)
  if (how.is !== 'refused') openOthers(session, kept, front.url)
  return profile.kind === 'none' ? { is: 'held' } : how
}

async function openFront(session: Session, page: Page, address: string): Promise<Resumed> {
  const { profile, life } = session
  const answers = watchAnswers(page)
  try {
    const status = await openAddress(page, address, life)
    if (profile.kind === 'none') return { is: 'held' }
    const seen = { status: () => answers.status() ?? status, refused: () => answers.refused() }
    let shown = await until(() => readPageState(page, profile), life)
    const standing = () => standingOf(profile, shown, seen)
    if (standing().login === 'unknown' && profile.success !== null) shown = (await settled(page, session, seen)) ?? shown
    const { login, certain, why } = standing()
    if (login === 'gone' && certain) return { is: 'refused', why }
    if (login === 'holds') return { is: 'held' }
    // Without a sign of success, no login form is all that can be asked for.
    return profile.success === null && !shown.form && !shown.failure ? { is: 'held' } : { is: 'unknown' }
  } catch (error) {
    life.throwIfAborted()
    if (BrowserFault.is(error, 'login-unreachable') || BrowserFault.is(error, 'login-failed')) return { is: 'unknown' }
    throw error
  } finally {
    answers.stop()
  }
}

function settled(page: Page, { profile, life }: Session, seen: Parameters<typeof standingOf>[2]): Promise<PageState | null> {
  return untilLate(
    async () => {
      const shown = await readPageState(page, profile)
      return shown !== null && standingOf(profile, shown, seen).login !== 'unknown' ? shown : null
    },
    settling,
    life,
  )
}

/** The empty pages that stood in for the sites are no place to go back to. */
async function forgetStandIns(page: Page): Promise<void> {
  const cdp = await page.createCDPSession()
  try {
    await cdp.send('Page.resetNavigationHistory')
  } finally {
    cdp.detach().catch(() => undefined)
  }
}

/** Behind the one in front, and without anybody waiting for them. */
function openOthers(session: Session, { tabs }: BrowserState, front: string): void {
  let skipped = false
  const others = tabs.filter(({ url }) => {
    if (skipped || url !== front) return true
    skipped = true
    return false
  })
  const open = async (): Promise<void> => {
    for (const { url, sessionStorage } of others) {
      const page = await session.pages.openBehind()
      await writeStorages(page, { origins: [], sessionStorage }, session.life)
      await openAddress(page, url, session.life)
      await forgetStandIns(page)
    }
  }
  // A tab less is no reason to wake nothing; that the session ends is told elsewhere.
  open().catch(() => undefined)
}

/** Puts a kept or imported state into a browser. */
import type { Browser, CDPSession, Page } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'
import type { OriginState, StateCookie, TabState } from './browser-state.ts'
import { toBrowser } from './cookies.ts'
import { writeStorage } from './page-storage.ts'
import { apart, withStandIns } from './stand-in.ts'

/** Returns the cookies that the browser refuses, e.g. with a name that promises what is not so. */
export async function writeCookies(browser: Browser, cookies: readonly StateCookie[]): Promise<StateCookie[]> {
  if (cookies.length === 0) return []
  const cdp = await browser.target().createCDPSession()
  try {
    // All or none; one by one only when one of them is refused.
    if (await takes(cdp, cookies)) return []
    const refused: StateCookie[] = []
    for (const cookie of cookies) if (!(await takes(cdp, [cookie]))) refused.push(cookie)
    return refused
  } finally {
    cdp.detach().catch(() => undefined)
  }
}

async function takes(cdp: CDPSession, cookies: readonly StateCookie[]): Promise<boolean> {
  try {
    await cdp.send('Storage.setCookies', { cookies: cookies.map(toBrowser) })
    return true
  } catch (error) {
    if (/invalid cookie fields/i.test(String(error))) return false
    throw error
  }
}

export interface StorageToPut {
  origins: readonly OriginState[]
  /** Of this tab. */
  sessionStorage?: TabState['sessionStorage']
  /** Removes first what the origins hold. */
  clear?: boolean
}

/**
 * In this tab, which shows an empty page of the last origin then. No site is asked and no script of a site runs. Returns what could not be
 * written, in plain words.
 */
export async function writeStorages(
  page: Page,
  { origins, sessionStorage = [], clear = false }: StorageToPut,
  signal: AbortSignal,
): Promise<string[]> {
  const names = new Set([...origins.map(({ origin }) => origin), ...sessionStorage.map(({ origin }) => origin)])
  if (names.size === 0) return []
  return withStandIns(page, signal, async (stand) => {
    const problems: string[] = []
    for (const origin of names) {
      const { localStorage = [], indexedDB = [] } = origins.find((each) => each.origin === origin) ?? {}
      const items = sessionStorage.find((each) => each.origin === origin)?.items ?? []
      const writing = apart(await stand(origin)).evaluate(writeStorage, { localStorage, sessionStorage: items, indexedDB, clear })
      const refused = await abortable(writing, signal)
      problems.push(...refused.map((name) => `database ${name} of ${origin}: the browser refuses it`))
    }
    return problems
  })
}

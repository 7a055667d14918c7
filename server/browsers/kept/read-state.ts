/** Reads what a session's browser knows: its cookies, what sites store, and the tabs that are open. */
import type { Browser, Frame, Page } from 'puppeteer-core'
import { inTime, type StartTimer } from '../../async/deadline.ts'
import type { KnownPage } from '../page/page-registry.ts'
import type { BrowserState, OriginState, StateCookie, StorageItem, TabState } from './browser-state.ts'
import { fromBrowser } from './cookies.ts'
import { readStorage, type StorageRead } from './page-storage.ts'
import { apart, withStandIns } from './stand-in.ts'

export interface StateSource {
  readonly browser: { readonly running: { readonly puppeteer: Browser } | null }
  readonly pages: {
    list(): KnownPage[]
    active(): KnownPage | null
    inBackground<Result>(work: (page: Page) => Promise<Result>): Promise<Result>
  }
}

export interface ReadOptions {
  /** Ms for each page; one that hangs is left out. The browser has `cookiesWithin`. */
  patience: number
  /** What is known of origins that stand in no tab now. */
  known: ReadonlyMap<string, OriginState>
  /** Origins that have been seen and may not be open any more; read at the back, where that is worth its time. */
  visited?: readonly string[]
  /** Measures the patience; a real timer when left out. */
  startTimer?: StartTimer | undefined
}

/** Bytes of IndexedDB, of one session in all. */
export const mostIndexedDB = 5_000_000
/** Origins that are read at the back. */
const mostClosed = 12
/**
 * Ms for the cookies. They are the login, so a browser that is slow is waited for: longer than a page, which only hangs by itself, and
 * longer than anybody who waits for the look at it.
 */
const cookiesWithin = 6_000

export async function readCookies(source: Pick<StateSource, 'browser'>): Promise<StateCookie[]> {
  const browser = source.browser.running?.puppeteer
  if (browser === undefined) return []
  const cdp = await browser.target().createCDPSession()
  try {
    const { cookies } = await cdp.send('Storage.getCookies')
    return cookies.map(fromBrowser)
  } finally {
    cdp.detach().catch(() => undefined)
  }
}

export async function readState(source: StateSource, { patience, known, visited = [], startTimer }: ReadOptions): Promise<BrowserState> {
  const late = (): Error => new Error('The page does not answer')
  // Beside the pages.
  const reading = inTime(cookiesWithin, readCookies(source), late, startTimer)
  reading.catch(() => undefined)
  const active = source.pages.active()?.id
  const origins = new Map(known)
  const leftOut = new Set<string>()
  let room = mostIndexedDB
  const took = (origin: string, read: StorageRead): void => {
    room -= read.indexedDB.length === 0 ? 0 : JSON.stringify(read.indexedDB).length
    for (const name of read.tooLarge) leftOut.add(`database ${name} of ${origin}: larger than ${mostIndexedDB / 1_000_000} MB in all`)
    for (const name of read.unreadable) leftOut.add(`database ${name} of ${origin}: it holds what cannot leave the browser`)
    if (isEmpty(read)) origins.delete(origin)
    else origins.set(origin, { origin, localStorage: read.localStorage, indexedDB: read.indexedDB })
  }

  const tabs: TabState[] = []
  const open = new Set<string>()
  for (const { id, url, page } of source.pages.list()) {
    if (!/^https?:/.test(url)) continue
    const sessionStorage: TabState['sessionStorage'] = []
    for (const [origin, frame] of framesByOrigin(page)) {
      const stored = apart(frame).evaluate(readStorage, open.has(origin) ? 0 : room)
      const read = await inTime(patience, stored, late, startTimer).catch(() => null)
      // It has no storage, e.g. because it is sandboxed, or hangs: what was known of it stays.
      if (read === null) continue
      if (!open.has(origin)) took(origin, read)
      open.add(origin)
      if (read.sessionStorage.length > 0) sessionStorage.push({ origin, items: read.sessionStorage })
    }
    tabs.push({ url, active: id === active, sessionStorage })
  }

  const cookies = await reading
  const closed = visited.filter((origin) => !open.has(origin)).slice(-mostClosed)
  if (closed.length > 0) await readClosed(source, closed, { patience, startTimer }, () => room, took)
  return { cookies, origins: [...origins.values()], tabs, leftOut: [...leftOut] }
}

/** Main frame first. A frame of another site stores in a place of its own below the page's, which nothing of ours could put back. */
function framesByOrigin(page: Page): Map<string, Frame> {
  const main = page.mainFrame()
  const site = siteOf(main.url())
  const frames = new Map<string, Frame>()
  for (const frame of [main, ...page.frames()]) {
    const origin = URL.parse(frame.url())?.origin
    if (origin !== undefined && /^https?:/.test(origin) && !frames.has(origin) && siteOf(frame.url()) === site) frames.set(origin, frame)
  }
  return frames
}

/** Scheme and the last two labels of the host: what shares storage with a page. */
function siteOf(address: string): string {
  const url = URL.parse(address)
  if (url === null) return ''
  return /[\d\]]$/.test(url.hostname) ? url.origin : `${url.protocol}//${url.hostname.split('.').slice(-2).join('.')}`
}

async function readClosed(
  { pages }: Pick<StateSource, 'pages'>,
  origins: readonly string[],
  { patience, startTimer }: Pick<ReadOptions, 'patience' | 'startTimer'>,
  room: () => number,
  took: (origin: string, read: StorageRead) => void,
): Promise<void> {
  const over = new AbortController()
  const reading = pages.inBackground((page) =>
    withStandIns(page, over.signal, async (stand) => {
      for (const origin of origins) took(origin, await apart(await stand(origin)).evaluate(readStorage, room()))
    }),
  )
  // What was not reached in time stays as it was known.
  await inTime(patience, reading, () => new Error('late'), startTimer).catch(() => undefined)
  over.abort()
}

const isEmpty = ({ localStorage, indexedDB }: { localStorage: StorageItem[]; indexedDB: readonly unknown[] }): boolean =>
  localStorage.length === 0 && indexedDB.length === 0

/** Changing what a live session's browser knows, by hand: cookies, storage, all of it. What is kept of the session follows. */
import type { Browser, CDPSession, Page } from 'puppeteer-core'
import { abortable } from '../../async/abortable.ts'
import { inTime } from '../../async/deadline.ts'
import type { ShownStorage, StorageKind } from '../contract/state.ts'
import { BrowserFault } from '../fault.ts'
import { drive } from '../page/drive.ts'
import { openAddress } from '../page/reachable.ts'
import type { Session } from '../session/session.ts'
import type { BrowserState, OriginState, StateCookie, StorageItem, StorageState } from './browser-state.ts'
import { hasRunOut, toBrowser } from './cookies.ts'
import { apart, withStandIns } from './stand-in.ts'
import { writeStorages } from './write-state.ts'

/** Ms for all that is done by hand. */
const patience = 20_000

export type ItemKind = Extract<StorageKind, 'local' | 'session'>

/** Throws `state-invalid` when the browser takes no such cookie. */
export async function setCookie(session: Session, cookie: StateCookie): Promise<void> {
  await withBrowser(session, async (cdp) => {
    try {
      await cdp.send('Storage.setCookies', { cookies: [toBrowser(cookie)] })
    } catch (error) {
      throw refusedCookie(cookie, error)
    }
  })
}

export async function deleteCookie(session: Session, cookie: StateCookie, now: number): Promise<void> {
  // Chromium deletes a partitioned cookie only as one that has run out.
  await withBrowser(session, (cdp) => cdp.send('Storage.setCookies', { cookies: [toBrowser({ ...cookie, expires: now / 1_000 - 60 })] }))
}

/** Does `work` in a page of the origin: in a tab that is there, else at the back on an empty page in its place. */
export async function atOrigin<Result>(
  session: Session,
  origin: string,
  work: (page: Pick<Page, 'evaluate'>) => Promise<Result>,
): Promise<Result> {
  const open = tabsAt(session, origin)[0]
  if (open !== undefined) return drive(session, () => work(apart(open.mainFrame())))
  return drive(
    session,
    (signal) => session.pages.inBackground((page) => withStandIns(page, signal, async (stand) => work(apart(await stand(origin))))),
    patience,
  )
}

/** Of session storage, which belongs to a tab, the tab in front of those at the origin. */
export async function setItem(session: Session, place: { origin: string; kind: ItemKind }, item: StorageItem): Promise<void> {
  const refused = await atOrigin(session, place.origin, (page) =>
    page.evaluate(
      (kind, name, value) => {
        try {
          ;(kind === 'local' ? localStorage : sessionStorage).setItem(name, value)
          return null
        } catch (error) {
          return String(error)
        }
      },
      place.kind,
      item.name,
      item.value,
    ),
  )
  if (refused !== null) throw new BrowserFault('state-invalid', 'The browser refuses it: it is larger than a site may store')
}

/** `kind` left out: everything of the origin but its cookies. `name` left out: all of that kind. */
export async function removeStorage(session: Session, origin: string, kind?: ItemKind, name?: string): Promise<void> {
  if (kind === undefined) return clearOrigins(session, [origin])
  const remove = (of: ItemKind, item: string | null): void => {
    const storage = of === 'local' ? localStorage : sessionStorage
    if (item === null) storage.clear()
    else storage.removeItem(item)
  }
  if (kind === 'local') return atOrigin(session, origin, (page) => page.evaluate(remove, kind, name ?? null))
  for (const page of tabsAt(session, origin)) await drive(session, () => apart(page.mainFrame()).evaluate(remove, kind, name ?? null))
}

/** All cookies, and all that the origins store. */
export async function clearAll(session: Session, origins: readonly string[]): Promise<void> {
  await withBrowser(session, (cdp) => cdp.send('Storage.clearCookies'))
  await clearOrigins(session, origins)
}

async function clearOrigins(session: Session, origins: readonly string[]): Promise<void> {
  const page = session.page()
  await drive(session, async () => {
    const cdp = await page.createCDPSession()
    try {
      const storageTypes = 'cache_storage,indexeddb,local_storage,service_workers,file_systems,websql,shader_cache'
      for (const origin of origins) await cdp.send('Storage.clearDataForOrigin', { origin, storageTypes })
    } finally {
      cdp.detach().catch(() => undefined)
    }
    for (const origin of origins)
      for (const tab of tabsAt(session, origin)) await apart(tab.mainFrame()).evaluate(() => sessionStorage.clear())
  })
}

/**
 * All of it or nothing. Tabs at the origins are loaded anew. `before` is what the session knew. Throws `state-invalid`, with what the
 * browser refuses.
 */
export async function importState(
  session: Session,
  state: StorageState,
  before: BrowserState,
  { replace, now }: { replace: boolean; now: number },
): Promise<void> {
  const cookies = state.cookies.filter((cookie) => !hasRunOut(cookie, now))
  await tryCookies(session, cookies)
  const known = replace ? before.origins : []
  const names = new Set([...state.origins, ...known].map(({ origin }) => origin))
  const tabs = session.pages.list().filter(({ url }) => names.has(URL.parse(url)?.origin ?? ''))
  const origins: OriginState[] = [...names].map(
    (name) => state.origins.find(({ origin }) => origin === name) ?? { origin: name, localStorage: [] },
  )
  await drive(
    session,
    async (signal) => {
      // An open database would keep its old content alive.
      for (const { page } of tabs) await abortable(page.goto('about:blank'), signal)
      try {
        await session.pages.inBackground(async (page) => {
          const problems = await writeStorages(page, { origins, clear: true }, signal)
          if (problems.length === 0) return
          const former = origins.map(({ origin }) => before.origins.find((each) => each.origin === origin) ?? { origin, localStorage: [] })
          await writeStorages(page, { origins: former, clear: true }, signal)
          throw new BrowserFault('state-invalid', `Nothing was changed: ${problems.join('; ')}`)
        })
        await withBrowser(session, async (cdp) => {
          if (replace) await cdp.send('Storage.clearCookies')
          if (cookies.length > 0) await cdp.send('Storage.setCookies', { cookies: cookies.map(toBrowser) })
        })
      } finally {
        for (const { page, url } of tabs) await openAddress(page, url, signal).catch(() => undefined)
      }
    },
    patience,
  )
}

/** In a place of its own that is thrown away, so that a bad one costs nothing. */
async function tryCookies(session: Session, cookies: readonly StateCookie[]): Promise<void> {
  if (cookies.length === 0) return
  await withBrowser(session, async (cdp) => {
    const { browserContextId } = await cdp.send('Target.createBrowserContext')
    try {
      const put = (some: readonly StateCookie[]) => cdp.send('Storage.setCookies', { cookies: some.map(toBrowser), browserContextId })
      await put(cookies).catch(async () => {
        for (const cookie of cookies)
          await put([cookie]).catch((error: unknown) => {
            throw refusedCookie(cookie, error)
          })
      })
    } finally {
      await cdp.send('Target.disposeBrowserContext', { browserContextId })
    }
  })
}

/** Bytes on the disk, of what is not read. */
export async function usageOf(session: Session, origins: readonly string[]): Promise<ShownStorage[]> {
  const page = session.pages.active()?.page
  if (page === undefined) return []
  const cdp = await page.createCDPSession()
  try {
    const used = await inTime(
      1_000,
      Promise.all(origins.map(async (origin) => ({ origin, usage: await cdp.send('Storage.getUsageAndQuota', { origin }) }))),
      () => new Error('late'),
    )
    return used.flatMap(({ origin, usage: { usageBreakdown } }) => {
      const bytes = usageBreakdown.find(({ storageType }) => storageType === 'cache_storage')?.usage ?? 0
      return bytes === 0 ? [] : [{ origin, kind: 'cache' as const, holds: null, bytes }]
    })
  } catch {
    return []
  } finally {
    cdp.detach().catch(() => undefined)
  }
}

function tabsAt(session: Session, origin: string): Page[] {
  const active = session.pages.active()?.id
  return session.pages
    .list()
    .filter(({ url }) => URL.parse(url)?.origin === origin)
    .toSorted((a, b) => Number(b.id === active) - Number(a.id === active))
    .map(({ page }) => page)
}

async function withBrowser<Result>(session: Session, work: (cdp: CDPSession) => Promise<Result>): Promise<Result> {
  const browser: Browser | undefined = session.browser.running?.puppeteer
  if (browser === undefined) throw new BrowserFault('session-ended', 'The session has no browser')
  return drive(session, async () => {
    const cdp = await browser.target().createCDPSession()
    try {
      return await work(cdp)
    } finally {
      cdp.detach().catch(() => undefined)
    }
  })
}

function refusedCookie({ name, domain }: StateCookie, cause: unknown): BrowserFault {
  const message = `The browser refuses the cookie ${name} of ${domain}: its name, domain, path or flags do not go together; nothing was changed`
  return new BrowserFault('state-invalid', message, { name, domain }, { cause })
}

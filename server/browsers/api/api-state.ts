/** Answers what is asked of a session's state. */
import { iso, type Clock } from '../../clock.ts'
import type { Call, Handlers } from '../../http/api.ts'
import type { ShownCookie, ShownStorage, stateRoutes } from '../contract/state.ts'
import type { SessionEventFacts } from '../events.ts'
import { BrowserFault } from '../fault.ts'
import type { BrowserState, StateCookie, StorageItem } from '../kept/browser-state.ts'
import { cookieKey, fromNetscape, hasRunOut, toNetscape } from '../kept/cookies.ts'
import { clearAll, deleteCookie, importState, removeStorage, setCookie, setItem, usageOf, type ItemKind } from '../kept/session-state.ts'
import type { Session } from '../session/session.ts'
import { actor, type ApiParts } from './parts.ts'

type StateTouch = SessionEventFacts<'state-touched'>

interface Touch extends StateTouch {
  /** Whose storage it was. */
  origin?: string
}

type Parts = Pick<ApiParts, 'service' | 'kept' | 'clock'>

const secret = { 'cache-control': 'no-store' }

export function createStateHandlers({ service, kept, clock }: Parts): Handlers<typeof stateRoutes> {
  /** As it is now, or as it is kept of one that sleeps. */
  const read = async (id: string): Promise<BrowserState> => {
    if (service.sleepers.find(id) !== undefined) return kept.stateOf({ id }) ?? { cookies: [], origins: [], tabs: [], leftOut: [] }
    return kept.read(service.get(id))
  }
  const live = (id: string): Session => {
    if (service.sleepers.find(id) !== undefined) throw new BrowserFault('session-asleep', 'The session sleeps')
    return service.get(id)
  }
  const told = (id: string, how: StateTouch['how'], what: string, call: Call): void =>
    service.records.stateTouched(id, { how, what }, actor(call))
  /** What is kept follows before the answer goes out. */
  const change = async (id: string, call: Call, { how, what, origin }: Touch, work: (session: Session) => Promise<void>) => {
    const session = live(id)
    session.touch()
    await work(session)
    told(id, how, what, call)
    await kept.changed(session, origin === undefined ? [] : [origin])
    return { status: 204, body: null } as const
  }

  return {
    sessionState: async ({ params }) => {
      const state = await read(params.id)
      const session = service.findLive(params.id)
      const more = session === undefined ? [] : await usageOf(session, originsOf(state))
      const row = kept.find(params.id)
      return {
        status: 200,
        body: {
          cookies: state.cookies.filter((cookie) => !hasRunOut(cookie, clock.now())).map(showCookie),
          storage: [...showStorage(state), ...more],
          keptAt: row === undefined ? null : iso(row.facts.keptAt),
          leftOut: state.leftOut,
        },
      }
    },
    revealCookie: async ({ params, body }, call) => {
      const { value } = findCookie(await read(params.id), body)
      told(params.id, 'revealed', body.name, call)
      return { status: 200, body: { value }, headers: secret }
    },
    putCookie: ({ params, body }, call) =>
      change(params.id, call, { how: 'changed', what: body.name }, (session) => setCookie(session, body)),
    removeCookie: ({ params, query }, call) =>
      change(params.id, call, { how: 'changed', what: query.name }, async (session) =>
        deleteCookie(session, findCookie(await kept.read(session), query), clock.now()),
      ),
    storageItems: async ({ params, query }) => ({
      status: 200,
      body: { items: itemsOf(await read(params.id), query).map(({ name, value }) => ({ name, bytes: sizeOf(name) + sizeOf(value) })) },
    }),
    revealItem: async ({ params, body }, call) => {
      const item = itemsOf(await read(params.id), body).find(({ name }) => name === body.name)
      if (item === undefined) throw new BrowserFault('state-not-found', `${body.origin} stores nothing under ${body.name}`)
      told(params.id, 'revealed', body.name, call)
      return { status: 200, body: { value: item.value }, headers: secret }
    },
    putItem: ({ params, body }, call) =>
      change(params.id, call, { how: 'changed', what: body.name, origin: body.origin }, (session) => setItem(session, body, body)),
    removeStorage: ({ params, query }, call) =>
      change(params.id, call, { how: 'changed', what: query.name ?? query.origin, origin: query.origin }, (session) =>
        removeStorage(session, query.origin, query.kind, query.name),
      ),
    exportState: async ({ params, body }, call) => {
      const { cookies, origins, leftOut } = await read(params.id)
      told(params.id, 'exported', 'storageState', call)
      return {
        status: 200,
        body: {
          cookies: current(cookies, clock).map((cookie) => ({ ...cookie, sameSite: cookie.sameSite ?? 'Lax' })),
          origins: origins.map(({ origin, localStorage, indexedDB = [] }) => ({
            origin,
            localStorage,
            ...(body.indexedDB ? { indexedDB } : {}),
          })),
          leftOut,
        },
        headers: secret,
      }
    },
    exportCookies: async ({ params }, call) => {
      const { cookies } = await read(params.id)
      told(params.id, 'exported', 'cookies.txt', call)
      return { status: 200, body: Buffer.from(toNetscape(current(cookies, clock))), headers: secret }
    },
    importState: async ({ params, body }, call) => {
      const session = live(params.id)
      const state = body.storageState ?? { cookies: cookiesOf(body.cookiesTxt ?? ''), origins: [] }
      session.touch()
      // A large one takes its time, in which the browser grows: it is neither ended nor started anew meanwhile.
      const release = session.hold()
      try {
        await importState(session, state, await kept.read(session), { replace: body.replace, now: clock.now() })
        told(params.id, 'imported', body.storageState === undefined ? 'cookies.txt' : 'storageState', call)
        await kept.changed(
          session,
          state.origins.map(({ origin }) => origin),
        )
      } finally {
        release()
      }
      return { status: 200, body: { cookies: current(state.cookies, clock).length, origins: state.origins.length } }
    },
    clearState: ({ params }, call) =>
      change(params.id, call, { how: 'cleared', what: '' }, async (session) => clearAll(session, originsOf(await kept.read(session)))),
  }
}

const current = (cookies: readonly StateCookie[], clock: Clock): StateCookie[] =>
  cookies.filter((cookie) => !hasRunOut(cookie, clock.now()))

const sizeOf = (text: string): number => Buffer.byteLength(text)

function findCookie({ cookies }: BrowserState, wanted: Pick<StateCookie, 'name' | 'domain' | 'path' | 'partitionKey'>): StateCookie {
  const found = cookies.find((cookie) => cookieKey(cookie) === cookieKey(wanted))
  if (found === undefined) throw new BrowserFault('state-not-found', `${wanted.domain} has no cookie ${wanted.name} for ${wanted.path}`)
  return found
}

function showCookie({ name, value, domain, path, expires, httpOnly, secure, sameSite, partitionKey }: StateCookie): ShownCookie {
  const bytes = sizeOf(name) + sizeOf(value)
  const expiresAt = expires < 0 ? null : iso(Math.min(expires * 1_000, 8e15))
  return { name, domain, path, expiresAt, httpOnly, secure, sameSite: sameSite ?? null, partitionKey: partitionKey ?? null, bytes }
}

function originsOf({ origins, tabs }: BrowserState): string[] {
  const open = tabs.flatMap(({ url, sessionStorage }) => [URL.parse(url)?.origin ?? '', ...sessionStorage.map(({ origin }) => origin)])
  return [...new Set([...origins.map(({ origin }) => origin), ...open.filter((origin) => origin !== '')])]
}

function itemsOf({ origins, tabs }: BrowserState, { origin, kind }: { origin: string; kind: ItemKind }): StorageItem[] {
  if (kind === 'local') return origins.find((each) => each.origin === origin)?.localStorage ?? []
  const stores = tabs.toSorted((a, b) => Number(b.active) - Number(a.active)).flatMap(({ sessionStorage }) => sessionStorage)
  return stores.find((each) => each.origin === origin)?.items ?? []
}

function showStorage(state: BrowserState): ShownStorage[] {
  const bytesOf = (items: readonly StorageItem[]): number => items.reduce((sum, { name, value }) => sum + sizeOf(name) + sizeOf(value), 0)
  return originsOf(state).flatMap((origin): ShownStorage[] => {
    const { localStorage = [], indexedDB = [] } = state.origins.find((each) => each.origin === origin) ?? {}
    const session = itemsOf(state, { origin, kind: 'session' })
    const stores = indexedDB.reduce((sum, database) => sum + database.stores.length, 0)
    return [
      ...(localStorage.length === 0 ? [] : [{ origin, kind: 'local' as const, holds: localStorage.length, bytes: bytesOf(localStorage) }]),
      ...(session.length === 0 ? [] : [{ origin, kind: 'session' as const, holds: session.length, bytes: bytesOf(session) }]),
      ...(stores === 0 ? [] : [{ origin, kind: 'indexed-db' as const, holds: stores, bytes: sizeOf(JSON.stringify(indexedDB)) }]),
    ]
  })
}

function cookiesOf(text: string): StateCookie[] {
  const read = fromNetscape(text)
  if ('line' in read) throw new BrowserFault('state-invalid', `Line ${read.line} of cookies.txt is no cookie; nothing was changed`)
  if (read.cookies.length === 0) throw new BrowserFault('state-invalid', 'There is no cookie in cookies.txt; nothing was changed')
  return read.cookies
}

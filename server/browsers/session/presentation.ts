/** Sessions as the native resource shows them, the sleeping ones too. */
import { iso } from '../../clock.ts'
import { keyedBase, socketUrl } from '../clients/discovery.ts'
import type { BrowserSession } from '../contract/index.ts'
import { presentSetup } from '../resource/session-setup.ts'
import { exitReasonOf, statusOf } from '../resource/status.ts'
import type { KeptLogins, KeptRow } from '../kept/kept-logins.ts'
import type { Session } from './session.ts'

/** `idleTimeout` in ms; `origin` is how the caller reached us. */
export function presentSession(session: Session, idleTimeout: number, origin: string): BrowserSession {
  const active = session.pages.active()
  const { browser, login } = session
  const { driver } = session.control
  return {
    id: session.id,
    username: session.credentials.username,
    profile: session.profile.name,
    state: session.state,
    status: statusOf(session),
    reason: session.reason,
    createdAt: iso(session.createdAt),
    lastUsedAt: iso(session.usage.lastAt),
    idleExpiresAt: session.idleEndsAt(idleTimeout),
    currentUrl: active?.url ?? 'about:blank',
    title: active?.title ?? '',
    pages: session.pages.list().map(({ id, url, title }) => ({ id, url, title, active: id === active?.id })),
    leases: session.leases.list(),
    takenOver: driver === null ? null : { by: driver.by, since: iso(driver.since) },
    recording: session.recording.current,
    inUse: {
      count: session.leases.count + session.clients.count + (session.control.holder === null ? 0 : 1),
      leases: session.leases.list(),
    },
    downloads: session.downloads.count,
    clients: session.clients.list(),
    ...addressesOf(session.id, origin),
    memoryBytes: browser.metrics?.memoryBytes ?? null,
    processCount: browser.metrics?.processCount ?? null,
    pid: session.live ? (browser.running?.pid ?? null) : null,
    lastRefresh: login.lastRefresh,
    nextRefreshAt: login.nextRefreshAt,
    endReason: session.endReason,
    exitReason: exitReasonOf(session.endReason),
    tags: session.setup.chosen.tags,
    options: presentSetup(session.setup.chosen),
    asleep: null,
  }
}

export function presentAsleep(row: KeptRow, kept: Pick<KeptLogins, 'isExpired' | 'forgottenAt'>, origin: string): BrowserSession {
  const { id, facts } = row
  const since = iso(facts.asleepSince ?? facts.keptAt)
  return {
    id,
    username: facts.username,
    profile: facts.profile,
    state: 'hibernated',
    status: statusOf({ state: 'hibernated', endReason: facts.endReason }),
    reason: facts.reason,
    createdAt: iso(facts.createdAt),
    lastUsedAt: iso(facts.lastUsedAt),
    idleExpiresAt: null,
    currentUrl: facts.url === '' ? 'about:blank' : facts.url,
    title: facts.title,
    pages: [],
    leases: [],
    clients: [],
    ...addressesOf(id, origin),
    takenOver: null,
    recording: null,
    inUse: { count: 0, leases: [] },
    downloads: 0,
    memoryBytes: null,
    processCount: null,
    pid: null,
    lastRefresh: null,
    nextRefreshAt: null,
    endReason: facts.endReason,
    exitReason: exitReasonOf(facts.endReason),
    tags: facts.setup.tags,
    options: presentSetup(facts.setup),
    asleep: {
      since,
      bytes: facts.bytes,
      tabs: facts.tabs,
      loginGoodUntil: facts.runsOutAt === null ? null : iso(facts.runsOutAt),
      loginGoodUntilBy: facts.runsOutBy,
      expired: kept.isExpired(row),
      forgottenAt: iso(kept.forgottenAt(row)),
      leftOut: facts.leftOut,
    },
  }
}

/** For programs; a session keeps them while it sleeps. */
function addressesOf(id: string, origin: string): Pick<BrowserSession, 'connectUrl' | 'websocketUrl' | 'browserWSEndpoint' | 'httpUrl'> {
  const httpUrl = keyedBase(origin, id)
  const connectUrl = socketUrl(httpUrl)
  return { connectUrl, websocketUrl: connectUrl, browserWSEndpoint: connectUrl, httpUrl }
}

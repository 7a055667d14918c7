/** A session as the server tells of it. */
import type { BrowserSession } from '../../../../server/browsers/contract/index.ts'

const at = '2026-11-21T07:30:00.000Z'

const unchosen: BrowserSession['options'] = {
  ...{ viewport: null, deviceScaleFactor: null, locale: null, timezone: null, userAgent: null, proxy: null },
  ...{ block: null, downloads: null, idleSeconds: null, headless: null, extensions: [], args: [] },
}

export function session(changes: Partial<BrowserSession> = {}): BrowserSession {
  return {
    ...{ id: 'session_1795246249_3886465173-a', username: 'user1', profile: 'harbor-gate', state: 'ready', reason: null, createdAt: at },
    ...{
      lastUsedAt: at,
      idleExpiresAt: null,
      currentUrl: 'http://portal.example/containers',
      title: 'Containers',
      pages: [],
      downloads: 0,
      leases: [],
      clients: [],
    },
    ...{ connectUrl: 'ws://wheelhouse/cdp', websocketUrl: 'ws://wheelhouse/cdp', browserWSEndpoint: 'ws://wheelhouse/cdp' },
    httpUrl: 'http://wheelhouse/cdp',
    ...{ memoryBytes: 184_000_000, processCount: 9, pid: 42, lastRefresh: null, nextRefreshAt: null, endReason: null },
    ...{
      status: 'running',
      exitReason: null,
      inUse: { count: 0, leases: [] },
      tags: {},
      options: unchosen,
      takenOver: null,
      recording: null,
      asleep: null,
    },
    ...changes,
  }
}

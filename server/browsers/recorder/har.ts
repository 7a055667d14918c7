/** The requests of a session as HAR 1.2, without bodies and without headers that could carry a secret. */
import { iso } from '../../clock.ts'
import { version } from '../../version.ts'
import type { PageLoad, RequestFacts } from './entry.ts'

export interface HarSource {
  requests: readonly RequestFacts[]
  /** Asked and not answered to their end. */
  pending: readonly RequestFacts[]
  loads: readonly PageLoad[]
  /** E.g. `Chrome/156.0.8078.79`; null when it is not known. */
  browser: string | null
}

export type Har = ReturnType<typeof harOf>

export function harOf({ requests, pending, loads, browser }: HarSource) {
  const [name = 'Chromium', browserVersion = ''] = browser?.split('/') ?? []
  const known = new Set(loads.map(({ id }) => id))
  const entry = (facts: RequestFacts) => harEntry(facts, known)
  return {
    log: {
      version: '1.2',
      creator: { name: 'Wheelhouse', version },
      browser: { name, version: browserVersion },
      pages: loads.map(({ id, url, startedAt, contentLoaded, loaded }) => ({
        startedDateTime: iso(startedAt),
        id,
        title: url,
        pageTimings: { onContentLoad: contentLoaded ?? -1, onLoad: loaded ?? -1 },
      })),
      entries: [...requests.map(entry), ...pending.map((facts) => ({ ...entry(facts), comment: 'Had not ended' }))].toSorted((a, b) =>
        a.startedDateTime < b.startedDateTime ? -1 : 1,
      ),
    },
  }
}

function harEntry(facts: RequestFacts, loads: ReadonlySet<string>) {
  const { timings } = facts
  const [address = ''] = facts.url.split('#')
  return {
    ...(facts.load !== null && loads.has(facts.load) ? { pageref: facts.load } : {}),
    startedDateTime: iso(facts.startedAt),
    time: sumOf([timings.blocked, timings.dns, timings.connect, timings.send, timings.wait, timings.receive]),
    request: {
      method: facts.method,
      url: facts.url,
      httpVersion: facts.protocol,
      cookies: [],
      headers: facts.requestHeaders,
      queryString: [...new URLSearchParams(address.split('?').slice(1).join('?'))].map(([name, value]) => ({ name, value })),
      headersSize: -1,
      bodySize: facts.sent,
    },
    response: {
      status: facts.status,
      statusText: facts.statusText,
      httpVersion: facts.protocol,
      cookies: [],
      headers: facts.responseHeaders,
      content: { size: facts.size, mimeType: facts.mimeType || 'x-unknown' },
      redirectURL: facts.redirectsTo,
      headersSize: -1,
      bodySize: facts.fromCache ? 0 : facts.transferred,
      ...(facts.error === null ? {} : { _error: facts.error }),
    },
    cache: {},
    timings,
    ...(facts.serverAddress === '' ? {} : { serverIPAddress: facts.serverAddress.replace(/^\[(.*)\]$/, '$1') }),
    _resourceType: facts.resource,
    ...(facts.fromCache ? { _fromCache: 'disk' } : {}),
  }
}

const sumOf = (parts: readonly number[]): number => Math.round(parts.reduce((sum, part) => sum + Math.max(0, part), 0) * 100) / 100

/** Load on one address: many connections, every reply looked at. */
import { createRequire } from 'node:module'
import { join } from 'node:path'

export interface Call {
  method: 'GET' | 'POST'
  path: string
  headers?: Record<string, string>
  body?: string
}

export interface LoadOptions {
  url: string
  /** Taken in turn by all connections. */
  calls: readonly Call[]
  /** False for a reply that does not say what it should. */
  good(body: string): boolean
  seconds?: number
  /** Ends after so many replies instead. */
  amount?: number
  connections?: number
  /** Calls per second of all connections together; as fast as possible when left out. */
  rate?: number
}

export interface LoadResult {
  calls: number
  perSecond: number
  p50: number
  p99: number
  /** Replies that were wrong, failed or missing. */
  wrong: number
}

/** The part of autocannon that is used. */
interface AutocannonResult {
  duration: number
  requests: { total: number }
  latency: { p50: number; p99: number }
  mismatches: number
  non2xx: number
  errors: number
  timeouts: number
}

export function createLoad(folder: string): (options: LoadOptions) => Promise<LoadResult> {
  // Installed at run time, so its type is stated here.
  const autocannon = createRequire(join(folder, 'package.json'))('autocannon') as (options: object) => Promise<AutocannonResult>

  return async ({ url, calls, good, seconds = 3, amount, connections = 16, rate }) => {
    let next = 0
    const result = await autocannon({
      url,
      connections,
      ...(amount === undefined ? { duration: seconds } : { amount }),
      ...(rate === undefined ? {} : { overallRate: rate }),
      verifyBody: good,
      requests: [
        {
          setupRequest: (request: object) => {
            next = (next + 1) % calls.length
            const { headers = {}, ...call } = calls[next] ?? { method: 'GET', path: '/' }
            return { ...request, ...call, headers }
          },
        },
      ],
    })
    return {
      calls: result.requests.total,
      perSecond: result.requests.total / result.duration,
      p50: result.latency.p50,
      p99: result.latency.p99,
      wrong: result.mismatches + result.non2xx + result.errors + result.timeouts,
    }
  }
}

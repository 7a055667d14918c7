/** What the recorder keeps of a page beside the session's own events: its requests, its console and its errors. */
import type { Header } from './secrets.ts'

/** Ms; -1 for what does not apply, as HAR has it. */
export interface RequestTimings {
  blocked: number
  dns: number
  connect: number
  ssl: number
  send: number
  wait: number
  receive: number
}

interface PageEntry {
  /** In one row with the session's events. */
  id: number
  /** When it was over, ms since the epoch. */
  at: number
  /** Which page, by the browser's id. */
  page: string
  /** Of a page that Wheelhouse works on at the back. */
  atBack: boolean
}

export interface RequestFacts {
  method: string
  url: string
  /** E.g. `document`, `xhr`, `image`. */
  resource: string
  /** 0 when nothing was answered. */
  status: number
  statusText: string
  protocol: string
  mimeType: string
  /** Why it failed, e.g. `net::ERR_CONNECTION_REFUSED`; null when it did not. */
  error: string | null
  /** By the page or by the person who went elsewhere. */
  cancelled: boolean
  /** Ms since the epoch. */
  startedAt: number
  /** Ms from its start to its end. */
  took: number
  timings: RequestTimings
  /** As they came over the network; 0 from the cache. */
  transferred: number
  /** Of the body, unpacked. */
  size: number
  /** Of the body that was sent; the body itself is not kept. */
  sent: number
  fromCache: boolean
  serverAddress: string
  redirectsTo: string
  requestHeaders: Header[]
  responseHeaders: Header[]
  /** The load of a page to which it belongs. */
  load: string | null
}

export type RequestEntry = PageEntry & RequestFacts & { type: 'request' }

export type ConsoleLevel = 'debug' | 'info' | 'warning' | 'error'

export interface ConsoleEntry extends PageEntry {
  type: 'console'
  level: ConsoleLevel
  text: string
  /** File and line, e.g. `main.js:88`; empty when it is not known. */
  where: string
}

export interface ErrorEntry extends PageEntry {
  type: 'page-error'
  text: string
  where: string
}

export type PageRecord = RequestEntry | ConsoleEntry | ErrorEntry

/** A document in a page's main frame, from its request on. */
export interface PageLoad {
  id: string
  page: string
  url: string
  /** Ms since the epoch. */
  startedAt: number
  /** Ms from the start; null while, or because, it did not come to that. */
  contentLoaded: number | null
  loaded: number | null
}

export const failed = ({ error, cancelled, status }: Pick<RequestEntry, 'error' | 'cancelled' | 'status'>): boolean =>
  !cancelled && (error !== null || status >= 400)

/** Roughly what one takes in memory. */
export function bytesOf(entry: PageRecord): number {
  if (entry.type !== 'request') return 200 + 2 * (entry.text.length + entry.where.length)
  const headers = [...entry.requestHeaders, ...entry.responseHeaders].reduce(
    (sum, { name, value }) => sum + name.length + value.length + 40,
    0,
  )
  return 700 + 2 * (entry.url.length + entry.redirectsTo.length) + 2 * headers
}

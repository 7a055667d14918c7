/**
 * Where sessions are kept: what the memory, SQLite and Redis stores all promise. One contract test suite runs on each.
 *
 * All rules are decided in the service; a store reads, writes and never lets two decisions about one user's sessions cross.
 */
import type { Session } from '../session.ts'

export interface Changed<Result> {
  /** New or changed sessions; what is not named stays. */
  put: readonly Session[]
  result: Result
}

export interface SessionFilter {
  /** Part of user name, user id, session id, address or device. */
  text?: string | undefined
  userId?: string | undefined
  role?: string | undefined
  /** `live`, or `over` for whatever reason; `unended` is what nobody has ended, whether its time is over or not. All when left out. */
  state?: 'live' | 'over' | 'unended' | undefined
  createdAfter?: number | undefined
}

export type SessionSort = 'lastActivity' | 'createdAt' | 'expiresAt' | 'username'

export interface PageQuery {
  filter: SessionFilter
  sort: SessionSort
  descending: boolean
  offset: number
  limit: number
}

/** What decides whether a session is live; a store applies it, it does not know it. */
export interface Moment {
  now: number
  idleTimeout: number | null
}

export interface Counts {
  /** All that is stored. */
  total: number
  live: number
  /** Over by time alone. */
  expired: number
  /** Ended by somebody. */
  ended: number
  /** Different users with a live session. */
  users: number
}

export type StoreState = { up: true } | { up: false; error: string; since: number }

export interface SessionStore {
  readonly kind: 'memory' | 'database' | 'redis'
  /** A database answers at once, Redis later; the hot path must not pay for a promise it does not need. */
  find(id: string): Session | null | Promise<Session | null>
  /**
   * Reads a user's sessions (`all`: those nobody ended; else the one named, ended or not), lets `decide` say what becomes of them and
   * writes that, all as one step: no other change of this user's sessions, on whichever server, comes between. Resolves when what was
   * written would survive a crash of this process. `decide` has to be pure, since it may be asked more than once; when it throws, nothing
   * is written.
   */
  change<Result>(
    userId: string,
    scope: 'all' | { session: string },
    decide: (sessions: readonly Session[]) => Changed<Result>,
  ): Promise<Result>
  /** Raises `lastActivity`; never lowers it and never revives anything. */
  touch(times: ReadonlyMap<string, number>): Promise<void>
  /** Those nobody ended, newest first. */
  ofUser(userId: string): Promise<Session[]>
  /** `total` counts all that match. What is equal is in order of its ids, in the direction asked for. */
  page(query: PageQuery, moment: Moment): Promise<{ sessions: Session[]; total: number }>
  /** All that match, part by part in no particular order, while other work goes on; what changes meanwhile may be met before or after. */
  scan(filter: SessionFilter, moment: Moment): AsyncIterable<readonly Session[]>
  /** Cheap enough to be asked every few seconds, unlike `counts`. */
  live(moment: Moment): Promise<number>
  counts(moment: Moment): Promise<Counts>
  /** How many were created and how many ended by somebody in each of `count` spans of `span` ms from `from` on. */
  series(from: number, span: number, count: number): Promise<{ created: number[]; ended: number[] }>
  /** Ended at or after `since` although their time was not over: those whose tokens still look good. Oldest first, part by part. */
  endedSince(since: number, now: number): AsyncIterable<readonly Session[]>
  /** Removes what was over before `before`; returns how many. */
  removeOver(before: number): Promise<number>
  /** Called with sessions that began or ended, or whose good tokens changed, on whichever server, once that is written. */
  onChange(listener: (sessions: readonly Session[]) => void): () => void
  state(): StoreState
  onState(listener: () => void): () => void
  start(): Promise<void>
  stop(): Promise<void>
}

/** How a page is ordered; names regardless of case, and all stores alike. */
export function orderOf(descending: boolean): (a: { id: string; key: string | number }, b: { id: string; key: string | number }) => number {
  const plain = (key: string | number): string | number => (typeof key === 'string' ? key.toLowerCase() : key)
  return (a, b) => {
    const [one, other] = [plain(a.key), plain(b.key)]
    const isLess = one === other ? a.id < b.id : one < other
    return isLess === descending ? 1 : -1
  }
}

/** What gateways have to hear of: sessions that `put` made or ended, or whose good tokens it changed. */
export function worthAnnouncing(before: readonly Session[], put: readonly Session[]): Session[] {
  const known = new Map(before.map((session) => [session.id, session]))
  return put.filter((session) => {
    const old = known.get(session.id)
    return (
      old === undefined || session.endedAt !== old.endedAt || session.tokenId !== old.tokenId || session.previousUntil !== old.previousUntil
    )
  })
}

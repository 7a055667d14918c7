/**
 * Searching, sorting and counting the sessions of SQLite.
 *
 * What reads a hundred thousand rows in one go keeps every request waiting, a tenth of a second for a search. So it is done in parts of
 * some hundred rows, with room for requests in between: the whole takes as long, nobody else notices.
 */
import type { Database } from 'better-sqlite3'
import { createTopK } from './top-k.ts'
import { nextTurn, selected, sessionOf, type SessionRow as Row } from './sqlite-rows.ts'
import type { Session } from '../session.ts'
import {
  orderOf,
  type Counts,
  type Moment,
  type PageQuery,
  type SessionFilter,
  type SessionSort,
  type SessionStore,
} from './session-store.ts'

type Search = Pick<SessionStore, 'page' | 'scan' | 'live' | 'counts' | 'series' | 'endedSince'>

/** Rows read in one turn, about. */
const rowsPerPart = 500
const columnOfSort: Readonly<Record<SessionSort, string>> = {
  lastActivity: 'last_activity',
  createdAt: 'created_at',
  expiresAt: 'expires_at',
  username: 'username',
}

/** `read` knows most sessions without reading them: a row of so many columns takes some thirty microseconds. */
export function createSqliteSearch(database: Database, read: (id: string) => Session | null): Search {
  const countAll = database.prepare<[], number>('SELECT count(*) FROM login_sessions').pluck()
  const countLive = database
    .prepare<[number], number>('SELECT count(*) FROM login_sessions WHERE ended_at IS NULL AND expires_at > ?')
    .pluck()
  const countEnded = database.prepare<[], number>('SELECT count(*) FROM login_sessions WHERE ended_at IS NOT NULL').pluck()
  // The index by user is named, since the planner would take the one by expiry and sort all users anew for each part.
  const someUsers = database.prepare<[string, number], { userId: string; expiresAt: number }>(
    'SELECT user_id AS userId, max(expires_at) AS expiresAt FROM login_sessions INDEXED BY login_sessions_by_user WHERE ended_at IS NULL AND user_id > ? GROUP BY user_id ORDER BY user_id LIMIT ?',
  )
  const youngest = database
    .prepare<[{ offset: number; limit: number }], string>(
      'SELECT id FROM login_sessions ORDER BY created_at DESC, id DESC LIMIT @limit OFFSET @offset',
    )
    .pluck()
  const find = database.prepare<[string], Row>(`SELECT ${selected} FROM login_sessions_seen WHERE id = ?`)
  const someEnded = database.prepare<[{ at: number; id: string; limit: number }], { id: string; at: number; expiresAt: number }>(
    'SELECT id, ended_at AS at, expires_at AS expiresAt FROM login_sessions WHERE ended_at IS NOT NULL AND (ended_at, id) > (@at, @id) ORDER BY ended_at, id LIMIT @limit',
  )
  const perSpan = (column: string) =>
    database
      .prepare<[{ from: number; until: number }], number>(
        `SELECT count(*) FROM login_sessions WHERE ${column} >= @from AND ${column} < @until`,
      )
      .pluck()
  const createdBetween = perSpan('created_at')
  const endedBetween = perSpan('ended_at')

  /** The rows that match, part by part. */
  async function* parts<Part>(filter: SessionFilter, moment: Moment, columns: string, withActivity: boolean): AsyncGenerator<Part[]> {
    const { tests, values, ofTime } = conditions(filter, moment)
    const table = withActivity || ofTime ? 'login_sessions_seen' : 'login_sessions'
    const part = database.prepare<[object], Part>(
      `SELECT ${columns} FROM ${table} WHERE ${['id >= @from', 'id < @until', ...tests].join(' AND ')}`,
    )
    for (const [from, until] of rangesOf(countAll.get() ?? 0)) {
      yield part.all({ ...values, from, until })
      await nextTurn()
      if (!database.open) return
    }
  }

  async function countUsers(now: number): Promise<number> {
    let users = 0
    let last = ''
    while (database.open) {
      const some = someUsers.all(last, rowsPerPart)
      users += some.filter(({ expiresAt }) => expiresAt > now).length
      const end = some.at(-1)
      if (end === undefined) break
      last = end.userId
      await nextTurn()
    }
    return users
  }

  async function* scan(filter: SessionFilter, moment: Moment): AsyncGenerator<readonly Session[]> {
    for await (const rows of parts<Row>(filter, moment, selected, true)) yield rows.map(sessionOf)
  }

  return {
    scan,

    async page({ filter, sort, descending, offset, limit }: PageQuery, moment) {
      const all = Object.values(filter).every((wanted) => wanted === undefined)
      if (all && sort === 'createdAt' && descending)
        return { sessions: youngest.all({ offset, limit }).flatMap((id) => read(id) ?? []), total: countAll.get() ?? 0 }
      const topK = createTopK<{ id: string; key: string | number }>(offset + limit, orderOf(descending))
      for await (const rows of parts<{ id: string; key: string | number }>(
        filter,
        moment,
        `id, ${columnOfSort[sort]} AS key`,
        sort === 'lastActivity',
      )) {
        for (const row of rows) topK.add(row)
      }
      return {
        sessions: database.open
          ? topK
              .first()
              .slice(offset)
              .flatMap(({ id }) => read(id) ?? [])
          : [],
        total: topK.total(),
      }
    },

    async live({ now, idleTimeout }) {
      if (idleTimeout === null) return countLive.get(now) ?? 0
      let live = 0
      for await (const rows of parts({ state: 'live' }, { now, idleTimeout }, '1', true)) live += rows.length
      return live
    },

    async counts(moment): Promise<Counts> {
      const total = countAll.get() ?? 0
      const ended = countEnded.get() ?? 0
      if (moment.idleTimeout === null) {
        const live = countLive.get(moment.now) ?? 0
        return { total, live, expired: Math.max(0, total - live - ended), ended, users: await countUsers(moment.now) }
      }
      const users = new Set<string>()
      let live = 0
      for await (const rows of parts<{ userId: string }>({ state: 'live' }, moment, 'user_id AS userId', true)) {
        live += rows.length
        for (const { userId } of rows) users.add(userId)
      }
      return { total, live, expired: Math.max(0, total - live - ended), ended, users: users.size }
    },

    async series(from, span, count) {
      const created: number[] = []
      const ended: number[] = []
      for (let slot = 0; slot < count && database.open; slot += 1) {
        const times = { from: from + slot * span, until: from + (slot + 1) * span }
        created.push(createdBetween.get(times) ?? 0)
        ended.push(endedBetween.get(times) ?? 0)
        await nextTurn()
      }
      return { created, ended }
    },

    async *endedSince(since, now) {
      let last = { at: since - 1, id: '\u{10ffff}' }
      while (database.open) {
        const some = someEnded.all({ ...last, limit: rowsPerPart })
        const good = some.filter(({ expiresAt }) => expiresAt > now).map(({ id }) => id)
        if (good.length > 0) yield good.flatMap((id) => find.get(id) ?? []).map(sessionOf)
        const end = some.at(-1)
        if (end === undefined) return
        last = end
        await nextTurn()
      }
    },
  }
}

/** Parts of the table by the first signs of the ids, which are random and hexadecimal: each has about as many rows. */
function rangesOf(rows: number): [from: string, until: string][] {
  let digits = 0
  while (rows / 16 ** digits > rowsPerPart && digits < 4) digits += 1
  const starts = Array.from({ length: 16 ** digits }, (_, index) => (index === 0 ? '' : index.toString(16).padStart(digits, '0')))
  return starts.map((from, index) => [from, starts[index + 1] ?? '\u{10ffff}'])
}

function conditions(
  { text, userId, role, state, createdAfter }: SessionFilter,
  { now, idleTimeout }: Moment,
): { tests: string[]; values: object; ofTime: boolean } {
  // When a session stops being live by time alone.
  const over = idleTimeout === null ? '+expires_at' : 'MIN(expires_at, last_activity + @idleTimeout)'
  // A plus keeps the planner from an index: with one it would go through all live sessions for each part.
  const tests = [
    userId === undefined ? null : '+user_id = @userId',
    role === undefined ? null : 'role_name = @role',
    createdAfter === undefined ? null : '+created_at >= @createdAfter',
    state === undefined
      ? null
      : state === 'unended'
        ? '+ended_at IS NULL'
        : state === 'live'
          ? `+ended_at IS NULL AND ${over} > @now`
          : `(+ended_at IS NOT NULL OR ${over} <= @now)`,
    text === undefined
      ? null
      : `concat_ws(char(10), username, user_id, id, address, device, reported_address, reported_device) LIKE @pattern ESCAPE '\\'`,
  ].filter((test) => test !== null)
  const pattern = `%${(text ?? '').replace(/[\\%_]/g, '\\$&')}%`
  return {
    tests,
    values: { now, idleTimeout, userId, role, createdAfter, pattern },
    ofTime: (state === 'live' || state === 'over') && idleTimeout !== null,
  }
}

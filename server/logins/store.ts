/** Sessions in SQLite: in the house's database, or in one that lives in memory only. */
import type { Database } from 'better-sqlite3'
import type { Log } from '../log.ts'
import { createGroupCommit } from './group-commit.ts'
import { createRecent } from './recent.ts'
import type { Session, StoredEndReason } from './session.ts'
import { createSignal, worthTelling, type Counts, type Moment, type SessionFilter, type SessionSort, type SessionStore } from './session-store.ts'

interface Row extends Omit<Session, 'permissions' | 'rememberMe' | 'endReason'> {
  permissions: string
  rememberMe: number
  endReason: string | null
}

const columnOf: Readonly<Record<keyof Session, string>> = {
  id: 'id',
  userId: 'user_id',
  username: 'username',
  roleName: 'role_name',
  permissions: 'permissions',
  rememberMe: 'remember_me',
  createdAt: 'created_at',
  expiresAt: 'expires_at',
  absoluteEndsAt: 'absolute_ends_at',
  lastActivity: 'last_activity',
  address: 'address',
  device: 'device',
  reportedAddress: 'reported_address',
  reportedDevice: 'reported_device',
  tokenId: 'token_id',
  tokenIssuedAt: 'token_issued_at',
  previousTokenId: 'previous_token_id',
  previousUntil: 'previous_until',
  renewals: 'renewals',
  endedAt: 'ended_at',
  endReason: 'end_reason',
}
const pairs = Object.entries(columnOf)
/** What a change may change; the rest of a session stays as it was created. */
const changing = ['expiresAt', 'lastActivity', 'tokenId', 'tokenIssuedAt', 'previousTokenId', 'previousUntil', 'renewals', 'endedAt', 'endReason'] as const
const selected = pairs.map(([field, column]) => `${column} AS ${field}`).join(', ')
const sortColumn: Readonly<Record<SessionSort, string>> = { lastActivity: 'last_activity', createdAt: 'created_at', expiresAt: 'expires_at', username: 'username COLLATE NOCASE' }

/** Sessions kept as objects, some 120 MB when as many are in use; others are read from SQLite, which takes some ten microseconds. */
const keepAtMost = 200_000
/** Rows written or removed in one turn: about a millisecond, so that requests are not kept waiting. */
const rowsPerTurn = 400

/** The moment a session stops being live by time alone. */
const overByTime = 'MIN(expires_at, COALESCE(last_activity + @idleTimeout, expires_at))'

export function createSqliteStore({ database, kind, log }: { database: Database; kind: 'memory' | 'database'; log: Pick<Log, 'error'> }): SessionStore {
  const find = database.prepare<[string], Row>(`SELECT ${selected} FROM login_sessions_seen WHERE id = ?`)
  const ofUser = database.prepare<[string], Row>(`SELECT ${selected} FROM login_sessions_seen WHERE user_id = ? AND ended_at IS NULL ORDER BY created_at DESC, id`)
  const put = database.prepare(`INSERT INTO login_sessions (${pairs.map(([, column]) => column).join(', ')}) VALUES (${pairs.map(([field]) => `@${field}`).join(', ')})
    ON CONFLICT (id) DO UPDATE SET ${changing.map((field) => `${columnOf[field]} = @${field}`).join(', ')}`)
  const touch = database.prepare('INSERT INTO login_activity (session_id, at) VALUES (?, ?) ON CONFLICT (session_id) DO UPDATE SET at = max(at, excluded.at)')
  // With an idle limit every row has to be looked at; without one the indexes know it all.
  const countRows = database.prepare<[Moment], Counts>(`
    SELECT count(*) AS total,
      count(*) FILTER (WHERE ended_at IS NULL AND ${overByTime} > @now) AS live,
      count(*) FILTER (WHERE ended_at IS NULL AND ${overByTime} <= @now) AS expired,
      count(*) FILTER (WHERE ended_at IS NOT NULL) AS ended,
      count(DISTINCT CASE WHEN ended_at IS NULL AND ${overByTime} > @now THEN user_id END) AS users
    FROM login_sessions_seen`)
  const countIndexes = database.prepare<[Moment], Counts>(`
    SELECT (SELECT count(*) FROM login_sessions) AS total,
      (SELECT count(*) FROM login_sessions WHERE ended_at IS NULL AND expires_at > @now) AS live,
      (SELECT count(*) FROM login_sessions WHERE ended_at IS NULL AND expires_at <= @now) AS expired,
      (SELECT count(*) FROM login_sessions WHERE ended_at IS NOT NULL) AS ended,
      (SELECT count(*) FROM (SELECT 1 FROM login_sessions WHERE ended_at IS NULL GROUP BY user_id HAVING max(expires_at) > @now)) AS users`)
  const countLive = database.prepare<[number], number>('SELECT count(*) FROM login_sessions WHERE ended_at IS NULL AND expires_at > ?').pluck()
  const endedSince = database.prepare<[number, number, number], Row>(`SELECT ${selected} FROM login_sessions_seen WHERE ended_at >= ? AND expires_at > ? ORDER BY ended_at LIMIT ?`)
  const removeOver = database.prepare<[{ before: number; limit: number }], string>(`
    DELETE FROM login_sessions WHERE id IN (
      SELECT id FROM login_sessions WHERE ended_at < @before UNION ALL
      SELECT id FROM login_sessions WHERE ended_at IS NULL AND expires_at < @before LIMIT @limit
    ) RETURNING id`).pluck()
  const forgetActivity = database.prepare('DELETE FROM login_activity WHERE session_id = ?')
  const perSpan = (column: string) =>
    database.prepare<[{ from: number; span: number; until: number }], { slot: number; count: number }>(
      `SELECT CAST((${column} - @from) / @span AS INTEGER) AS slot, count(*) AS count FROM login_sessions WHERE ${column} >= @from AND ${column} < @until GROUP BY slot`,
    )
  const createdPerSpan = perSpan('created_at')
  const endedPerSpan = perSpan('ended_at')

  const remove = database.transaction((before: number): string[] => {
    const ids = removeOver.all({ before, limit: rowsPerTurn })
    for (const id of ids) forgetActivity.run(id)
    return ids
  })

  const commit = createGroupCommit(database)
  const changes = createSignal<readonly Session[]>((error) => log.error({ error: String(error) }, 'a listener to changed sessions failed'))
  const kept = createRecent<Session>(keepAtMost)

  function read(id: string): Session | null {
    const known = kept.get(id)
    if (known !== undefined) return known
    const row = find.get(id)
    if (row === undefined) return null
    const session = sessionOf(row)
    kept.set(id, session)
    return session
  }

  function countIn(statement: typeof createdPerSpan, from: number, span: number, count: number): number[] {
    const slots = new Array<number>(count).fill(0)
    for (const { slot, count: found } of statement.all({ from, span, until: from + span * count })) slots[slot] = found
    return slots
  }

  return {
    kind,
    find: read,

    change(userId, scope, decide) {
      return commit(
        () => {
          // From the table, not from what is kept: an earlier change of this very transaction is not kept yet.
          const rows = scope === 'all' ? ofUser.all(userId) : [find.get(scope.session)].filter((row) => row !== undefined)
          const before = rows.filter((row) => row.userId === userId).map(sessionOf)
          const { put: changed, result } = decide(before)
          for (const session of changed) put.run(rowOf(session))
          return { changed, result, told: worthTelling(before, changed) }
        },
        // In the same turn as the commit: no request can be answered from what was true before it.
        ({ changed, told, result }) => {
          for (const session of changed) kept.set(session.id, session)
          if (told.length > 0) changes.tell(told)
          return result
        },
      )
    },

    async touch(times) {
      const all = [...times]
      for (let begin = 0; begin < all.length; begin += rowsPerTurn) {
        const some = all.slice(begin, begin + rowsPerTurn)
        withoutSync(database, () => {
          for (const [id, time] of some) touch.run(id, time)
        })
        for (const [id, time] of some) {
          const session = kept.get(id)
          if (session !== undefined && session.lastActivity < time) session.lastActivity = time
        }
        await nextTurn()
        if (!database.open) return
      }
    },

    async ofUser(userId) {
      return ofUser.all(userId).map(sessionOf)
    },

    async page({ filter, sort, descending, offset, limit }, moment) {
      const { where, values } = conditions(filter, moment)
      const direction = descending ? 'DESC' : 'ASC'
      const total = database.prepare<[object], number>(`SELECT count(*) FROM login_sessions_seen ${where}`).pluck().get(values) ?? 0
      const rows = database.prepare<[object], Row>(`
        SELECT ${selected} FROM (SELECT id AS wanted FROM login_sessions_seen ${where} ORDER BY ${sortColumn[sort]} ${direction}, id LIMIT @limit OFFSET @offset)
        JOIN login_sessions_seen ON id = wanted ORDER BY ${sortColumn[sort]} ${direction}, id`).all({ ...values, limit, offset })
      return { sessions: rows.map(sessionOf), total }
    },

    async live({ now, idleTimeout }) {
      return idleTimeout === null ? (countLive.get(now) ?? 0) : (countRows.get({ now, idleTimeout })?.live ?? 0)
    },

    async counts(moment) {
      return (moment.idleTimeout === null ? countIndexes : countRows).get(moment) ?? { total: 0, live: 0, expired: 0, ended: 0, users: 0 }
    },

    async series(from, span, count) {
      return { created: countIn(createdPerSpan, from, span, count), ended: countIn(endedPerSpan, from, span, count) }
    },

    async endedSince(since, now, limit) {
      return endedSince.all(since, now, limit).map(sessionOf)
    },

    async removeOver(before) {
      let removed = 0
      while (database.open) {
        const ids = remove(before)
        for (const id of ids) kept.delete(id)
        removed += ids.length
        if (ids.length < rowsPerTurn) break
        await nextTurn()
      }
      return removed
    },

    onChange: changes.subscribe,
    state: () => ({ up: true }),
    onState: () => () => undefined,
    start: async () => undefined,
    async stop() {
      commit.flush()
    },
  }
}

function conditions(filter: SessionFilter, moment: Moment): { where: string; values: object } {
  const tests = [
    filter.userId === undefined ? null : 'user_id = @userId',
    filter.role === undefined ? null : 'role_name = @role',
    filter.createdAfter === undefined ? null : 'created_at >= @createdAfter',
    filter.state === undefined ? null : filter.state === 'live' ? `ended_at IS NULL AND ${overByTime} > @now` : `(ended_at IS NOT NULL OR ${overByTime} <= @now)`,
    filter.text === undefined ? null : `concat_ws(char(10), username, user_id, id, address, device, reported_address, reported_device) LIKE @pattern ESCAPE '\\'`,
  ].filter((test) => test !== null)
  const pattern = `%${(filter.text ?? '').replace(/[\\%_]/g, '\\$&')}%`
  return { where: tests.length === 0 ? '' : `WHERE ${tests.join(' AND ')}`, values: { ...moment, userId: filter.userId, role: filter.role, createdAfter: filter.createdAfter, pattern } }
}

/** Last activity may be lost with the power, so its writes do not wait for the disk; all others do. */
function withoutSync(database: Database, work: () => void): void {
  database.pragma('synchronous = NORMAL')
  try {
    database.transaction(work).immediate()
  } finally {
    database.pragma('synchronous = FULL')
  }
}

function sessionOf({ permissions, rememberMe, endReason, ...row }: Row): Session {
  // Both were written by us: the permissions as a list of strings, the reason from its own type.
  return { ...row, permissions: JSON.parse(permissions) as string[], rememberMe: rememberMe === 1, endReason: endReason as StoredEndReason | null }
}

function rowOf(session: Session): Row {
  return { ...session, permissions: JSON.stringify(session.permissions), rememberMe: session.rememberMe ? 1 : 0 }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

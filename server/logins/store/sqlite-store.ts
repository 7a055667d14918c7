/** Sessions in SQLite: in the house's database, or in one that lives in memory only. */
import { createSignal } from '../../async/signal.ts'
import type { Log } from '../../log.ts'
import { quickly, type Database } from '../../store/database.ts'
import { createGroupCommit } from './group-commit.ts'
import { createLruCache } from '../lru-cache.ts'
import { columnOf, columnPairs, nextTurn, rowOf, selected, sessionOf, type SessionRow as Row } from './sqlite-rows.ts'
import type { Session } from '../session.ts'
import { worthAnnouncing, type SessionStore } from './session-store.ts'
import { createSqliteSearch } from './sqlite-search.ts'

/** What a change may change; the rest of a session stays as it was created. */
const changing = [
  'expiresAt',
  'lastActivity',
  'tokenId',
  'tokenIssuedAt',
  'previousTokenId',
  'previousUntil',
  'renewals',
  'endedAt',
  'endReason',
] as const

/** Sessions kept as objects, some 120 MB when as many are in use; others are read from SQLite, which takes some ten microseconds. */
const keepAtMost = 200_000
/** Rows written or removed in one turn: about a millisecond, so that requests are not kept waiting. */
const rowsPerTurn = 400

export function createSqliteStore({
  database,
  kind,
  log,
}: {
  database: Database
  kind: 'memory' | 'database'
  log: Pick<Log, 'error'>
}): SessionStore {
  const find = database.prepare<[string], Row>(`SELECT ${selected} FROM login_sessions_seen WHERE id = ?`)
  const ofUser = database.prepare<[string], Row>(
    `SELECT ${selected} FROM login_sessions_seen WHERE user_id = ? AND ended_at IS NULL ORDER BY created_at DESC, id DESC`,
  )
  const idsOfUser = database.prepare<[string], string>('SELECT id FROM login_sessions WHERE user_id = ? AND ended_at IS NULL').pluck()
  const put =
    database.prepare(`INSERT INTO login_sessions (${columnPairs.map(([, column]) => column).join(', ')}) VALUES (${columnPairs.map(([field]) => `@${field}`).join(', ')})
    ON CONFLICT (id) DO UPDATE SET ${changing.map((field) => `${columnOf[field]} = @${field}`).join(', ')}`)
  const touch = database.prepare(
    'INSERT INTO login_activity (session_id, at) VALUES (?, ?) ON CONFLICT (session_id) DO UPDATE SET at = max(at, excluded.at)',
  )
  const touchAll = database.transaction((times: readonly (readonly [string, number])[]) => {
    for (const [id, time] of times) touch.run(id, time)
  })
  const removeOver = database
    .prepare<[{ before: number; limit: number }], string>(
      `
    DELETE FROM login_sessions WHERE id IN (
      SELECT id FROM login_sessions WHERE ended_at < @before UNION ALL
      SELECT id FROM login_sessions WHERE ended_at IS NULL AND expires_at < @before LIMIT @limit
    ) RETURNING id`,
    )
    .pluck()
  const forgetActivity = database.prepare('DELETE FROM login_activity WHERE session_id = ?')
  const remove = database.transaction((before: number): string[] => {
    const ids = removeOver.all({ before, limit: rowsPerTurn })
    for (const id of ids) forgetActivity.run(id)
    return ids
  })

  const commit = createGroupCommit(database)
  const changes = createSignal<[readonly Session[]]>((error) =>
    log.error({ error: String(error) }, 'a listener to changed sessions failed'),
  )
  const kept = createLruCache<Session>(keepAtMost)

  function read(id: string): Session | null {
    const known = kept.get(id)
    if (known !== undefined) return known
    const row = find.get(id)
    if (row === undefined) return null
    const session = sessionOf(row)
    kept.set(id, session)
    return session
  }

  return {
    kind,
    ...createSqliteSearch(database, read),
    find: read,

    change(userId, scope, decide) {
      return commit(
        () => {
          // From the table, not from what is kept: an earlier change of this very transaction is not kept yet.
          const rows = scope === 'all' ? ofUser.all(userId) : [find.get(scope.session)].filter((row) => row !== undefined)
          const before = rows.filter((row) => row.userId === userId).map(sessionOf)
          const { put: changed, result } = decide(before)
          for (const session of changed) put.run(rowOf(session))
          return { changed, result, announced: worthAnnouncing(before, changed) }
        },
        // In the same turn as the commit: no request can be answered from what was true before it.
        ({ changed, announced, result }) => {
          for (const session of changed) kept.set(session.id, session)
          if (announced.length > 0) changes.emit(announced)
          return result
        },
      )
    },

    async touch(times) {
      const all = [...times]
      for (let begin = 0; begin < all.length; begin += rowsPerTurn) {
        const some = all.slice(begin, begin + rowsPerTurn)
        // Last activity may be lost with the power; all else is synced.
        quickly(database, () => touchAll.immediate(some))
        for (const [id, time] of some) {
          const session = kept.get(id)
          if (session !== undefined && session.lastActivity < time) session.lastActivity = time
        }
        await nextTurn()
        if (!database.open) return
      }
    },

    // What is kept need not be read: a row of so many columns takes longer than the rest of the request.
    async ofUser(userId) {
      return idsOfUser
        .all(userId)
        .flatMap((id) => read(id) ?? [])
        .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
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

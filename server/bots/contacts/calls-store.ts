/** The table of calls: what is known of each, so that one that is told again after a return stays one. */
import type { Database } from 'better-sqlite3'
import { quickly } from '../../store/database.ts'

export type CallState = 'offered' | 'accepted' | 'rejected' | 'missed' | 'ended'

export interface CallRow {
  id: string
  chat: string
  person: string
  video: boolean
  state: CallState
  at: number
}

export type CallStore = ReturnType<typeof createCallStore>

export function createCallStore(database: Database) {
  const columns = 'call_id AS id, chat, person, video, state, at'
  const one = database.prepare<[string, string], RawCall>(`SELECT ${columns} FROM bot_calls WHERE user_id = ? AND call_id = ?`)
  const list = database.prepare<[string, number], RawCall>(
    `SELECT ${columns} FROM bot_calls WHERE user_id = ? ORDER BY at DESC, call_id LIMIT ?`,
  )
  const put = database.prepare(`
    INSERT INTO bot_calls (user_id, call_id, chat, person, video, state, at) VALUES (@userId, @id, @chat, @person, @video, @state, @at)
    ON CONFLICT DO UPDATE SET state = excluded.state`)
  const trim = database.prepare('DELETE FROM bot_calls WHERE user_id = ? AND at < ?')
  const read = ({ video, ...call }: RawCall): CallRow => ({ ...call, video: video === 1 })
  return {
    find(userId: string, id: string): CallRow | null {
      const found = one.get(userId, id)
      return found === undefined ? null : read(found)
    },
    list: (userId: string, limit: number): CallRow[] => list.all(userId, limit).map(read),
    put: (userId: string, { video, ...call }: CallRow): void =>
      void quickly(database, () => put.run({ userId, ...call, video: video ? 1 : 0 })),
    trim: (userId: string, before: number): void => void trim.run(userId, before),
  }
}

interface RawCall extends Omit<CallRow, 'video'> {
  video: number
}

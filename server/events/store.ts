/** The audit trail's table. */
import type { Database } from 'better-sqlite3'
import { iso } from '../clock.ts'
import type { ApiName } from '../http/contract.ts'
import { busEvent, type BusEvent, type EventTone } from './event.ts'

export interface AuditQuery {
  /** Only events with a smaller id. */
  before?: number | undefined
  limit: number
  room?: ApiName | undefined
  tone?: EventTone | undefined
  /** In title, subject or actor. */
  text?: string | undefined
}

interface Row {
  id: number
  at: number
  room: string
  type: string
  title: string
  subject: string | null
  actor: string
  tone: string
  data: string
}

const searched = ['title', 'subject', 'actor']

export type EventStore = ReturnType<typeof createEventStore>

export function createEventStore(database: Database) {
  const insert = database.prepare<[Row]>(`
    INSERT INTO events (id, at, room, type, title, subject, actor, tone, data)
    VALUES (@id, @at, @room, @type, @title, @subject, @actor, @tone, @data)`)
  const reserved = database.prepare<[], number>('SELECT reserved FROM event_ids').pluck()
  const reserve = database.prepare<[number]>('UPDATE event_ids SET reserved = ?')
  const between = database.prepare<[number, number, number], Row>('SELECT * FROM events WHERE id > ? AND id < ? ORDER BY id LIMIT ?')
  const newestId = database.prepare<[], number | null>('SELECT max(id) FROM events').pluck()
  const oldestId = database.prepare<[], number | null>('SELECT min(id) FROM events').pluck()
  const count = database.prepare<[], number>('SELECT count(*) FROM events').pluck()
  // Ids and times rise together, so the oldest rows are found without an index on the time.
  const deleteOlder = database.prepare<[number, number]>(`
    DELETE FROM events WHERE id IN (SELECT id FROM (SELECT id, at FROM events ORDER BY id LIMIT ?) WHERE at < ?)`)
  const deleteOldest = database.prepare<[number]>('DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY id LIMIT ?)')

  return {
    append: database.transaction((events: readonly BusEvent[]) => {
      for (const event of events) insert.run(toRow(event))
    }),

    /** The highest id that may have been given out. */
    lastId: (): number => Math.max(reserved.get() ?? 0, newestId.get() ?? 0),

    reserveIds(upTo: number): void {
      reserve.run(upTo)
    },

    /** Kept events with `after < id < before`, oldest first. */
    between: (after: number, before: number, limit: number): BusEvent[] => between.all(after, before, limit).map(toEvent),

    /** Kept events with `after < id < before` that match, newest first. */
    query({ after, before, limit, room, tone, text }: AuditQuery & { after: number; before: number }): BusEvent[] {
      const conditions = [
        'id > @after AND id < @before',
        ...(room === undefined ? [] : ['room = @room']),
        ...(tone === undefined ? [] : ['tone = @tone']),
        ...(text === undefined || text === '' ? [] : [`(${searched.map((column) => `${column} LIKE @pattern ESCAPE '\\'`).join(' OR ')})`]),
      ]
      const values = { after, before, room, tone, limit, pattern: `%${(text ?? '').replace(/[\\%_]/g, '\\$&')}%` }
      const matching = database.prepare<[typeof values], Row>(
        `SELECT * FROM events WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT @limit`,
      )
      return matching.all(values).map(toEvent)
    },

    oldestId: (): number => oldestId.get() ?? 0,

    count: (): number => count.get() ?? 0,

    /** Deletes at most `limit` events from before `time`; returns how many it were. */
    deleteOlder: (time: number, limit: number): number => deleteOlder.run(limit, time).changes,

    deleteOldest: (limit: number): number => deleteOldest.run(limit).changes,
  }
}

function toRow(event: BusEvent): Row {
  return { ...event, at: Date.parse(event.at), data: JSON.stringify(event.data) }
}

function toEvent(row: Row): BusEvent {
  return busEvent.parse({ ...row, at: iso(row.at), data: JSON.parse(row.data) })
}

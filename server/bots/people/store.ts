/** The table of people who go by more than one id. */
import type { Database } from 'better-sqlite3'
import type { Pair } from '../engine/people.ts'

export type PeopleStore = ReturnType<typeof createPeopleStore>

export function createPeopleStore(database: Database) {
  const idOf = database.prepare<[string, string], string>('SELECT id FROM bot_people WHERE user_id = ? AND other = ?').pluck()
  const others = database
    .prepare<[string, string], string>('SELECT other FROM bot_people WHERE user_id = ? AND id = ? ORDER BY other')
    .pluck()
  const spoken = database
    .prepare<[string, string], string>('SELECT other FROM bot_people WHERE user_id = ? AND id = ? AND speaks = 1')
    .pluck()
  const insert = database.prepare(
    'INSERT INTO bot_people (user_id, other, id) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET id = excluded.id, speaks = 0',
  )
  const remove = database.prepare('DELETE FROM bot_people WHERE user_id = ? AND other = ?')
  // One by one: SQLite finds rows by no index that it is changing, and would look at all people for each.
  const repoint = database.prepare('UPDATE bot_people SET id = ? WHERE user_id = ? AND other = ?')
  const setSpoken = database.prepare('UPDATE bot_people SET speaks = (other = ?) WHERE user_id = ? AND id = ?')
  const list = database.prepare<[string, string, number], Pair>(
    "SELECT other, id FROM bot_people WHERE user_id = ? AND other > ? AND other LIKE '%@lid' ORDER BY other LIMIT ?",
  )

  return {
    idOf: (userId: string, other: string): string | undefined => idOf.get(userId, other),
    others: (userId: string, id: string): string[] => others.all(userId, id),
    add: (userId: string, { other, id }: Pair): void => void insert.run(userId, other, id),
    remove: (userId: string, other: string): void => void remove.run(userId, other),
    /** Whoever was known by `from` is known by `to`. */
    repoint(userId: string, from: string, to: string): void {
      for (const other of others.all(userId, from)) repoint.run(to, userId, other)
    },
    spoken: (userId: string, id: string): string | undefined => spoken.get(userId, id),
    setSpoken: (userId: string, id: string, other: string): void => void setSpoken.run(other, userId, id),
    /** Hidden ids with their numbers, after one of them. */
    list: (userId: string, after: string, limit: number): Pair[] => list.all(userId, after, limit),
  }
}

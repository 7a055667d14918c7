/** The table of how busy each bot was. */
import type { Database } from 'better-sqlite3'

export interface Counts {
  received: number
  sent: number
  failed: number
}

export type ActivityStore = ReturnType<typeof createActivityStore>

export function createActivityStore(database: Database) {
  // A bot that was removed meanwhile has no row to hang it on.
  const add = database.prepare(`
    INSERT INTO bot_activity (user_id, slot, received, sent, failed)
    SELECT @userId, @slot, @received, @sent, @failed WHERE EXISTS (SELECT 1 FROM bots WHERE user_id = @userId)
    ON CONFLICT DO UPDATE SET
      received = received + excluded.received, sent = sent + excluded.sent, failed = failed + excluded.failed`)
  const since = database.prepare<[string, number], Counts & { slot: number }>(
    'SELECT slot, received, sent, failed FROM bot_activity WHERE user_id = ? AND slot >= ?',
  )
  const trim = database.prepare('DELETE FROM bot_activity WHERE slot < ?')
  return {
    add: database.transaction((counts: readonly (Counts & { userId: string; slot: number })[]) => {
      for (const each of counts) add.run(each)
    }),
    since: (userId: string, slot: number): (Counts & { slot: number })[] => since.all(userId, slot),
    trim: (before: number): void => void trim.run(before),
  }
}

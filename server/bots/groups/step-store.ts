/** The table of what bots have done to groups within the last day. */
import type { Database } from 'better-sqlite3'

/** `join`: a group is made or joined. `add`: a person is added. `change`: anything else. */
export type Step = 'join' | 'add' | 'change'

export interface TakenStep {
  at: number
  step: Step
  amount: number
}

export interface StepStore {
  /** The oldest first. */
  since(userId: string, time: number): TakenStep[]
  /** All of them, in the place of those up to `before`. */
  add(userId: string, steps: readonly TakenStep[], before: number): void
}

export function createStepStore(database: Database): StepStore {
  const since = database.prepare<[string, number], TakenStep>(
    'SELECT at, step, amount FROM bot_group_steps WHERE user_id = ? AND at > ? ORDER BY at',
  )
  const insert = database.prepare('INSERT INTO bot_group_steps (user_id, at, step, amount) VALUES (?, ?, ?, ?)')
  const trim = database.prepare('DELETE FROM bot_group_steps WHERE user_id = ? AND at <= ?')
  return {
    since: (userId, time) => since.all(userId, time),
    add: database.transaction((userId: string, steps: readonly TakenStep[], before: number) => {
      trim.run(userId, before)
      for (const { at, step, amount } of steps) insert.run(userId, at, step, amount)
    }),
  }
}

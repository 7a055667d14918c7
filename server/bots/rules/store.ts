/** The table of rules. */
import type { Database } from 'better-sqlite3'
import { quickly } from '../../store/database.ts'
import type { RuleDefinition } from '../contract/native/rules.ts'

export interface Rule extends RuleDefinition {
  id: string
  createdAt: number
  matched: number
  held: number
  failed: number
  lastMatchedAt: number | null
  problem: string | null
  problemAt: number | null
  /** Null where nobody noted it. */
  madeBy: string | null
}

/** As it is written. */
type KeptRule = RuleDefinition & Pick<Rule, 'madeBy'>

export type RuleOutcome = 'done' | 'held' | 'failed'

export type RuleStore = ReturnType<typeof createRuleStore>

export function createRuleStore(database: Database) {
  const list = database.prepare<[string], RawRule>(`
    SELECT id, definition, created_at AS createdAt, matched, held, failed, last_matched_at AS lastMatchedAt,
      problem, problem_at AS problemAt
    FROM bot_rules WHERE user_id = ? ORDER BY place, created_at`)
  const insert = database.prepare(`
    INSERT INTO bot_rules (id, user_id, place, definition, created_at)
    VALUES (@id, @user, (SELECT coalesce(max(place), 0) + 1 FROM bot_rules WHERE user_id = @user), @definition, @now)`)
  // What went wrong under the old words says nothing about the new ones.
  const change = database.prepare('UPDATE bot_rules SET definition = ?, problem = NULL, problem_at = NULL WHERE id = ?')
  const remove = database.prepare('DELETE FROM bot_rules WHERE user_id = ? AND id = ?')
  const setPlace = database.prepare('UPDATE bot_rules SET place = ? WHERE user_id = ? AND id = ?')
  const count = database.prepare(`
    UPDATE bot_rules SET
      matched = matched + 1, held = held + (@outcome = 'held'), failed = failed + (@outcome = 'failed'), last_matched_at = @now,
      problem = CASE @outcome WHEN 'failed' THEN @problem WHEN 'done' THEN NULL ELSE problem END,
      problem_at = CASE @outcome WHEN 'failed' THEN @now WHEN 'done' THEN NULL ELSE problem_at END
    WHERE id = @id`)

  return {
    list: (userId: string): Rule[] =>
      // The definition was checked when it came in.
      list
        .all(userId)
        .map(({ definition, ...facts }) => ({ madeBy: null, ...(JSON.parse(definition) as RuleDefinition & Partial<KeptRule>), ...facts })),
    insert: (userId: string, id: string, definition: KeptRule, now: number): void =>
      void insert.run({ id, user: userId, definition: JSON.stringify(definition), now }),
    change: (id: string, definition: KeptRule): void => void change.run(JSON.stringify(definition), id),
    remove: (userId: string, id: string): boolean => remove.run(userId, id).changes > 0,
    order: database.transaction((userId: string, ids: readonly string[]) => {
      for (const [place, id] of ids.entries()) setPlace.run(place + 1, userId, id)
    }),
    count: (id: string, outcome: RuleOutcome, problem: string | null, now: number): void =>
      void quickly(database, () => count.run({ id, outcome, problem, now })),
  }
}

interface RawRule extends Omit<Rule, keyof KeptRule> {
  definition: string
}

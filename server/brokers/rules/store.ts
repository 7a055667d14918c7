/** The table of rules. What is secret of a webhook is in the table of webhooks, sealed. */
import type { Database } from 'better-sqlite3'
import { quickly } from '../../store/database.ts'
import type { NewRule, RuleAction } from '../contract/rules.ts'

/** What a rule does, as it is kept: a webhook by its id. */
export type KeptAction = Exclude<RuleAction, { type: 'webhook' }> | { type: 'webhook'; webhook: string }
export interface Definition extends Omit<NewRule, 'action' | 'perMinute'> {
  action: KeptAction
  perMinute: number | null
}

export interface Counts {
  matched: number
  done: number
  failed: number
  held: number
  looped: number
  lastFiredAt: number | null
  problem: string | null
  /** When it began. */
  problemAt: number | null
}

export interface StoredRule {
  id: string
  sessionId: number
  definition: Definition
  counts: Counts
  createdAt: number
  /** Who answers for what it does; null where nobody noted it. */
  madeBy: string | null
}

interface Row extends Counts {
  id: string
  sessionId: number
  definition: string
  createdAt: number
  madeBy: string | null
}

export type RuleStore = ReturnType<typeof createRuleStore>

export function createRuleStore(database: Database) {
  const all = database.prepare<[], Row>(`
    SELECT id, session_id AS sessionId, definition, created_at AS createdAt, made_by AS madeBy, matched, done, failed, held, looped,
      last_fired_at AS lastFiredAt, problem, problem_at AS problemAt
    FROM broker_rules ORDER BY name`)
  const insert = database.prepare(`
    INSERT INTO broker_rules (id, session_id, name, definition, created_at, made_by)
    VALUES (@id, @sessionId, @name, @definition, @createdAt, @madeBy)`)
  const change = database.prepare('UPDATE broker_rules SET name = @name, definition = @definition, made_by = @madeBy WHERE id = @id')
  const remove = database.prepare('DELETE FROM broker_rules WHERE id = ?')
  const count = database.prepare(`
    UPDATE broker_rules SET matched = @matched, done = @done, failed = @failed, held = @held, looped = @looped,
      last_fired_at = @lastFiredAt, problem = @problem, problem_at = @problemAt
    WHERE id = @id`)
  const rowOf = ({ id, sessionId, definition, createdAt, madeBy }: StoredRule): object => ({
    ...{ id, sessionId, createdAt, madeBy, name: definition.name },
    definition: JSON.stringify(definition),
  })

  return {
    /** By name. */
    all: (): StoredRule[] =>
      all.all().map(({ id, sessionId, definition, createdAt, madeBy, ...counts }) => ({
        ...{ id, sessionId, createdAt, madeBy, counts },
        // Written by `rowOf`.
        definition: JSON.parse(definition) as Definition,
      })),
    add: (rule: StoredRule): void => void insert.run(rowOf(rule)),
    change: (rule: StoredRule): void => void change.run(rowOf(rule)),
    remove: (id: string): void => void remove.run(id),
    /** Figures for people: a power cut may take back the last of them. */
    count: (rules: readonly Pick<StoredRule, 'id' | 'counts'>[]): void =>
      quickly(database, () => database.transaction(() => rules.forEach(({ id, counts }) => count.run({ id, ...counts })))()),
  }
}

export const noCounts: Counts = { matched: 0, done: 0, failed: 0, held: 0, looped: 0, lastFiredAt: null, problem: null, problemAt: null }

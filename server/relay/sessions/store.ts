/** The table of session addresses. */
import type { Database } from 'better-sqlite3'
import { accountRules, noRules, sessionPolicy, type AccountRules, type SessionPolicy } from '../contract/parts.ts'

export interface StoredSession {
  id: string
  accountId: string
  hash: Buffer
  sealed: Buffer
  /** The first characters of the secret id, to tell sessions apart. */
  prefix: string
  name: string | null
  createdAt: number
  expiresAt: number
  lastUsedAt: number | null
  address: string
  userAgent: string | null
  origin: string | null
  policy: SessionPolicy
  /** Of its account. */
  rules: AccountRules
  /** Credits so far. */
  spent: number
  /** Null where nobody noted it. */
  madeBy: string | null
  /** Who decided what it reaches. */
  policyBy: string | null
}

type Row = Omit<StoredSession, 'policy' | 'rules'> & { policy: string; rules: string | null }

export type SessionStore = ReturnType<typeof createSessionStore>

const columns = `id, account_id AS accountId, hash, sealed, prefix, name, created_at AS createdAt, expires_at AS expiresAt, last_used_at AS lastUsedAt, address, user_agent AS userAgent, origin, policy, spent, made_by AS madeBy, policy_by AS policyBy,
  (SELECT rules FROM relay_account_rules AS rule WHERE rule.account_id = relay_sessions.account_id) AS rules`

export function createSessionStore(database: Database) {
  const byHash = database.prepare<[Buffer], Row>(`SELECT ${columns} FROM relay_sessions WHERE hash = ?`)
  const byId = database.prepare<[string], Row>(`SELECT ${columns} FROM relay_sessions WHERE id = ?`)
  const ofAccount = database.prepare<[string], Row>(
    `SELECT ${columns} FROM relay_sessions WHERE account_id = ? ORDER BY created_at DESC, id`,
  )
  const byPolicy = database.prepare<[string], string>('SELECT id FROM relay_sessions WHERE policy_by = ?').pluck()
  const byGroup = database
    .prepare<[string], string>("SELECT id FROM relay_sessions WHERE EXISTS (SELECT 1 FROM json_each(policy, '$.groups') WHERE value = ?)")
    .pluck()
  // Most sessions are open to no origin: their policies are not taken apart.
  const openTo = database
    .prepare<{ origin: string; now: number }, number>(
      `SELECT 1 FROM relay_sessions WHERE instr(policy, '"origins":["') > 0 AND expires_at > @now
         AND EXISTS (SELECT 1 FROM json_each(policy, '$.origins') WHERE value = @origin) LIMIT 1`,
    )
    .pluck()
  const all = database.prepare<[], Row>(`SELECT ${columns} FROM relay_sessions ORDER BY created_at DESC, id`)
  const countActive = database.prepare<[number], number>('SELECT count(*) FROM relay_sessions WHERE expires_at > ?').pluck()
  const insert = database.prepare<[Omit<Row, 'rules'>]>(`
    INSERT INTO relay_sessions (id, account_id, hash, sealed, prefix, name, created_at, expires_at, last_used_at, address, user_agent, origin, policy, spent, made_by, policy_by)
    VALUES (@id, @accountId, @hash, @sealed, @prefix, @name, @createdAt, @expiresAt, @lastUsedAt, @address, @userAgent, @origin, @policy, @spent, @madeBy, @policyBy)`)
  const extend = database.prepare<[number, string]>('UPDATE relay_sessions SET expires_at = ? WHERE id = ?')
  const change = database.prepare<[string | null, string, string | null, string]>(
    'UPDATE relay_sessions SET name = ?, policy = ?, policy_by = ? WHERE id = ?',
  )
  const touch = database.prepare<[number, string]>('UPDATE relay_sessions SET last_used_at = ? WHERE id = ?')
  const spend = database.prepare<[number, string]>('UPDATE relay_sessions SET spent = spent + ? WHERE id = ?')
  const remove = database.prepare<[string]>('DELETE FROM relay_sessions WHERE id = ?')
  const sealed = database.prepare<[], { id: string; sealed: Buffer }>("SELECT id, sealed FROM relay_sessions WHERE sealed <> x''")
  const dropSealed = database.prepare<[string]>("UPDATE relay_sessions SET sealed = x'' WHERE id = ?")
  const rulesOf = database.prepare<[string], string>('SELECT rules FROM relay_account_rules WHERE account_id = ?').pluck()
  const allRules = database.prepare<[], { accountId: string; rules: string }>(
    'SELECT account_id AS accountId, rules FROM relay_account_rules',
  )
  const putRules = database.prepare<[string, string]>(
    'INSERT INTO relay_account_rules (account_id, rules) VALUES (?, ?) ON CONFLICT (account_id) DO UPDATE SET rules = excluded.rules',
  )
  const removeExpired = database.prepare<[number], string>('DELETE FROM relay_sessions WHERE expires_at <= ? RETURNING id').pluck()

  return {
    byHash: (hash: Buffer): StoredSession | undefined => parsed(byHash.get(hash)),
    byId: (id: string): StoredSession | undefined => parsed(byId.get(id)),
    /** Newest first. */
    ofAccount: (accountId: string): StoredSession[] => ofAccount.all(accountId).map(parse),
    /** Sessions of which it decided what they reach. */
    byPolicy: (policyBy: string): string[] => byPolicy.all(policyBy),
    /** Sessions that take a group of tools. */
    byGroup: (group: string): string[] => byGroup.all(group),
    /** Whether a live session is open to pages of this origin. */
    isAnyOpenTo: (origin: string, now: number): boolean => openTo.get({ origin, now }) !== undefined,
    all: (): StoredSession[] => all.all().map(parse),
    countActive: (now: number): number => countActive.get(now) ?? 0,
    insert: ({ rules: _, ...session }: StoredSession): void => void insert.run({ ...session, policy: JSON.stringify(session.policy) }),
    extend: (id: string, expiresAt: number): void => void extend.run(expiresAt, id),
    change: (id: string, name: string | null, policy: SessionPolicy, policyBy: string | null): void =>
      void change.run(name, JSON.stringify(policy), policyBy, id),
    /** One transaction for all of them. */
    touch: database.transaction((uses: ReadonlyMap<string, number>): void => {
      for (const [id, at] of uses) touch.run(at, id)
    }),
    rulesOf: (accountId: string): AccountRules => {
      const found = rulesOf.get(accountId)
      return found === undefined ? noRules : accountRules.parse(JSON.parse(found))
    },
    allRules: (): { accountId: string; rules: AccountRules }[] =>
      allRules.all().map(({ accountId, rules }) => ({ accountId, rules: accountRules.parse(JSON.parse(rules)) })),
    putRules: (accountId: string, rules: AccountRules): void => void putRules.run(accountId, JSON.stringify(rules)),
    spend: (id: string, credits: number): void => void spend.run(credits, id),
    /** For who looks at the sealed copies alone. */
    sealed: (): { id: string; sealed: Buffer }[] => sealed.all(),
    /** The addresses stay good; they cannot be shown again. */
    dropSealed: database.transaction((ids: readonly string[]): void => {
      for (const id of ids) dropSealed.run(id)
    }),
    remove: (id: string): boolean => remove.run(id).changes > 0,
    /** The rows that are no more. */
    removeExpired: (now: number): string[] => removeExpired.all(now),
  }
}

function parsed(row: Row | undefined): StoredSession | undefined {
  return row === undefined ? undefined : parse(row)
}

/** What cannot be understood opens nothing. */
export const opensNothing: SessionPolicy = sessionPolicy.parse({ upstreams: [], tools: [], prompts: [], resources: [] })

/** Through the schema, so that a policy written by an older version has today's fields. */
function parse(row: Row): StoredSession {
  return {
    ...row,
    policy: sessionPolicy.catch(opensNothing).parse(JSON.parse(row.policy)),
    rules: row.rules === null ? noRules : accountRules.parse(JSON.parse(row.rules)),
  }
}

/**
 * Any order of logins, validations, refreshes, pauses, endings and late tokens, through the real service on each store.
 *
 * `PROPERTY_RUNS=20000 PROPERTY_SEED=7` looks longer and elsewhere.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRedisStore } from '../../../server/logins/store/redis-store.ts'
import { connectRedis } from '../../../server/logins/store/redis-connection.ts'
import { graceMs } from '../../../server/logins/decisions.ts'
import { isLive, stateOf, type Session } from '../../../server/logins/session.ts'
import type { SessionStore } from '../../../server/logins/store/session-store.ts'
import { createSqliteStore } from '../../../server/logins/store/sqlite-store.ts'
import { systemClock } from '../../../server/clock.ts'
import { openDatabase } from '../../../server/store/database.ts'
import { migrate } from '../../../server/store/migrate.ts'
import { testLog } from '../../fakes/kernel.ts'
import { anyRules, anyStep, createModel, type Model } from '../../fakes/logins-model.ts'
import { startRedis, type RedisServer } from '../../fakes/redis-server.ts'
import { patience } from '../../fixtures/patience.ts'

const runs = Number(process.env['PROPERTY_RUNS'] ?? 300)
const seed = process.env['PROPERTY_SEED']
const options = { numRuns: runs, ...(seed === undefined ? {} : { seed: Number(seed) }) }
const steps = fc.array(anyStep, { minLength: 1, maxLength: 40 })

let redis: RedisServer
let connection: Awaited<ReturnType<typeof connectRedis>>
let inRedis: SessionStore
const database = openDatabase(':memory:')
migrate(database)
const inMemory = createSqliteStore({ database, kind: 'memory', log: testLog() })

beforeAll(async () => {
  redis = await startRedis()
  connection = await connectRedis({ url: redis.url, clock: systemClock, wallTime: systemClock.now, waitAtStart: patience, log: testLog() })
  inRedis = createRedisStore(connection, testLog())
  await inRedis.start()
})
afterAll(async () => {
  await inRedis.stop()
  await redis.dispose()
  database.close()
})

/** An SQLite store that begins empty; migrating a new database for every run would take longer than the run. */
function emptied(): SessionStore {
  database.exec('DELETE FROM login_sessions; DELETE FROM login_activity')
  return createSqliteStore({ database, kind: 'memory', log: testLog() })
}

test('keeps every promise about time, number and tokens', { timeout: 3_600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyRules, steps, async (rules, taken) => {
      const model = await createModel(emptied(), rules)
      const over = new Map<string, string>()
      let before: Session[] = []
      for (const step of taken) {
        await model.take(step)
        const after = await model.all()
        check(model, before, after, over)
        before = after
      }
      await model.end()
    }),
    options,
  )
})

function check({ clock, policy }: Model, before: readonly Session[], after: readonly Session[], over: Map<string, string>): void {
  const now = clock.now()
  const earlier = new Map(before.map((session) => [session.id, session]))
  for (const session of after) {
    const state = stateOf(session, now, policy.idleTimeout)
    // Over once is over for ever, for the same reason, unless somebody ends what time had ended: that is final.
    const known = over.get(session.id)
    if (known !== undefined) expect(state.live).toBe(false)
    if (known !== undefined && !state.live && session.endedAt === null) expect([session.id, state.reason]).toEqual([session.id, known])
    if (!state.live) over.set(session.id, state.reason)
    const last = earlier.get(session.id)
    if (last !== undefined && last.endedAt !== null) expect([session.endedAt, session.endReason]).toEqual([last.endedAt, last.endReason])
    expect(session.expiresAt).toBeLessThanOrEqual(session.absoluteEndsAt)
    if (policy.maxRenewals !== null) expect(session.renewals).toBeLessThanOrEqual(policy.maxRenewals)
    if (session.previousUntil !== null) expect(session.previousUntil).toBeLessThanOrEqual(now + graceMs)
    const old = earlier.get(session.id)
    if (old === undefined) continue
    expect(session.expiresAt).toBeGreaterThanOrEqual(old.expiresAt)
    expect(session.lastActivity).toBeGreaterThanOrEqual(old.lastActivity)
    // A token goes only after its successor had its grace.
    if (session.tokenId !== old.tokenId) expect(session.previousTokenId).toBe(old.tokenId)
  }
  for (const user of new Set(after.map(({ userId }) => userId))) {
    expect(after.filter((session) => session.userId === user && isLive(session, now, policy.idleTimeout)).length).toBeLessThanOrEqual(
      policy.limit('').maxConcurrent,
    )
  }
}

test('keeps at most two tokens of a session good, and none of one that is over', { timeout: 3_600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyRules, steps, async (rules, taken) => {
      const model = await createModel(emptied(), rules)
      for (const step of taken) await model.take(step)
      const found = await Promise.all(model.tokens.map((token) => model.sessions.introspect(token)))
      const good = new Map<string, number>()
      for (const each of found) {
        if (each === null) continue
        expect(isLive(each.session, model.clock.now(), model.policy.idleTimeout)).toBe(true)
        expect(each.endsAt).toBeGreaterThan(model.clock.now())
        expect(each.endsAt).toBeLessThanOrEqual(each.session.expiresAt)
        good.set(each.session.id, (good.get(each.session.id) ?? 0) + 1)
      }
      for (const count of good.values()) expect(count).toBeLessThanOrEqual(2)
      await model.end()
    }),
    options,
  )
})

test('comes to the same in SQLite and in Redis', { timeout: 3_600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyRules, steps, async (rules, taken) => {
      await connection.client.flushall()
      const [one, other] = [await createModel(emptied(), rules), await createModel(inRedis, rules)]
      for (const step of taken) expect([step, await one.take(step)]).toEqual([step, await other.take(step)])
      expect(await one.all()).toEqual(await other.all())
      const moment = { now: one.clock.now(), idleTimeout: one.policy.idleTimeout }
      expect(await inMemory.counts(moment)).toEqual(await inRedis.counts(moment))
      await Promise.all([one.end(), other.end()])
    }),
    { ...options, numRuns: Math.ceil(runs / 3) },
  )
})

/** The table of attempts: when each was made, how long it took and what came of it. What was sent and answered is sealed. */
import type { Database } from 'better-sqlite3'
import { z } from 'zod'
import type { Sealer } from '../../secrets/sealer.ts'
import type { Attempt } from './webhook.ts'

const sealedPart = z.object({ headers: z.record(z.string(), z.string()), answer: z.string().nullable() })

export type AttemptStore = ReturnType<typeof createAttemptStore>

export function createAttemptStore(database: Database, sealer: Sealer) {
  const insert = database.prepare('INSERT INTO webhook_attempts (delivery_id, at, ms, status, problem, sealed) VALUES (?, ?, ?, ?, ?, ?)')
  const trim = database.prepare(
    `DELETE FROM webhook_attempts WHERE delivery_id = ? AND number <=
       (SELECT number FROM webhook_attempts WHERE delivery_id = ? ORDER BY number DESC LIMIT 1 OFFSET ?)`,
  )
  const list = database.prepare<[string], Pick<Attempt, 'at' | 'ms' | 'status' | 'problem'> & { sealed: Buffer }>(
    'SELECT at, ms, status, problem, sealed FROM webhook_attempts WHERE delivery_id = ? ORDER BY number',
  )
  const last = database.prepare<[string], Pick<Attempt, 'at' | 'ms' | 'status'>>(
    'SELECT at, ms, status FROM webhook_attempts WHERE delivery_id = ? ORDER BY number DESC LIMIT 1',
  )

  return {
    /** Keeps `most` of a delivery, the newest. */
    add(delivery: string, { at, ms, status, problem, headers, answer }: Attempt, most: number): void {
      insert.run(delivery, at, ms, status, problem, sealer.seal(JSON.stringify({ headers, answer }), `webhook-attempt:${delivery}`))
      trim.run(delivery, delivery, most)
    },
    /** In their order. */
    list: (delivery: string): Attempt[] =>
      list.all(delivery).map(({ sealed, ...attempt }) => {
        try {
          const { headers, answer } = sealedPart.parse(JSON.parse(sealer.open(sealed, `webhook-attempt:${delivery}`).toString()))
          return { ...attempt, headers, answer }
        } catch {
          return { ...attempt, headers: null, answer: null }
        }
      }),
    last: (delivery: string): Pick<Attempt, 'at' | 'ms' | 'status'> | null => last.get(delivery) ?? null,
  }
}

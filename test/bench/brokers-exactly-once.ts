/**
 * Brokers, quality 2 over `kill -9`: 20,000 messages to a receiver of method A and one of method B while the server is killed eight times
 * and its disk is 150 ms late. What counts is what came twice and what never came; both have to be 0.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { runExactlyOnce } from '../fakes/exactly-once.ts'

const messages = Number(process.env['BENCH_MESSAGES'] ?? 20_000)
const kills = Number(process.env['BENCH_KILLS'] ?? 8)
/** What people run: the bundle, where there is one. */
const built = existsSync(join(import.meta.dirname, '..', '..', 'out', 'main', 'cli.js'))

let worst = 0
for (const diskDelay of (process.env['BENCH_DELAYS'] ?? '0,150').split(',').map(Number)) {
  const begun = performance.now()
  const { receivers, neverOfQualityOne } = await runExactlyOnce({ messages, kills, diskDelay, built, within: 600_000 })
  const took = (performance.now() - begun) / 1_000
  console.log(`\n${messages} messages of quality 2, ${kills} times kill -9, a disk ${diskDelay} ms late (${took.toFixed(0)} s)`)
  for (const { method, twice, never } of receivers) {
    console.log(`  receiver of method ${method}: ${twice} twice, ${never} never`)
    worst = Math.max(worst, twice, never)
  }
  console.log(`  of quality 1, which may come twice: ${neverOfQualityOne} never`)
  worst = Math.max(worst, neverOfQualityOne)
}
process.exitCode = worst === 0 ? 0 : 1

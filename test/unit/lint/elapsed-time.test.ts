/**
 * A busy machine must not fail a test: no test bounds elapsed time from above or ends a wait sooner than the one limit that only ends what
 * hangs.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const tests = join(import.meta.dirname, '../..')
const files = readdirSync(tests, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.startsWith('bench') && !file.endsWith('elapsed-time.test.ts'),
)

const bounds = [
  /\bnow\(\)\s*-\s*\w+\)\.toBeLess/,
  /\b(?:elapsed|took|duration|times?)\w*\)\)?\.toBeLess/i,
  // A wait or a test with a limit of its own, in seconds.
  /\b(?:eventually|until|expect\.poll)\(.*, \{? ?(?:timeout: )?\d{1,2}_000 ?\}?\)/,
  /^\s*\}, \d{1,2}_000\)$/m,
  /\b(?:it|test)\([^\n]*, \{ timeout: \d{1,2}_000 \}/,
]

it('no test fails because a machine is slow', () => {
  const found = files.flatMap((file) => {
    const text = readFileSync(join(tests, file), 'utf8')
    return bounds.flatMap((bound) => [...text.matchAll(new RegExp(bound, 'gm'))]).map(([match]) => `${file}: ${match.trim()}`)
  })
  expect(found).toEqual([])
})

it.each([
  'expect(performance.now() - begun).toBeLessThan(2_000)',
  'expect((await seen) - Date.now() - startedAt).toBeLessThan(500)',
  'expect(Math.min(...times)).toBeLessThan(2_000)',
  "await eventually('it is ready', isReady, 10_000)",
  "await expect.poll(() => state(), { timeout: 5_000 }).toBe('ready')",
  "test('it works', { timeout: 60_000 }, async () => {})",
  '}, 30_000)',
])('finds the bound in %s', (line) => {
  expect(bounds.some((bound) => bound.test(line))).toBe(true)
})

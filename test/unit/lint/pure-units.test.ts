/**
 * What stands under `test/unit` runs anywhere and at once: it waits for no clock, opens no socket, starts no program, asks for no
 * collection of garbage.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const units = join(import.meta.dirname, '..')
const files = readdirSync(units, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.test.ts') && !file.startsWith('lint'),
)

const outside =
  /^import (?!type ).* from '(?:node:child_process|node:worker_threads|node:net|node:http2?|node:https|node:dgram|ws|better-sqlite3)'/m
const collection = /\bgc\(\)/
const clock = /\b(?:setTimeout|setInterval|Date\.now|performance\.now)\(|\bsystemClock\b|from 'node:timers/
/** Vitest's clock, which a test moves. */
const standing = /\buseFakeTimers\(/

const isPure = (text: string): boolean => !outside.test(text) && !collection.test(text) && (!clock.test(text) || standing.test(text))

it('a unit test needs no clock, no socket, no other process and no collection of garbage', () => {
  expect(files.filter((file) => !isPure(readFileSync(join(units, file), 'utf8')))).toEqual([])
})

it.each([
  "import { spawnSync } from 'node:child_process'",
  "import { createServer } from 'node:net'",
  'await new Promise((resolve) => setTimeout(resolve, 20))',
  'const begun = performance.now()',
  'globalThis.gc()',
])('%s is none of a unit test', (line) => {
  expect(isPure(line)).toBe(false)
})

it('a type of what is outside, and a clock that the test moves, are no harm', () => {
  expect(isPure("import type { IncomingMessage } from 'node:http'")).toBe(true)
  expect(isPure('vi.useFakeTimers()\nsetTimeout(resolve)')).toBe(true)
})

/** What the tests of services need around them: a clock they move, a silent log, a place of their own on the disk. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Clock } from '../../server/clock.ts'
import { defaultSettings, settingsSchema, type Settings, type SettingsPatch } from '../../server/config/settings.ts'
import { merge } from '../../server/config/paths.ts'
import type { EventSink, NewEvent } from '../../server/events/event.ts'
import type { Log } from '../../server/log.ts'
import { openDatabase, type Database } from '../../server/store/database.ts'
import { migrate } from '../../server/store/migrate.ts'
import { patience } from '../fixtures/patience.ts'

export interface TestClock extends Clock {
  /** Moves both clocks on. */
  advance(ms: number): void
  /** Moves the wall clock alone, as a person or a time server does. */
  setWall(ms: number): void
}

export function testClock(start = Date.parse('2026-01-02T03:04:05.678Z')): TestClock {
  let wall = start
  let steady = 1_000
  return {
    now: () => wall,
    monotonic: () => steady,
    advance(ms) {
      wall += ms
      steady += ms
    },
    setWall: (ms) => void (wall = ms),
  }
}

export interface TestLog extends Log {
  lines: { level: string; facts: object; message: string }[]
}

export function testLog(): TestLog {
  const lines: TestLog['lines'] = []
  const at = (level: string) => (facts: object, message: string) => void lines.push({ level, facts, message })
  const log: TestLog = {
    lines,
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  }
  return log
}

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** A migrated database, closed when the test ends. */
export function testDatabase(file = ':memory:'): Database {
  const database = openDatabase(file)
  onTestFinished(() => void (database.open && database.close()))
  migrate(database)
  return database
}

export function settingsWith(patch: SettingsPatch): { current(): Settings } {
  const settings = settingsSchema.parse(merge(defaultSettings, patch))
  return { current: () => settings }
}

/** Keeps what a service emits. */
export function recordedEvents(): EventSink & { emitted: NewEvent[] } {
  const emitted: NewEvent[] = []
  return { emitted, emit: (event) => void emitted.push(event) }
}

/** Words for a bus without a catalogue: `Session opened` of `session-opened`. */
export function titleOfType({ type }: { type: string }): string {
  return `${type.charAt(0).toUpperCase()}${type.slice(1).replaceAll('-', ' ')}`
}

/** Asks every few ms until `condition` holds; fails by name when it never does. */
export async function until(name: string, condition: () => boolean | Promise<boolean>, within = patience): Promise<void> {
  const end = performance.now() + within
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${within} ms: ${name}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

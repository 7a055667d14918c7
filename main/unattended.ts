/** What a smoke test needs before the shell is built: a profile to throw away, and nothing that waits for a person. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommandLine } from 'electron'
import { flagNames, readOptions, type Options } from '../server/config/options.ts'
import { say } from '../server/library-output.ts'

/** On a profile of its own, with ports that nothing else can hold. */
export function throwAwayOptions(): Options {
  const dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-smoke-'))
  process.on('exit', () => {
    try {
      rmSync(dataDir, { recursive: true, force: true })
    } catch {
      // Windows keeps files that Chromium still holds; a left temporary folder is not a failed test.
    }
  })
  const ports = flagNames.filter((flag) => flag.endsWith('-port')).flatMap((flag) => [flag, '0'])
  return readOptions(['--data-dir', dataDir, ...ports], {})
}

/** A smoke test runs where nobody answers: no question of the key store, no dialog of an uncaught error, no end of waiting. */
export function neverWait(app: { commandLine: Pick<CommandLine, 'appendSwitch'>; exit(code: number): void }): void {
  app.commandLine.appendSwitch('use-mock-keychain')
  app.commandLine.appendSwitch('password-store', 'basic')
  const giveUp = (error: unknown) => {
    say(process.stderr, `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    app.exit(1)
  }
  process.on('uncaughtException', giveUp)
  process.on('unhandledRejection', giveUp)
  setTimeout(() => giveUp(new Error('The smoke test did not end')), 90_000).unref()
}

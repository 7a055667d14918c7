/** Runs the official conformance suites against an address and reads their verdict. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface Verdict {
  exitCode: number | null
  /** Failed checks by scenario, of those the revision requires. */
  required: Record<string, { passed: number; failed: number }>
  /** Scenarios that ran beside and do not count. */
  unscored: string[]
  output: string
}

const program = join(import.meta.dirname, '..', '..', 'node_modules', '@modelcontextprotocol', 'conformance', 'dist', 'index.js')
/** The suite's own limits are of half a second and more: they judge the machine. */
const patience = pathToFileURL(join(import.meta.dirname, '..', 'fixtures', 'patient-limits.mjs')).href
/** Ms, for one scenario: what hangs fails before the test does. */
const scenarioLimit = 120_000

/** All scenarios the revision requires of a server. No list of expected failures is given. */
export async function runConformance(url: string, revision: '2025-11-25' | '2026-07-28'): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-conformance-'))
  const given = ['server', '--url', url, '--requirements', revision, '--timeout', String(scenarioLimit), '-o', folder]
  const child = spawn(process.execPath, ['--import', patience, program, ...given], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve))
  rmSync(folder, { recursive: true, force: true })
  const summary = output.slice(output.lastIndexOf('=== SUMMARY ==='))
  const unscored = [...summary.matchAll(/^ {2}[✓✗] (\S+) \(/gm)].map(([, name = '']) => name)
  const scenarios = [...summary.matchAll(/^[✓✗] (\S+): (\d+) passed, (\d+) failed/gm)].map(
    ([, name = '', passed, failed]) => [name, { passed: Number(passed), failed: Number(failed) }] as const,
  )
  return { exitCode, output, unscored, required: Object.fromEntries(scenarios.filter(([name]) => !unscored.includes(name))) }
}

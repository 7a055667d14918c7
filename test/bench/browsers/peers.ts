/**
 * Other programs that start a browser for a caller, from nothing to the first page, in turns with a session and a bare puppeteer launch.
 * They are installed from the package registry into a folder of their own at run time, and are never a dependency.
 */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { chromiumPath } from '../../fixtures/chromium.ts'
import { ms, p50, p95, timed } from '../statistics.ts'
import { bareLaunch } from './cold.ts'
import type { Room } from './room.ts'

const rounds = 8
const warmUps = 2
const packages = ['agent-browser', '@playwright/mcp']
const asRoot = process.getuid?.() === 0

/** Shows a page; resolves with what ends the browser. */
type Show = (address: string, round: number) => Promise<() => Promise<unknown>>

export async function besidePeers({ address, open, closeAll }: Room): Promise<void> {
  const folder = installed()
  if (folder === null) {
    console.log('beside other programs: left out, the package registry cannot be reached')
    return
  }
  const home = mkdtempSync(join(tmpdir(), 'wheelhouse-bench-'))
  const contenders: Readonly<Record<string, Show>> = {
    'bare puppeteer': async () => {
      const browser = await bareLaunch()
      const [first] = await browser.pages()
      await first?.goto(address)
      return () => browser.close()
    },
    session: async (_, round) => {
      await open(`peer-${round}`)
      return closeAll
    },
    'agent-browser': agentBrowser(folder, home),
    'Playwright MCP': playwrightMcp(folder),
  }
  const times = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]))
  const failed = new Set<string>()
  try {
    for (let round = -warmUps; round < rounds; round += 1) {
      const turns = Object.entries(contenders)
      for (const [name, show] of round % 2 === 0 ? turns : turns.toReversed()) {
        if (failed.has(name)) continue
        try {
          let end: (() => Promise<unknown>) | undefined
          const took = await timed(async () => (end = await show(address, round)))
          await end?.()
          if (round >= 0) times.get(name)?.push(took)
        } catch (error) {
          failed.add(name)
          console.log(`beside other programs: ${name} is left out: ${String(error)}`)
        }
      }
    }
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
  const bare = p50(times.get('bare puppeteer') ?? [])
  for (const [name, took] of times) {
    if (failed.has(name)) continue
    console.log(
      `cold to the first page, n=${rounds}: ${name} p50 ${ms(p50(took))} p95 ${ms(p95(took))}, ${(p50(took) / bare).toFixed(2)} of bare`,
    )
  }
}

/** Kept between runs, since an install takes long; null where there is no registry. */
function installed(): string | null {
  const folder = join(tmpdir(), 'wheelhouse-bench-browsers')
  if (packages.every((name) => existsSync(join(folder, 'node_modules', name)))) return folder
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }))
  try {
    // Without scripts: they would fetch browsers.
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages], {
      cwd: folder,
      stdio: 'ignore',
      timeout: 300_000,
    })
    return folder
  } catch {
    return null
  }
}

/** A command line with a process behind it for each session. */
function agentBrowser(folder: string, home: string): Show {
  const command = join(folder, 'node_modules', 'agent-browser', 'bin', `agent-browser-${process.platform}-${process.arch}`)
  const run = promisify(execFile)
  const options = { env: { ...process.env, HOME: home, AGENT_BROWSER_EXECUTABLE_PATH: chromiumPath }, timeout: 60_000 }
  return async (address, round) => {
    const session = ['--session', `bench${round + warmUps}`]
    await run(command, [...session, ...(asRoot ? ['--args', '--no-sandbox'] : []), 'open', address], options)
    return () => run(command, [...session, 'close'], options)
  }
}

/** A server on its own input and output, which starts its browser with the first page. */
function playwrightMcp(folder: string): Show {
  const args = ['--headless', '--isolated', ...(asRoot ? ['--no-sandbox'] : []), '--executable-path', chromiumPath]
  return async (address) => {
    const child = spawn(process.execPath, [join(folder, 'node_modules', '@playwright', 'mcp', 'cli.js'), ...args], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const lines = createInterface({ input: child.stdout })
    const ask = async (id: number, method: string, params: unknown): Promise<void> => {
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
      for (;;) {
        const [line] = (await once(lines, 'line', { signal: AbortSignal.timeout(60_000) })) as [string]
        const answer = JSON.parse(line) as { id?: number; error?: { message: string }; result?: { isError?: boolean } }
        if (answer.id !== id) continue
        if (answer.error !== undefined || answer.result?.isError === true) throw new Error(answer.error?.message ?? line.slice(0, 200))
        return
      }
    }
    const end = async (): Promise<void> => {
      const gone = once(child, 'exit')
      child.stdin.end()
      await gone
    }
    try {
      await ask(1, 'initialize', { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'bench', version: '1' } })
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`)
      await ask(2, 'tools/call', { name: 'browser_navigate', arguments: { url: address } })
    } catch (error) {
      await end()
      throw error
    }
    return end
  }
}

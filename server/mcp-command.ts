/**
 * `wheelhouse mcp`: a relay session as an MCP server on stdio, for clients that start a program and know of no address. The secret may come
 * by a variable, a file or the first line of the input, where no list of processes shows it.
 */
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { defaultDataDir } from './config/data-dir.ts'
import { OptionError } from './config/options.ts'
import { readRuntimeFile } from './config/runtime-file.ts'
import { gatewayOf, readSession } from './relay/bridge/session-address.ts'
import { rooms } from './rooms.ts'

export const mcpHelp = `Usage: wheelhouse mcp [flags]

A relay session as an MCP server on stdio, for clients that know nothing else.

  --session ID|ADDRESS   the session's id or address, or - for the first line of the input (WHEELHOUSE_SESSION)
  --session-file FILE    a file that holds it (WHEELHOUSE_SESSION_FILE)
  --url URL              the relay, e.g. http://192.168.1.5:8090; that of the address, or of the Wheelhouse on
                         this machine, when left out (WHEELHOUSE_URL)
  --data-dir DIR         where the Wheelhouse on this machine keeps its data (WHEELHOUSE_DATA_DIR)
`

export interface McpStreams {
  stdin: Readable
  stdout: Writable
  stderr: Writable
}

type Environment = Readonly<Record<string, string | undefined>>

/** On the streams of this process, until their end or a signal to end. */
export async function runMcpProcess(argv: readonly string[]): Promise<number> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())
  // Who reads no more has ended it; for as long as messages flow, each of them says so.
  process.stdout.on('error', () => stop.abort())
  // Words for a person that nobody reads are no reason to end.
  process.stderr.on('error', () => undefined)
  const code = await runMcpCommand(argv, process.env, process, stop.signal)
  // What was said last goes out before the process does.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
  return code
}

/** Runs until the input ends or `signal` aborts; resolves with the exit code. */
export async function runMcpCommand(argv: readonly string[], env: Environment, streams: McpStreams, signal: AbortSignal): Promise<number> {
  const { stdin, stdout, stderr } = streams
  const tell = (words: string): void => void stderr.write(`wheelhouse mcp: ${words}\n`)
  try {
    const flags = readFlags(argv)
    if (flags.help === true) {
      stderr.write(mcpHelp)
      return 0
    }
    const { secret, relay } = await sessionOf(flags, env, stdin)
    const gateway = gatewayFinder(flags.url ?? nonEmpty(env['WHEELHOUSE_URL']) ?? relay, dataDirOf(flags, env))
    // Calls of tools may take longer than what a client of HTTP waits for by itself.
    const [{ Agent, fetch }, { runStdioBridge }] = await Promise.all([import('undici'), import('./relay/bridge/stdio-bridge.ts')])
    const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0, connectTimeout: 10_000 })
    const ask = async (url: URL, init: RequestInit): Promise<Response> =>
      // The same shapes, by two sets of types; no redirect is followed, which could lead the secret elsewhere.
      (await fetch(url, { ...(init as object), dispatcher, redirect: 'manual' })) as unknown as Response
    await runStdioBridge({ input: stdin, output: stdout, tell, gateway, secret, fetch: ask }, signal)
    await dispatcher.destroy()
    return 0
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    tell(error.message)
    return 2
  }
}

interface Flags {
  session?: string | undefined
  'session-file'?: string | undefined
  url?: string | undefined
  'data-dir'?: string | undefined
  help?: boolean | undefined
}

function readFlags(argv: readonly string[]): Flags {
  const text = { type: 'string' } as const
  try {
    const options = { session: text, 'session-file': text, url: text, 'data-dir': text, help: { type: 'boolean', short: 'h' } } as const
    return parseArgs({ args: joined(argv), options }).values
  } catch (error) {
    const [words] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new OptionError(`${words}; --help lists the flags`)
  }
}

/** A session's id may begin with a dash, and would be taken for a flag. */
function joined(argv: readonly string[]): string[] {
  const args: string[] = []
  for (const arg of argv) {
    const before = args.at(-1)
    if (before === '--session') args[args.length - 1] = `--session=${arg}`
    else args.push(arg)
  }
  return args
}

async function sessionOf(flags: Flags, env: Environment, stdin: Readable): Promise<{ secret: string; relay: string | null }> {
  const given = flags.session ?? nonEmpty(env['WHEELHOUSE_SESSION'])
  const file = flags['session-file'] ?? nonEmpty(env['WHEELHOUSE_SESSION_FILE'])
  if (given === undefined && file === undefined)
    throw new OptionError('which session? Give its id or address with --session, --session-file or WHEELHOUSE_SESSION')
  const text = given === '-' ? await firstLine(stdin) : (given ?? readGiven(file ?? ''))
  const session = readSession(text)
  // Never repeated: it may be a secret with a slip in it.
  if (session === null) throw new OptionError('that is no session: give the 36 characters of its id, or its address with /mcp/ in it')
  return session
}

function readGiven(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new OptionError(`${file} cannot be read (${code})`)
  }
}

/** What comes after it is left in the stream. */
async function firstLine(stdin: Readable): Promise<string> {
  let text = Buffer.alloc(0)
  for (;;) {
    const chunk: unknown = stdin.read()
    if (chunk === null) {
      if (stdin.readableEnded) break
      await Promise.race([once(stdin, 'readable'), once(stdin, 'end')])
      continue
    }
    text = Buffer.concat([text, Buffer.from(chunk as Uint8Array)]) // no encoding is set
    const end = text.indexOf('\n')
    if (end === -1) continue
    stdin.unshift(text.subarray(end + 1))
    return text.subarray(0, end).toString('utf8')
  }
  return text.toString('utf8')
}

/** The relay that was named; else the one of this machine's Wheelhouse, wherever it is now, or where it is usually. */
function gatewayFinder(named: string | null | undefined, dataDir: string): () => URL {
  if (named !== null && named !== undefined) {
    const url = gatewayOf(named)
    if (url === null) throw new OptionError('--url needs the address of a relay, e.g. http://127.0.0.1:8090')
    return () => url
  }
  let last = new URL(`http://127.0.0.1:${rooms.relay.port}/mcp`)
  return () => (last = gatewayOf(readRuntimeFile(dataDir)?.apis['relay']?.url ?? '') ?? last)
}

function dataDirOf(flags: Flags, env: Environment): string {
  return flags['data-dir'] ?? nonEmpty(env['WHEELHOUSE_DATA_DIR']) ?? defaultDataDir(process.platform, env)
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

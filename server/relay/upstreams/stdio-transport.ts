/** Speaks to an MCP server over the standard streams of a process that leads a group of its own, so that all it started ends with it. */
// The project of the window reads this file without the declarations beside it.
// eslint-disable-next-line @typescript-eslint/triple-slash-reference
/// <reference path="./programs/cross-spawn.d.ts" />
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { homedir } from 'node:os'
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client'
import { getDefaultEnvironment } from '@modelcontextprotocol/client/stdio'
// On Windows most commands are `.cmd` files, which Node starts only through a shell, quoted as that shell wants it.
import crossSpawn from 'cross-spawn'
import { isDoneWithin } from '../../async/deadline.ts'
import type { ProcessReaper } from './process-reaper.ts'
import { notFound, pathFor } from './programs/find-program.ts'
import { LastWords } from './last-words.ts'
import { LineReader, type LongLine } from './line-reader.ts'
import { inPlaceOf } from './too-long.ts'

export interface StdioOptions {
  command: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
  cwd: string | null
  reaper: ProcessReaper
  /** Each line the server writes to stderr, and lines on stdout that are no message. */
  onLog(line: string): void
}

/** After its input ended, and after each polite signal. */
const graceAfterEnd = 700
const graceAfterSignal = 750
/** For what a process wrote before it ended; one that has left its streams to others closes none of them. */
const graceForWords = 200
/** For a process that has closed one of its streams to end as well. */
const graceForEnd = 1_000

export class StdioTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage) => void
  /** Why it closed, in words for a person. */
  reason = 'The process ended'
  /** Hears all that passes, in both directions, while it is set. */
  overheard: ((message: JSONRPCMessage) => void) | undefined
  readonly #options: StdioOptions
  #child: ChildProcessWithoutNullStreams | undefined
  /** Also while it is being looked for. */
  #closed = false
  /** Why it was ended from here though nobody wanted that. */
  #endedFor: string | undefined
  #exited: Promise<void> = Promise.resolve()
  #outgoing = ''
  /** What came behind a notification in one turn; undefined while nothing has to wait. */
  #behind: JSONRPCMessage[] | undefined
  #flushing: NodeJS.Immediate | undefined

  constructor(options: StdioOptions) {
    this.#options = options
  }

  get pid(): number | null {
    return this.#child?.pid ?? null
  }
  /** It ran, and has ended. */
  get hasEnded(): boolean {
    return this.#child !== undefined && (this.#child.exitCode !== null || this.#child.signalCode !== null)
  }
  /** The SDK knows a process by this, and one that stays silent when asked for an old server; of a remote one it expects an answer. */
  get stderr(): null {
    return null
  }

  async start(): Promise<void> {
    const { command, args, env, cwd: folder, reaper, onLog } = this.#options
    const cwd = folder ?? homedir()
    // The server sees what it needs to run and what it was given, not every secret of this process.
    const environment = { ...getDefaultEnvironment(), ...env }
    const path = env['PATH'] ?? (await pathFor(command, environment['PATH'] ?? ''))
    if (this.#closed) throw new Error(this.reason)
    const child = crossSpawn(command, [...args], {
      cwd,
      env: { ...environment, PATH: path },
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child = child
    const group = child.pid
    if (group !== undefined) reaper.keep(group)
    const words = new LastWords()
    const drained = new Promise<void>((resolve) => void child.once('close', () => resolve()))
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        // What it started must not stay behind, whatever the leader died of.
        this.#signal('SIGKILL')
        if (group !== undefined) reaper.drop(group)
        resolve()
        // Its last words, and its last answers, may still be on their way to us.
        void isDoneWithin(graceForWords, drained).then(() => {
          const said = words.text === '' ? '' : `: ${words.text}`
          this.reason =
            this.#endedFor ?? `${signal === null ? `The process ended with code ${code}` : `The process was ended by ${signal}`}${said}`
          this.onclose?.()
        })
      })
      child.once('error', () => resolve())
    })
    // A process may fail more than once, e.g. when it cannot be ended either; its streams break with it.
    child.on('error', (error) => onLog(error.message))
    for (const stream of [child.stdout, child.stderr]) stream.on('error', (error: Error) => onLog(error.message))
    const messages = new LineReader((line) => this.#read(line), { onLong: (line) => this.#refuse(line) })
    child.stdout.on('data', (chunk: Buffer) => messages.push(chunk))
    const log = new LineReader(
      (line) => {
        const text = line.toString('utf8')
        words.hear(text)
        onLog(text)
      },
      { cutAt: 8_192 },
    )
    child.stderr.on('data', (chunk: Buffer) => log.push(chunk))
    // Writing to a server that has just died; its exit tells the story. One that lives on can be asked nothing more, or answers no more.
    child.stdin.on('error', () => void this.#endDeaf('It reads its input no more'))
    child.stdout.once('end', () => void this.#endDeaf('It closed its output'))
    return new Promise((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (error: NodeJS.ErrnoException) => {
        this.reason = error.code === 'ENOENT' ? notFound(command, path, cwd) : error.message
        reject(new Error(this.reason, { cause: error }))
      })
    })
  }

  send(message: JSONRPCMessage): Promise<void> {
    const child = this.#child
    this.overheard?.(message)
    if (child === undefined || !child.stdin.writable) return Promise.reject(new Error(this.reason))
    // What comes together in one turn of the loop goes out in one write: with many calls in flight the writes are most of the work.
    this.#outgoing += `${JSON.stringify(message)}\n`
    this.#flushing ??= setImmediate(() => this.#flush())
    if (!child.stdin.writableNeedDrain) return Promise.resolve()
    // A server that does not read must not fill our memory: the sender waits with it.
    return new Promise((resolve) => {
      const done = (): void => {
        child.stdin.off('drain', done)
        child.off('exit', done)
        resolve()
      }
      child.stdin.once('drain', done)
      child.once('exit', done)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    const child = this.#child
    if (child === undefined || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    this.#flush()
    child.stdin.end()
    if (await isDoneWithin(graceAfterEnd, this.#exited)) return
    // While it installs npm heeds the second alone; killed, it leaves a lock that holds up the next start for a minute.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      this.#signal(signal)
      if (await isDoneWithin(graceAfterSignal, this.#exited)) return
    }
    this.#signal('SIGKILL')
    await this.#exited
  }

  async #endDeaf(reason: string): Promise<void> {
    if (this.#closed || (await isDoneWithin(graceForEnd, this.#exited)) || this.#endedFor !== undefined) return
    this.#endedFor = reason
    await this.close()
  }

  /**
   * In the order of the server, but nothing in the same turn behind a notification: the SDK settles an answer at once and hands a
   * notification to its handler a moment later, so an answer written right behind the last progress would overtake it.
   */
  #deliver(message: JSONRPCMessage): void {
    if (this.#behind !== undefined) {
      this.#behind.push(message)
      return
    }
    try {
      this.onmessage?.(message)
    } catch (error) {
      // One message that nobody can read is no reason to end what else runs over the connection.
      this.onerror?.(error instanceof Error ? error : new Error(String(error)))
    }
    if ('id' in message) return
    this.#behind = []
    setImmediate(() => {
      const waiting = this.#behind ?? []
      this.#behind = undefined
      for (const next of waiting) this.#deliver(next)
    })
  }

  #flush(): void {
    clearImmediate(this.#flushing)
    this.#flushing = undefined
    if (this.#outgoing !== '' && this.#child?.stdin.writable === true) this.#child.stdin.write(this.#outgoing)
    this.#outgoing = ''
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid
    if (pid === undefined) return
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, signal)
    } catch {
      // The group is empty already.
    }
  }

  #read(line: Buffer): void {
    if (line.length === 0) return
    const text = line.toString('utf8')
    const message = parsed(text) ?? parsed(this.#afterPrompt(text))
    // Many servers print a greeting; it is no reason to give up on them.
    if (message === undefined) this.#options.onLog(text.slice(0, 8_192))
    // The revision of 2025-03-26 knows several in one.
    else if (Array.isArray(message) && message.length > 0) for (const each of message as unknown[]) this.#hear(each)
    else this.#hear(message)
  }

  #hear(message: unknown): void {
    if (isMessage(message)) {
      this.overheard?.(message)
      this.#deliver(message)
    } else this.onerror?.(new Error('The server sent JSON that is no message'))
  }

  #refuse(line: LongLine): void {
    const answer = inPlaceOf(line)
    this.#options.onLog(`A line of ${line.length} bytes was not taken: ${line.head.toString('utf8').slice(0, 200)}`)
    if (answer !== undefined) this.#deliver(answer)
  }

  /** What somebody printed before a message without ending the line. */
  #afterPrompt(text: string): string {
    const start = text.indexOf('{"')
    if (start > 0) this.#options.onLog(text.slice(0, Math.min(start, 8_192)))
    return start > 0 ? text.slice(start) : ''
  }
}

/** Undefined when it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Cheap on purpose: it stands on the path of every call, and the SDK looks at what it uses. */
function isMessage(value: unknown): value is JSONRPCMessage {
  return typeof value === 'object' && value !== null && 'jsonrpc' in value && value.jsonrpc === '2.0'
}

/** One Chromium process: its life, its two pipes, its last words, and its end for certain. */
import { spawn, type ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { isDoneWithin } from '../../async/deadline.ts'
import { Lifecycle } from '../../lifecycle.ts'
import { processLifecycle, type ProcessEvent, type ProcessState } from './process-lifecycle.ts'

export interface ProcessOptions {
  executable: string
  flags: string[]
  environment: NodeJS.ProcessEnv
  /** The table of transitions refused; a defect. */
  onIllegalTransition: (state: ProcessState, event: ProcessEvent) => void
}

/** How a process ended, and what it wrote last. */
export interface ProcessEnd {
  code: number | null
  signal: string | null
  /** We have killed it, e.g. because its pipe broke and it stayed. */
  byUs: boolean
  /** Of its stderr. */
  lastWords: string[]
}

/** Ms for which a process may linger when only its pipe broke. */
const lingers = 200
/** Ms within which the system reports the end of what was killed. */
const killedWithin = 10_000

export class BrowserProcess {
  /** Settles with words when it has gone, for whatever reason. */
  readonly gone: Promise<string>
  readonly #child: ChildProcess
  readonly #lifecycle: Lifecycle<ProcessState, ProcessEvent>
  readonly #lastWords: LastWords
  #killed = false

  constructor({ executable, flags, environment, onIllegalTransition }: ProcessOptions) {
    this.#child = spawn(executable, flags, {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
      env: environment,
      // A process group of its own: one signal reaches all its children, and Ctrl+C in our terminal does not reach it before we do.
      detached: process.platform !== 'win32',
      windowsHide: true,
    })
    this.#lifecycle = new Lifecycle(processLifecycle, {
      facts: () => undefined,
      onTransition: () => undefined,
      onIllegal: onIllegalTransition,
    })
    this.#lastWords = keepLastWords(this.#child)
    this.gone = whenGone(this.#child, this.#lastWords.telling, () => this.#lifecycle.handle('exited'))
  }

  /** Undefined when it could not be started; `gone` says why. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  get silent(): boolean {
    return this.#lifecycle.state === 'silent'
  }

  /** Its pipe broke, or it was killed: its end is on its way, or has come. */
  get isGoing(): boolean {
    return ['cut-off', 'killed', 'gone'].includes(this.#lifecycle.state)
  }

  /** It has gone, and not because we killed it. */
  get endedByItself(): boolean {
    return this.exit !== null && !(this.exit.byUs && this.exit.signal === 'SIGKILL')
  }

  /** Null while it runs. */
  get exit(): ProcessEnd | null {
    const { exitCode: code, signalCode: signal } = this.#child
    if (code === null && signal === null) return null
    return { code, signal, byUs: this.#killed, lastWords: this.#lastWords.all() }
  }

  // stdio names five pipes above; Node types only the first three.

  get toBrowser(): Writable {
    return this.#child.stdio[3] as Writable
  }

  get fromBrowser(): Readable {
    return this.#child.stdio[4] as Readable
  }

  answered(): void {
    if (this.#lifecycle.state !== 'gone') this.#lifecycle.handle('answered')
  }

  /** Asked, it did not answer in time. Says nothing of one that is on its way out. */
  fellSilent(): void {
    if (this.#lifecycle.state === 'answering') this.#lifecycle.handle('fell-silent')
  }

  pipeBroke(): void {
    if (this.#lifecycle.state === 'gone') return
    this.#lifecycle.handle('pipe-broke')
    setTimeout(() => this.kill(), lingers).unref()
  }

  kill(): void {
    if (this.#lifecycle.state === 'gone') return
    this.#killed = true
    this.#lifecycle.handle('killed')
    killTree(this.#child)
  }

  /** Asks it to close by `ask`, where it answers, and kills it after `grace` ms; resolves when it is gone, false when it would not go. */
  async end(grace: number, ask: () => void): Promise<boolean> {
    const asked = grace > 0 && this.#lifecycle.state === 'answering' && this.#lifecycle.handle('close-asked')
    if (asked) ask()
    if (await isDoneWithin(asked ? grace : 0, this.gone)) return true
    this.kill()
    if (await isDoneWithin(killedWithin, this.gone)) return true
    this.#lifecycle.handle('stayed')
    return false
  }
}

interface LastWords {
  /** The line that says why; empty when there is none. */
  telling(): string
  /** The last lines. */
  all(): string[]
}

const mostLines = 12
/** Each headless Chromium says so where no desktop bus runs; it explains nothing. */
const noise = /dbus|connect to the bus/i

/** The end of what the browser wrote to stderr: why it did not start is said there and nowhere else. */
function keepLastWords(child: ChildProcess): LastWords {
  let text = ''
  child.stderr?.setEncoding('utf8')
  child.stderr?.on('data', (chunk: string) => {
    text = (text + chunk).slice(-4_000)
  })
  child.stderr?.on('error', () => {})
  const plain = (line: string): string =>
    line
      .replace(/^\[[^\]]*\]\s*/, '')
      .trim()
      .slice(0, 300)
  return {
    telling: () => plain(text.split('\n').findLast((line) => /FATAL|No usable sandbox|error while loading|cannot open/i.test(line)) ?? ''),
    all: () =>
      text
        .split('\n')
        .map(plain)
        .filter((line) => line !== '' && !noise.test(line))
        .slice(-mostLines),
  }
}

function whenGone(child: ChildProcess, lastWords: () => string, onExit: () => void): Promise<string> {
  return new Promise((resolve) => {
    // Could not be spawned, killed or written to; only the first means that there is none.
    child.once('error', (error) => {
      if (child.pid === undefined) onExit()
      resolve(error.message)
    })
    child.once('exit', (code, signal) => {
      onExit()
      // The group's remains, so that nothing writes into a directory that is being removed.
      signalGroup(child)
      const how = signal ? `killed by ${signal}` : `exit code ${code ?? 'unknown'}`
      const tell = (): void => resolve([how, lastWords()].filter(Boolean).join(': '))
      // What it wrote may still be on its way; a descendant that holds stderr open must not keep us waiting.
      if (child.stderr?.readableEnded !== false) return tell()
      child.stderr.once('close', tell)
      setTimeout(tell, 100).unref()
    })
  })
}

function killTree(child: ChildProcess): void {
  // Once the process has been reaped its id may belong to somebody else.
  if (child.exitCode === null && child.signalCode === null) signalGroup(child)
}

function signalGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    if (process.platform !== 'win32') process.kill(-child.pid, 'SIGKILL')
    else if (child.exitCode === null)
      spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true }).on('error', () =>
        child.kill('SIGKILL'),
      )
  } catch {
    // ESRCH: all of the group is gone, which is what was wanted.
  }
}

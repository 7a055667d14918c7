/** One browser started ahead, so that the next session need not wait for its start. */
import { freemem } from 'node:os'
import { isDoneWithin, type StartTimer } from '../../async/deadline.ts'
import type { Semaphore } from '../../async/semaphore.ts'
import { escape } from '../../isolation.ts'
import type { Log } from '../../log.ts'
import type { RunningBrowser } from './launch.ts'
import type { MovableScope } from './scopes.ts'

/** A browser with all that has to be given back when it ends. */
export interface Held {
  /** In the process registry. */
  row: string
  browser: RunningBrowser
  /** Gives its slot back. */
  release(): void
  /** Moved to the session that takes it. */
  scope: MovableScope
}

/** What makes a browser fit for a session. */
export interface Fitness {
  executable: string
  headless: boolean
}

/** What a browser is started with for one session, which no browser that was started ahead has. */
export interface Extras {
  /** Folders. */
  extensions: readonly string[]
  args: readonly string[]
}

export interface SpareOptions {
  slots: Pick<Semaphore, 'take'>
  log: Log
  /** Null when none is wanted. */
  wanted(): Fitness | null
  /** Ms that it waits for a session at most. */
  patience(): number
  start(fitness: Fitness, signal: AbortSignal, release: () => void): Promise<Held>
  end(held: Held): Promise<unknown>
  /** One is ready, or none any more. */
  changed(): void
  /** Bytes; for tests. */
  freeMemory?(): number
  /** Measures how long it may take to answer; a real timer when left out. */
  startTimer?: StartTimer | undefined
}

/** What must be left of the machine's memory, in bytes: a browser takes about 150 MB before it has shown anything. */
const leastMemory = 1_000_000_000

/** Ms that an idle browser may take to answer. */
const answerWithin = 1_000

interface Spare {
  fitness: Fitness
  life: AbortController
  /** Null when it could not be started. */
  held: Promise<Held | null>
  ready: boolean
  timer: NodeJS.Timeout | undefined
}

/** It holds a slot like any other browser, so there are never more of them than sessions may be; the next session gets it with its slot. */
export class SpareBrowser {
  readonly #options: SpareOptions
  #spare: Spare | null = null
  #ending: Promise<unknown> = Promise.resolve()

  constructor(options: SpareOptions) {
    this.#options = options
  }

  /** One waits that can be had at once. */
  get ready(): boolean {
    return this.#spare?.ready ?? false
  }

  /** The spare one, also when it is still starting; null when there is none that fits. */
  async take(fitness: Fitness): Promise<Held | null> {
    const spare = this.#spare
    if (spare === null) return null
    if (!fits(spare.fitness, fitness)) {
      this.discard()
      return null
    }
    this.#forget(spare)
    const held = await spare.held
    if (held === null || (await answers(held.browser, this.#options.startTimer))) return held
    held.browser.fellSilent()
    await this.#options.end(held)
    return null
  }

  /** Starts one when it is wanted, none is there, and place and memory allow it. */
  prepare(): void {
    const { slots, wanted, patience, start, changed, log, freeMemory = freemem } = this.#options
    const fitness = wanted()
    if (fitness === null || this.#spare !== null || freeMemory() < leastMemory) return
    const release = slots.take()
    if (release === null) return
    const life = new AbortController()
    const held = start(fitness, life.signal, release).catch((error: unknown) => {
      release()
      // The next session tells, if it is more than a passing trouble.
      log.debug({ error: String(error) }, 'no spare browser could be started')
      this.#forget(spare)
      return null
    })
    const timer = setTimeout(() => this.discard(), patience())
    timer.unref()
    const spare: Spare = { fitness, life, held, ready: false, timer }
    this.#spare = spare
    const waiting = held.then(async (started) => {
      if (started === null || this.#spare !== spare) return
      spare.ready = true
      changed()
      await started.browser.gone
      // It died while it waited; whoever has taken it sees to that itself.
      if (this.#spare === spare) this.discard()
    })
    waiting.catch(escape)
  }

  /** Settings have changed. */
  reconsider(): void {
    const wanted = this.#options.wanted()
    if (this.#spare !== null && (wanted === null || !fits(this.#spare.fitness, wanted))) this.discard()
  }

  /** Ends it without waiting; `settled` waits. */
  discard(): void {
    const spare = this.#spare
    if (spare === null) return
    this.#forget(spare)
    spare.life.abort(new Error('The spare browser is not needed any more'))
    const ended = spare.held.then((held) => held && this.#options.end(held))
    this.#ending = Promise.allSettled([this.#ending, ended])
  }

  settled(): Promise<unknown> {
    return this.#ending
  }

  #forget(spare: Spare): void {
    clearTimeout(spare.timer)
    if (this.#spare !== spare) return
    this.#spare = null
    if (spare.ready) this.#options.changed()
  }
}

/** False of one that died in this moment, or hangs: a session must not begin with it. */
async function answers({ puppeteer, gone }: RunningBrowser, startTimer: StartTimer | undefined): Promise<boolean> {
  // A question of its own: puppeteer remembers the answers to those it has asked.
  const asked = puppeteer
    .target()
    .createCDPSession()
    .then(
      (cdp) => {
        cdp.detach().catch(() => {})
        return true
      },
      () => false,
    )
  let answered = false
  const known = Promise.race([asked, gone.then(() => false)]).then((answer) => void (answered = answer))
  return (await isDoneWithin(answerWithin, known, startTimer)) && answered
}

const fits = (one: Fitness, other: Fitness): boolean => one.executable === other.executable && one.headless === other.headless

/** One upstream's state with what belongs to it: why it is not ready, how often it failed, and when it is tried again. */
import type { Clock } from '../../clock.ts'
import { Lifecycle } from '../../lifecycle.ts'
import type { UpstreamState } from '../contract/upstream.ts'
import { upstreamLifecycle, type UpstreamEvent, type UpstreamFacts } from './lifecycle.ts'
import type { Mishap } from './mishaps.ts'

/** Waits between starts, ms; after the last one a person is asked, or, where the server is away, each is twice the one before. */
export const backOff: readonly number[] = [500, 1_000, 2_000, 4_000, 8_000]
/** What is away is tried this often at least. */
const longestWait = 300_000
/** A part of each such wait is left to chance, so that what went away together is not asked together. */
const leftToChance = 0.2
/** Calls bring no tries closer together than this. */
const pauseAfterFailure = 500
/** A server that ran so long did not crash from its start. */
const steadyAfter = 30_000
/** One that throws where nobody looks is worse than one that fails: it is tried again once. */
const escapesAllowed = 1

export interface UpstreamLifeParts {
  clock: Clock
  backOff: readonly number[]
  /** Reached over a network. */
  remote: boolean
  /** Why its settings cannot be opened; null when they can. */
  locked: string | null
  needsPerson(): boolean
  /** Takes out of a reason what nobody may read. */
  redacted(reason: string): string
  note(reason: string): void
  /** Opens a connection; called whenever the upstream is `starting`. */
  connect(): void
  /** After every event, when all that is read here is up to date. */
  onState(): void
  onIllegal(state: UpstreamState, event: UpstreamEvent): void
  /** Between 0 and 1. */
  random?(): number
}

const nothing: Mishap = { reason: '', kind: 'broken', remedy: null }

export class UpstreamLife {
  readonly #parts: UpstreamLifeParts
  readonly #life: Lifecycle<UpstreamState, UpstreamEvent, UpstreamFacts>
  #error: string | null = null
  #remedy: string | null = null
  /** What the event under way says went wrong, and the last one that did. */
  #mishap = nothing
  #attempts = 0
  /** Tries since the waits began anew. */
  #rung = 0
  /** Errors in a row that it caused outside of any call. */
  #escapes = 0
  #startingSince = 0
  #readySince = 0
  #failedAt = 0
  #nextTry: number | null = null
  #retry: NodeJS.Timeout | undefined
  #running = new AbortController()

  constructor(parts: UpstreamLifeParts) {
    this.#parts = parts
    this.#life = new Lifecycle(upstreamLifecycle, {
      facts: () => ({ locked: parts.locked !== null, needsPerson: parts.needsPerson(), mayRetry: this.#mayRetry() }),
      onTransition: (_, state) => this.#entered(state),
      onIllegal: parts.onIllegal,
    })
  }

  get state(): UpstreamState {
    return this.#life.state
  }
  /** Why it is not ready. */
  get error(): string | null {
    return this.#error
  }
  /** What a person can do about that; null when nobody needs to. */
  get remedy(): string | null {
    return this.#remedy
  }
  /** Starts in a row that failed. */
  get attempts(): number {
    return this.#attempts
  }
  /** When it is tried again by itself, ms since the epoch; null when it is not. */
  get nextTry(): number | null {
    return this.#nextTry
  }
  /** Ms that the start under way has taken so far. */
  get startingFor(): number {
    return this.#parts.clock.monotonic() - this.#startingSince
  }
  /** Aborts with the next stop. */
  get stopped(): AbortSignal {
    return this.#running.signal
  }

  start(): void {
    this.#attempts = 0
    this.#rung = 0
    this.#escapes = 0
    this.#running = new AbortController()
    this.#life.handle('start')
  }

  stop(): void {
    this.#running.abort(new Error('The server was stopped'))
    this.#forgetRetry()
    this.#life.handle('stop')
  }

  connected(): void {
    this.#life.handle('connected')
  }

  startFailed(mishap: Mishap): void {
    this.#failed('start-failed', mishap)
  }

  connectionLost(mishap: Mishap): void {
    if (this.state === 'ready' && this.#parts.clock.monotonic() - this.#readySince > steadyAfter) {
      this.#attempts = 0
      this.#rung = 0
      this.#escapes = 0
    }
    this.#failed('connection-lost', mishap)
  }

  sessionLost(mishap: Mishap): void {
    this.#failed('session-lost', mishap)
  }

  /** It is to be greeted anew, though nothing is wrong with it. */
  startAnew(): void {
    this.#life.handle('start-anew')
  }

  /** It, or the library that speaks to it, threw where nobody waited. */
  countEscape(): void {
    this.#escapes += 1
  }

  /** Somebody uses it: one that is away is tried at once, or when its last failure is a moment old. False when waiting leads nowhere. */
  wanted(): boolean {
    if (this.state !== 'retrying' || this.#mishap.kind !== 'away') return this.state === 'starting'
    const { clock } = this.#parts
    const soon = Math.max(0, pauseAfterFailure - (clock.monotonic() - this.#failedAt))
    if (this.#nextTry !== null && soon < this.#nextTry - clock.now()) this.#retryIn(soon)
    return true
  }

  /** The machine slept, or its network is another one: what is away is tried at once, and anew with short waits. */
  woken(): void {
    const waits = this.state === 'retrying' && this.#mishap.kind === 'away'
    if (!waits && !(this.state === 'failed' && this.#parts.remote)) return
    this.#rung = 0
    this.#forgetRetry()
    this.#life.handle('woken')
  }

  #mayRetry(): boolean {
    if (this.#escapes > escapesAllowed || this.#mishap.kind === 'person') return false
    return this.#mishap.kind === 'away' || this.#attempts < this.#parts.backOff.length
  }

  #failed(event: UpstreamEvent, mishap: Mishap): void {
    this.#mishap = { ...mishap, reason: this.#parts.redacted(mishap.reason) }
    this.#life.handle(event)
  }

  #entered(state: UpstreamState): void {
    const { clock, locked, connect, onState } = this.#parts
    if (state !== 'retrying') this.#forgetRetry()
    if (state === 'ready' || state === 'disabled' || state === 'signed-out' || state === 'locked') this.#remedy = null
    switch (state) {
      case 'disabled':
        this.#error = null
        break
      case 'starting':
        this.#startingSince = clock.monotonic()
        break
      case 'ready':
        this.#error = null
        this.#readySince = clock.monotonic()
        break
      case 'retrying':
        this.#countFailure()
        this.#error = this.#mishap.reason
        this.#remedy = null
        this.#retryIn(this.#wait())
        break
      case 'failed':
        this.#countFailure()
        this.#error = this.#mishap.kind === 'person' ? this.#mishap.reason : `${this.#mishap.reason}. Stopped after ${this.#attempts} tries`
        this.#remedy = this.#mishap.remedy
        break
      case 'signed-out':
        this.#error = signInNeeded
        break
      case 'locked':
        this.#error = locked
        break
    }
    onState()
    // A listener may have stopped it.
    if (state === 'starting' && this.state === 'starting') connect()
  }

  #wait(): number {
    const { backOff: waits, random = Math.random } = this.#parts
    const last = waits.at(-1) ?? longestWait
    const wait = Math.min(waits[this.#rung - 1] ?? last * 2 ** (this.#rung - waits.length), longestWait)
    return this.#mishap.kind === 'away' ? wait * (1 - leftToChance * random()) : wait
  }

  #retryIn(ms: number): void {
    clearTimeout(this.#retry)
    this.#nextTry = this.#parts.clock.now() + ms
    this.#retry = setTimeout(() => this.#life.handle('retry-due'), ms).unref()
  }

  #forgetRetry(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#nextTry = null
  }

  #countFailure(): void {
    this.#attempts += 1
    this.#rung += 1
    this.#failedAt = this.#parts.clock.monotonic()
    this.#parts.note(this.#mishap.reason)
  }
}

export const signInNeeded = 'It wants you to sign in'

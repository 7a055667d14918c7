/** The life of an upstream: one table, and what one that lives remembers beside its state. */
import type { Clock } from '../../clock.ts'
import { Lifecycle, to, toOneOf, type LifecycleTable } from '../../lifecycle.ts'
import type { UpstreamState } from '../contract/upstream.ts'

export type UpstreamEvent = 'start' | 'connected' | 'start-failed' | 'connection-lost' | 'session-lost' | 'retry-due' | 'stop'

/** What is true beside the state; decides what becomes of an upstream that failed. */
export interface UpstreamFacts {
  /** Its settings were sealed with a key that is not here. */
  locked: boolean
  /** It wants a person to sign in. */
  needsPerson: boolean
  /** It has not failed so often that only a person can help. */
  mayRetry: boolean
}

const failing = (why: string) =>
  toOneOf<UpstreamState, UpstreamFacts>(
    ['signed-out', 'retrying', 'failed'],
    ({ needsPerson, mayRetry }) => {
      // Trying again by itself would only be refused again.
      if (needsPerson) return 'signed-out'
      return mayRetry ? 'retrying' : 'failed'
    },
    why,
  )
const stopped = to<UpstreamState>(
  'disabled',
  'A person switches it off or starts it anew, its settings change, or the room ends. What was under way is nobody’s any more.',
)

export const upstreamLifecycle: LifecycleTable<UpstreamState, UpstreamEvent, UpstreamFacts> = {
  name: 'upstream',
  initial: 'disabled',
  states: {
    disabled: 'Switched off, or not started yet; callers hear that it is switched off.',
    starting: 'A connection is being opened, or what the server offers is being read. Callers wait for it.',
    ready: 'Connected, and what it offers has been read.',
    retrying: 'It failed and is started again after a while. Callers hear why at once, in place of waiting for what has just failed.',
    failed: 'It failed too often in a row; a person has to look at it.',
    'signed-out': 'Its server wants a person to sign in.',
    locked: 'What it runs with was sealed with a key that is not here.',
  },
  transitions: {
    disabled: {
      start: toOneOf(
        ['starting', 'locked'],
        ({ locked }) => (locked ? 'locked' : 'starting'),
        'A person or the program switches it on; without its settings it would be run as something else.',
      ),
      stop: to('disabled', 'A room ends all of them, and a person’s restart stops before it starts; stopping twice is no mistake.'),
    },
    starting: {
      connected: to('ready', 'What it offers has been read, so clients that ask now are shown all of it.'),
      'start-failed': failing('Its process did not start, or nobody answers; one bad start must not switch it off for good.'),
      'connection-lost': failing('It ended, or caused an error here, while what it offers was being read; that is a failed start.'),
      'session-lost': failing('It forgot us before it had said what it offers: greeted again at once, it could do so for ever.'),
      stop: stopped,
    },
    ready: {
      'connection-lost': failing('Its process died, the connection was cut, or its token is good no more.'),
      'session-lost': to(
        'starting',
        'The far server restarted or let the session run out. The request reached no tool, so it is greeted again at once and counts as no failure.',
      ),
      stop: stopped,
    },
    retrying: {
      'retry-due': to('starting', 'The wait is over; each is longer than the one before, so a server that keeps dying costs little.'),
      stop: stopped,
    },
    failed: { stop: stopped },
    'signed-out': { stop: stopped },
    locked: { stop: stopped },
  },
}

/** Waits between starts, ms; after the last one a person is asked. */
export const backOff: readonly number[] = [500, 1_000, 2_000, 4_000, 8_000]
/** A server that ran so long did not crash from its start. */
const steadyAfter = 30_000
/** One that throws where nobody looks is worse than one that fails: it is tried again once. */
const escapesAllowed = 1

export interface UpstreamLifeParts {
  clock: Clock
  backOff: readonly number[]
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
}

/** One upstream's state with what belongs to it: why it is not ready, how often it failed, and when it is tried again. */
export class UpstreamLife {
  readonly #parts: UpstreamLifeParts
  readonly #life: Lifecycle<UpstreamState, UpstreamEvent, UpstreamFacts>
  #error: string | null = null
  /** What the event under way says went wrong. */
  #reason = ''
  #attempts = 0
  /** Errors in a row that it caused outside of any call. */
  #escapes = 0
  #startingSince = 0
  #readySince = 0
  #retry: NodeJS.Timeout | undefined
  #running = new AbortController()

  constructor(parts: UpstreamLifeParts) {
    this.#parts = parts
    this.#life = new Lifecycle(upstreamLifecycle, {
      facts: () => ({
        locked: parts.locked !== null,
        needsPerson: parts.needsPerson(),
        mayRetry: this.#escapes <= escapesAllowed && this.#attempts < parts.backOff.length,
      }),
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
  /** Starts in a row that failed. */
  get attempts(): number {
    return this.#attempts
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
    this.#escapes = 0
    this.#running = new AbortController()
    this.#life.handle('start')
  }

  stop(): void {
    this.#running.abort(new Error('The server was stopped'))
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#life.handle('stop')
  }

  connected(): void {
    this.#life.handle('connected')
  }

  startFailed(reason: string): void {
    this.#failed('start-failed', reason)
  }

  connectionLost(reason: string): void {
    if (this.state === 'ready' && this.#parts.clock.monotonic() - this.#readySince > steadyAfter) {
      this.#attempts = 0
      this.#escapes = 0
    }
    this.#failed('connection-lost', reason)
  }

  sessionLost(reason: string): void {
    this.#failed('session-lost', reason)
  }

  /** It, or the library that speaks to it, threw where nobody waited. */
  countEscape(): void {
    this.#escapes += 1
  }

  #failed(event: UpstreamEvent, reason: string): void {
    this.#reason = this.#parts.redacted(reason)
    this.#life.handle(event)
  }

  #entered(state: UpstreamState): void {
    const { clock, locked, connect, onState } = this.#parts
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
        this.#error = this.#reason
        this.#retry = setTimeout(() => this.#life.handle('retry-due'), this.#parts.backOff[this.#attempts - 1]).unref()
        break
      case 'failed':
        this.#countFailure()
        this.#error = `${this.#reason}. Stopped after ${this.#attempts} tries`
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

  #countFailure(): void {
    this.#attempts += 1
    this.#parts.note(this.#reason)
  }
}

export const signInNeeded = 'It wants you to sign in'

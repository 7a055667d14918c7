/** What every client connection has, whatever it speaks: a deadline to log in, signs of life, room for messages, an end with a reason. */
import { contained, type Scope } from '../../../isolation.ts'
import type { EndReason } from '../../engine/model.ts'
import type { Wire } from './wire.ts'

/** Close codes of the WebSocket; those of 4000 and above are ours and documented. */
export const closeCodes: Readonly<
  Record<EndReason | 'login-deadline' | 'too-many-attempts' | 'protocol-error' | 'fault', { code: number; text: string }>
> = {
  'login-deadline': { code: 4401, text: 'No login in time' },
  suspended: { code: 4403, text: 'Session is suspended' },
  kicked: { code: 4404, text: 'Disconnected by the owner' },
  'taken-over': { code: 4409, text: 'Another client took over this name' },
  dropped: { code: 4410, text: 'Session was dropped' },
  'too-many-attempts': { code: 4429, text: 'Too many attempts' },
  'too-many-clients': { code: 4503, text: 'Session has too many clients' },
  'slow-reader': { code: 1013, text: 'Too slow: messages were not taken' },
  'protocol-error': { code: 1002, text: 'Protocol error' },
  fault: { code: 1011, text: 'Internal error' },
  shutdown: { code: 1001, text: 'Server is stopping' },
}

/** Where an error goes that escapes from what one client's connection does: to its end, and to whoever counts. */
export function clientScope(address: string, name: () => string, end: () => void): { scope: Scope; failed(error: unknown): void } {
  const scope: Scope = {
    room: 'brokers',
    kind: 'client',
    get id() {
      return name() === '' ? address : name()
    },
    // Not within the call that failed: who called may be in the middle of work for others.
    escaped: () => setImmediate(end),
  }
  const raise = (error: unknown): never => {
    throw error
  }
  return { scope, failed: contained(scope, raise) }
}

/** Unsent bytes above which a client gets no more messages until it has taken them. */
const pauseAbove = 262_144
/** Unsent bytes above which nothing more is read from a client: the answers to what it says would pile up. */
const deafAbove = 1_048_576
/** Ms for a peer to answer the closing; then the line is cut. */
const closingTime = 2_000
/** Frames of one client that are read in a row. The system would hand over two megabytes of them before it looks at anybody else. */
const framesInARow = 256
const loginTime = 10_000

export class Vitals {
  readonly connectedAt: number
  isLoggedIn = false
  private heardAt: number
  private pingedAt: number
  private stalledSince: number | null = null
  private closingSince: number | null = null
  private waiting: (() => void)[] = []
  /** Reasons not to read from the wire at the moment. */
  private holds = 0
  private inARow = 0
  private readonly since: number
  private readonly wire: Wire
  private readonly now: () => number

  constructor(wire: Wire, wallNow: number, now: () => number) {
    this.wire = wire
    this.now = now
    this.connectedAt = wallNow
    this.since = this.heardAt = this.pingedAt = now()
  }

  get isStalled(): boolean {
    return this.stalledSince !== null
  }

  get isClosing(): boolean {
    return this.closingSince !== null
  }

  heard(): void {
    this.heardAt = this.now()
    this.inARow += 1
    if (this.inARow !== framesInARow) return
    const goOn = this.hold()
    setImmediate(() => {
      this.inARow = 0
      goOn()
    })
  }

  get quietFor(): number {
    return this.now() - this.heardAt
  }

  /** Room for one more message; what is over the limit waits in its queue, not in our memory. */
  hasRoom(): boolean {
    if (this.closingSince !== null) return false
    if (this.wire.unsent < pauseAbove) return true
    this.stalledSince ??= this.now()
    return false
  }

  /** Called after what came was handled: a client that talks but does not listen has to listen first, or is disconnected like any frozen reader. */
  handled(): void {
    if (this.holds > 0 || this.closingSince !== null || this.wire.unsent <= deafAbove) return
    this.stalledSince ??= this.now()
    this.whenDrained(this.hold())
  }

  /** Stops reading from the wire until the function it returns is called. */
  hold(): () => void {
    let held = true
    this.holds += 1
    if (this.holds === 1) this.wire.pause()
    return () => {
      if (!held) return
      held = false
      this.holds -= 1
      if (this.holds === 0) this.wire.resume()
    }
  }

  drained(): void {
    this.stalledSince = null
    for (const callback of this.waiting.splice(0)) callback()
  }

  whenDrained(callback: () => void): void {
    if (this.wire.unsent === 0 || this.closingSince !== null) callback()
    else this.waiting.push(callback)
  }

  close(code: number, text: string): void {
    if (this.closingSince !== null) return
    this.closingSince = this.now()
    this.wire.close(code, text)
    // The peer's answer to the closing has to be heard.
    this.wire.resume()
  }

  /**
   * Called every second. Says what is wrong, if anything is; cuts lines whose peers do not answer. `owes`: it has not acknowledged what it
   * was sent. Then it is asked for a sign of life sooner: small messages disappear into the system's buffers long before ours fill.
   */
  check(evictAfter: number, pingEvery: number | null, owes: boolean): 'login-deadline' | 'slow-reader' | null {
    const now = this.now()
    if (this.closingSince !== null) {
      if (now - this.closingSince > closingTime) this.wire.destroy()
      return null
    }
    if (!this.isLoggedIn && now - this.since > loginTime) return 'login-deadline'
    if (this.stalledSince !== null && now - this.stalledSince > evictAfter) return 'slow-reader'
    if (owes && this.wire.pings && this.quietFor > evictAfter) {
      if (this.quietFor > 2 * evictAfter && this.pingedAt > this.heardAt) return 'slow-reader'
      this.askForLife(evictAfter)
    }
    if (pingEvery !== null && this.quietFor > pingEvery) {
      // Two pings without a sign of life: the peer is gone, though nobody told this side.
      if (this.quietFor > 3 * pingEvery) this.wire.destroy()
      else this.askForLife(pingEvery)
    }
    return null
  }

  private askForLife(atMostEvery: number): void {
    if (this.now() - this.pingedAt <= atMostEvery) return
    this.pingedAt = this.now()
    this.wire.ping()
  }
}

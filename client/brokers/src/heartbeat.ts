/** A server that vanished without a word leaves a connection that looks well for ever: a subscriber alone would never notice. */
export interface HeartbeatHooks {
  isConnected(): boolean
  /** Says something that the server has to answer. */
  ask(): void
  /** It has not answered. */
  silent(): void
}

export class Heartbeat {
  readonly #every: number
  readonly #hooks: HeartbeatHooks
  #timer: ReturnType<typeof setInterval> | undefined
  #heard = true
  /** Counted in beats, not by the clock: browsers let the timers of a page in the background sleep for minutes. */
  #quietBeats = 0

  /** `every` in ms. */
  constructor(every: number, hooks: HeartbeatHooks) {
    this.#every = every
    this.#hooks = hooks
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#beat(), this.#every)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** A connection is made, which need not have said anything yet. */
  renew(): void {
    this.#heard = true
    this.#quietBeats = 0
  }

  heard(): void {
    this.#heard = true
  }

  #beat(): void {
    if (!this.#hooks.isConnected()) return
    this.#quietBeats = this.#heard ? 0 : this.#quietBeats + 1
    this.#heard = false
    if (this.#quietBeats === 1) this.#hooks.ask()
    if (this.#quietBeats >= 2) this.#hooks.silent()
  }
}

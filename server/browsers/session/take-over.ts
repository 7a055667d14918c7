/** Who holds keyboard and mouse of a session: one view, or nobody. */
import { createSignal } from '../../async/signal.ts'
import type { Clock } from '../../clock.ts'

/** Whose view drives, as events name callers, and since when on the wall clock. */
export interface Driver {
  by: string
  since: number
}

export interface TakeOverHooks {
  /** There is a living browser to drive. */
  isPossible(): boolean
  onTaken(by: string): void
  onGivenBack(by: string): void
}

export class TakeOver {
  readonly #hooks: TakeOverHooks
  readonly #clock: Clock
  readonly #changed = createSignal()
  #holder: string | null = null
  #driver: Driver | null = null

  constructor(clock: Clock, hooks: TakeOverHooks) {
    this.#clock = clock
    this.#hooks = hooks
  }

  /** The view that types now. */
  get holder(): string | null {
    return this.#holder
  }

  get driver(): Driver | null {
    return this.#driver
  }

  /** Gives keyboard and mouse to this view, which is that caller's; false while another view holds them. */
  take(viewId: string, by = 'owner'): boolean {
    if (!this.#hooks.isPossible() || (this.#holder !== null && this.#holder !== viewId)) return false
    if (this.#holder === viewId) return true
    this.#holder = viewId
    this.#driver = { by, since: this.#clock.now() }
    this.#hooks.onTaken(by)
    this.#changed.emit()
    return true
  }

  /** Does nothing when the view does not hold them. */
  giveBack(viewId: string): void {
    if (this.#holder !== viewId) return
    const by = this.#driver?.by ?? 'owner'
    this.#holder = null
    this.#driver = null
    this.#hooks.onGivenBack(by)
    this.#changed.emit()
  }

  /** Returns what ends the subscription. */
  onChange(listener: () => void): () => void {
    return this.#changed.subscribe(listener)
  }
}

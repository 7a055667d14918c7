/** Who holds keyboard and mouse of a session: one view, or nobody. */
import { createSignal } from '../../async/signal.ts'

export interface TakeOverHooks {
  /** There is a living browser to drive. */
  isPossible(): boolean
  onTaken(): void
  onGivenBack(): void
}

export class TakeOver {
  readonly #hooks: TakeOverHooks
  readonly #changed = createSignal()
  #holder: string | null = null

  constructor(hooks: TakeOverHooks) {
    this.#hooks = hooks
  }

  /** The view that types now. */
  get holder(): string | null {
    return this.#holder
  }

  /** Gives keyboard and mouse to this view; false while another view holds them. */
  take(viewId: string): boolean {
    if (!this.#hooks.isPossible() || (this.#holder !== null && this.#holder !== viewId)) return false
    if (this.#holder === viewId) return true
    this.#holder = viewId
    this.#hooks.onTaken()
    this.#changed.emit()
    return true
  }

  /** Does nothing when the view does not hold them. */
  giveBack(viewId: string): void {
    if (this.#holder !== viewId) return
    this.#holder = null
    this.#hooks.onGivenBack()
    this.#changed.emit()
  }

  /** Returns what ends the subscription. */
  onChange(listener: () => void): () => void {
    return this.#changed.subscribe(listener)
  }
}

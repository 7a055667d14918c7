/** How many messages a session may still publish, where its policy sets a rate: one second's share at most, refilled as time goes by. */
export class PublishAllowance {
  #left = 0
  #at = 0

  /** False once this second's share is used up. `perSecond` is null for no limit; `now` is monotonic ms. */
  take(perSecond: number | null, now: number): boolean {
    if (perSecond === null) return true
    this.#left = Math.min(perSecond, this.#left + ((now - this.#at) / 1_000) * perSecond)
    this.#at = now
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}

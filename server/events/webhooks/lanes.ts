/**
 * Which of a webhook's queues may go on. What is about one chat goes one by one in its lane, and waits there while its first is to be tried
 * again; lanes go side by side. Times are ms of the monotonic clock.
 */

export type Lane =
  /** What was asked for once more has a lane beside the chat's own, so that the one does not hold up the other. */
  | { of: 'key'; key: string; replay: boolean }
  /** What is about nothing: one that fails steps aside for those after it. */
  | { of: 'none' }
  /** Of a webhook that keeps the order of all. */
  | { of: 'all' }

export class Lanes {
  /** Those that wait for their turn; the one that has waited longest is first. */
  readonly #resting = new Map<string, { lane: Lane; dueAt: number }>()
  readonly #busy = new Set<string>()

  /** Something has come for it. */
  add(lane: Lane, now: number): void {
    const id = idOf(lane)
    if (this.#busy.has(id)) return
    const resting = this.#resting.get(id)
    if (resting === undefined) this.#resting.set(id, { lane, dueAt: now })
    // What it waits for is no matter of one that has just come.
    else if (lane.of === 'none') resting.dueAt = now
  }

  /** The first that is due, for whoever gives it back by `rest` or `end`. */
  take(now: number): Lane | null {
    for (const [id, { lane, dueAt }] of this.#resting) {
      if (dueAt > now) continue
      this.#resting.delete(id)
      this.#busy.add(id)
      return lane
    }
    return null
  }

  /** It goes on at `dueAt`. */
  rest(lane: Lane, dueAt: number): void {
    const id = idOf(lane)
    this.#busy.delete(id)
    this.#resting.set(id, { lane, dueAt })
  }

  /** Nothing is left in it. */
  end(lane: Lane): void {
    this.#busy.delete(idOf(lane))
  }

  /** When the next one is due; null when none rests. */
  soonest(): number | null {
    let soonest: number | null = null
    for (const { dueAt } of this.#resting.values()) if (soonest === null || dueAt < soonest) soonest = dueAt
    return soonest
  }

  /** Forgets those that rest, before they are read anew. */
  clear(): void {
    this.#resting.clear()
  }
}

function idOf(lane: Lane): string {
  return lane.of === 'key' ? `${lane.replay ? 'replay' : 'key'} ${lane.key}` : lane.of
}

/**
 * Long work of one session in short turns, so that the others are served between them: each turn is a turn of the event loop of its own,
 * and whoever waits for one gets it in the order of asking, however much the others have to do.
 */

/** Ms; with what else a turn of the event loop brings, others wait less than ten. */
const longestTurn = 4
/** Steps after which it is somebody else's turn, however quick they were. */
const stepsAtMost = 500
/** The clock is asked once in so many steps: asking costs as much as a step. */
const stepsUnasked = 16

export class Turns {
  readonly #waiting: (() => void)[] = []
  #isTurning = false

  /** Resolves in a later turn of the event loop; no other caller is served in the same. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#turn()
    })
  }

  /**
   * Does it for each, at first at once; what returns a promise ends its turn until then. `goesOn` is asked at the beginning of each later
   * turn, since much may have happened.
   */
  async each<Item>(items: Iterable<Item>, act: (item: Item) => unknown, goesOn: () => boolean = () => true): Promise<void> {
    let end = performance.now() + longestTurn
    let steps = 0
    for (const item of items) {
      const pause = act(item)
      steps += 1
      if (pause instanceof Promise) await pause
      else if (steps < stepsAtMost && (steps % stepsUnasked !== 0 || performance.now() < end)) continue
      await this.next()
      if (!goesOn()) return
      end = performance.now() + longestTurn
      steps = 0
    }
  }

  #turn(): void {
    if (this.#isTurning || this.#waiting.length === 0) return
    this.#isTurning = true
    setImmediate(() => {
      this.#isTurning = false
      this.#waiting.shift()?.()
      this.#turn()
    })
  }
}

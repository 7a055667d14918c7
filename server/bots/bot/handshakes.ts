/** How many bots connect in the same moment: after a cut fifty of them do not knock on WhatsApp's door at once. */

/** Ends a handshake, or leaves the line; more than once does nothing. */
export type End = () => void

export interface HandshakesOptions {
  atOnce?: number
  /** Ms after which one that says nothing gives its place to the next. */
  longest?: number
}

export class Handshakes {
  private readonly atOnce: number
  private readonly longest: number
  private readonly line = new Set<() => void>()
  private underWay = 0

  constructor({ atOnce = 10, longest = 30_000 }: HandshakesOptions = {}) {
    this.atOnce = atOnce
    this.longest = longest
  }

  /** Begins at once, for what a person waits for; those that come by themselves count it. */
  take(): End {
    this.underWay += 1
    let isOver = false
    const end = (): void => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      this.underWay -= 1
      this.callNext()
    }
    const timer = setTimeout(end, this.longest).unref()
    return end
  }

  /** Calls `begin` in its turn, the first come first. */
  wait(begin: (end: End) => void): End {
    let end: End = () => this.line.delete(come)
    const come = (): void => {
      end = this.take()
      begin(end)
    }
    this.line.add(come)
    this.callNext()
    return () => end()
  }

  private callNext(): void {
    for (const come of this.line) {
      if (this.underWay >= this.atOnce) return
      this.line.delete(come)
      come()
    }
  }
}

/** The gateway's time and timers; a test moves its own. */
export interface GatewayTime {
  /** Wall clock, ms since the epoch. */
  now(): number
  /** Ms that only ever rise. */
  monotonic(): number
  /** Calls `work` every `ms` until the function it returns is called. What it returns never rejects, and nobody has to wait for it. */
  every(ms: number, work: () => void | Promise<void>): () => void
  /** Calls `work` once after `ms`, unless the function it returns is called before. */
  after(ms: number, work: () => void): () => void
}

/** Keeps no process alive. */
export const systemTime: GatewayTime = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  every(ms, work) {
    const timer = setInterval(work, ms).unref()
    return () => clearInterval(timer)
  },
  after(ms, work) {
    const timer = setTimeout(work, ms).unref()
    return () => clearTimeout(timer)
  },
}

/**
 * Ms that went by, as far as either clock knows: the rising one stands still while a machine sleeps, the other may be set back. Too much is
 * harmless, since it only makes the gateway ask; too little would let it trust what is old.
 */
export function elapsedOf({ now, monotonic }: Pick<GatewayTime, 'now' | 'monotonic'>): () => number {
  let [wall, steady, elapsed] = [now(), monotonic(), 0]
  return () => {
    const [before, steadyBefore] = [wall, steady]
    wall = now()
    steady = monotonic()
    elapsed += Math.max(0, wall - before, steady - steadyBefore)
    return elapsed
  }
}

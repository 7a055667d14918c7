/** Time, injected, so that tests can move it. */
export interface Clock {
  /** Wall clock, ms since the epoch: for what a person or a client reads. */
  now(): number
  /** Ms that only ever rise, whatever is done to the wall clock: for deadlines and idle time. */
  monotonic(): number
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

/** ISO 8601 in UTC with milliseconds. */
export const iso = (ms: number): string => new Date(ms).toISOString()

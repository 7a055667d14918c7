/**
 * How much is kept for one webhook. What is beyond them is never just gone: what cannot wait becomes a dead letter, and dead letters that
 * make room for newer ones are counted until a person has seen it.
 */
const mebibyte = 1_048_576

export interface Bound {
  count: number
  /** Of the bodies as they are kept. */
  bytes: number
}

export interface Bounds {
  waiting: Bound
  dead: Bound
  delivered: Bound
  /** Bytes of one event. */
  body: number
  /** Of one delivery; the oldest go. */
  attempts: number
}

export const usualBounds: Bounds = {
  waiting: { count: 10_000, bytes: 256 * mebibyte },
  dead: { count: 10_000, bytes: 256 * mebibyte },
  delivered: { count: 20_000, bytes: 256 * mebibyte },
  body: 32 * mebibyte,
  attempts: 40,
}

export const isBeyond = (has: Bound, bound: Bound): boolean => has.count > bound.count || has.bytes > bound.bytes

/** Time, injected, so that tests can move it. */
export interface Clock {
  /** Wall clock, ms since the epoch: for what a person or a client reads. */
  now(): number
  /** Ms that only ever rise, whatever is done to the wall clock: for deadlines and idle time. */
  monotonic(): number
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

const dayLength = 86_400_000
/**
 * The last few days that were written: most of what is told happened on one of them, and Node's own way takes longer than the rest of a
 * short answer.
 */
const days = new Map<number, string>()
const daysKept = 64
const twoDigits = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'))
const threeDigits = Array.from({ length: 1_000 }, (_, value) => String(value).padStart(3, '0'))

/** ISO 8601 in UTC with milliseconds. */
export function iso(ms: number): string {
  const whole = Math.trunc(ms)
  const day = Math.floor(whole / dayLength)
  const rest = whole - day * dayLength
  const [hours, minutes, seconds] = [Math.floor(rest / 3_600_000), Math.floor(rest / 60_000) % 60, Math.floor(rest / 1_000) % 60]
  return `${dateOf(day)}T${twoDigits[hours]}:${twoDigits[minutes]}:${twoDigits[seconds]}.${threeDigits[rest % 1_000]}Z`
}

function dateOf(day: number): string {
  const known = days.get(day)
  if (known !== undefined) return known
  if (days.size >= daysKept) days.clear()
  const [date = ''] = new Date(day * dayLength).toISOString().split('T')
  days.set(day, date)
  return date
}

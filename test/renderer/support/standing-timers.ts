/**
 * A notice that goes, a list that is read again, another try: what waits long enough to be looked at comes with `vi.useFakeTimers()` alone,
 * and not while a page takes long to come.
 */
const { setTimeout: later, setInterval: again } = globalThis
/** Ms from which on a wait is one of those; below it is a turn of the loop. */
const long = 100
/** The longest that a timer takes. */
const never = 2 ** 31 - 1

type Run = (...args: unknown[]) => void
const standing = (ms = 0): number => (ms < long ? ms : never)
Object.assign(globalThis, {
  setTimeout: Object.assign((run: Run, ms?: number, ...args: unknown[]) => later(run, standing(ms), ...args), later),
  setInterval: Object.assign((run: Run, ms?: number, ...args: unknown[]) => again(run, standing(ms), ...args), again),
})

import { describe, expect, it, vi } from 'vitest'
import { inTime, isDoneWithin, waitFor, withDeadline } from '../../../server/async/deadline.ts'
import { handTimer } from './timer.ts'

const forever = new AbortController().signal
const late = () => new Error('too late')

describe('withDeadline', () => {
  it('gives what the work comes to, and stops its timer', async () => {
    const timer = handTimer()
    await expect(withDeadline(1, forever, () => Promise.resolve('done'), late, timer.start)).resolves.toBe('done')
    expect(timer.running).toBe(0)
  })

  it('aborts the work at the deadline and throws the error for it in place of the work’s own', async () => {
    const timer = handTimer()
    const outcome = withDeadline(1, forever, whenAborted, late, timer.start)
    timer.ring()
    await expect(outcome).rejects.toThrow('too late')
    expect(timer.running).toBe(0)
  })

  it('throws the work’s own error before the deadline', async () => {
    const failing = () => Promise.reject(new Error('broken'))
    await expect(withDeadline(1, forever, failing, late, handTimer().start)).rejects.toThrow('broken')
  })

  it('throws the reason of the signal when that aborts, and starts nothing when it has', async () => {
    const control = new AbortController()
    const work = vi.fn(whenAborted)
    const outcome = withDeadline(1, control.signal, work, late, handTimer().start)
    control.abort(new Error('not needed'))
    await expect(outcome).rejects.toThrow('not needed')
    await expect(withDeadline(1, control.signal, work, late, handTimer().start)).rejects.toThrow('not needed')
    expect(work).toHaveBeenCalledOnce()
  })
})

describe('inTime', () => {
  it('gives what the work comes to, and stops its timer', async () => {
    const timer = handTimer()
    await expect(inTime(1, Promise.resolve('done'), late, timer.start)).resolves.toBe('done')
    expect(timer.running).toBe(0)
  })

  it('throws at the deadline, and ignores how the work ends afterwards', async () => {
    const timer = handTimer()
    const { promise, reject } = Promise.withResolvers<never>()
    const outcome = inTime(1, promise, late, timer.start)
    timer.ring()
    await expect(outcome).rejects.toThrow('too late')
    reject(new Error('nobody’s concern any more'))
  })
})

describe('isDoneWithin', () => {
  it('is true of work that ends in time and false of work that does not', async () => {
    const timer = handTimer()
    await expect(isDoneWithin(1, Promise.resolve(), timer.start)).resolves.toBe(true)
    const outcome = isDoneWithin(1, new Promise(() => undefined), timer.start)
    timer.ring()
    await expect(outcome).resolves.toBe(false)
    expect(timer.running).toBe(0)
  })

  it('throws what the work throws in time', async () => {
    await expect(isDoneWithin(1, Promise.reject(new Error('broken')), handTimer().start)).rejects.toThrow('broken')
  })
})

describe('waitFor', () => {
  it.each(['what it waits for', 'its timer', 'its signal'])('ends by %s, and listens no longer', async (cause) => {
    const timer = handTimer()
    const control = new AbortController()
    const listening = new Set<() => void>()
    const listen = (done: () => void) => {
      listening.add(done)
      return () => void listening.delete(done)
    }
    const wait = waitFor(1, listen, { signal: control.signal, startTimer: timer.start })
    expect([listening.size, timer.running]).toEqual([1, 1])
    if (cause === 'its timer') timer.ring()
    else if (cause === 'its signal') control.abort()
    else for (const done of listening) done()
    await wait
    expect([listening.size, timer.running]).toEqual([0, 0])
  })

  it('does not wait when its signal has aborted already', async () => {
    await expect(waitFor(1, () => () => undefined, { signal: AbortSignal.abort(), startTimer: handTimer().start })).resolves.toBeUndefined()
  })
})

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true }))
}

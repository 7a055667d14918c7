import { describe, expect, it } from 'vitest'
import { abortable } from '../../../server/async/abortable.ts'

describe('abortable', () => {
  it('gives what the work comes to', async () => {
    const { signal } = new AbortController()
    await expect(abortable(Promise.resolve('done'), signal)).resolves.toBe('done')
    await expect(abortable(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken')
  })

  it('throws the reason as soon as the signal aborts, and ignores how the work ends afterwards', async () => {
    const control = new AbortController()
    const { promise, reject } = Promise.withResolvers<never>()
    const outcome = abortable(promise, control.signal)
    control.abort('not needed')
    await expect(outcome).rejects.toThrow('not needed')
    reject(new Error('nobody’s concern any more'))
  })

  it('throws at once when the signal has aborted already, whatever the work comes to', async () => {
    const signal = AbortSignal.abort(new Error('not needed'))
    await expect(abortable(Promise.resolve('done'), signal)).rejects.toThrow('not needed')
    await expect(abortable(Promise.reject(new Error('broken')), signal)).rejects.toThrow('not needed')
  })
})

/** What a person sets going: whether it runs, why it failed, one run at a time. */
import { useToast } from '@nuxt/ui/composables'
import { beforeEach, describe, expect, it } from 'vitest'
import { ApiError } from '../../../renderer/api/api-error.ts'
import { useAction, useReportedAction } from '../../../renderer/use/use-action.ts'

describe('an action', () => {
  it('runs until its work is done, and tells that it went well', async () => {
    const { running, failure, run } = useAction()
    const work = Promise.withResolvers<undefined>()
    const ran = run(() => work.promise)
    expect(running.value).toBe(true)
    work.resolve(undefined)
    expect(await ran).toBe(true)
    expect([running.value, failure.value]).toEqual([false, null])
  })

  it('keeps what was thrown, and says it in words', async () => {
    const { running, error, failure, run } = useAction()
    const thrown = new ApiError(409, 'taken', 'The name is taken')
    expect(await run(() => Promise.reject(thrown))).toBe(false)
    expect([running.value, error.value, failure.value]).toEqual([false, thrown, 'The name is taken'])
  })

  it('forgets a failure when the next run begins, and when it is told to', async () => {
    const { failure, run, clear } = useAction()
    await run(() => Promise.reject(new Error('no')))
    const work = Promise.withResolvers<undefined>()
    const ran = run(() => work.promise)
    expect(failure.value).toBeNull()
    work.reject(new Error('no again'))
    await ran
    expect(failure.value).toBe('no again')
    clear()
    expect(failure.value).toBeNull()
  })

  it('does not begin a second run while one is on its way', async () => {
    const { run } = useAction()
    const work = Promise.withResolvers<undefined>()
    let runs = 0
    const once = () => {
      runs += 1
      return work.promise
    }
    const first = run(once)
    expect(await run(once)).toBe(false)
    work.resolve(undefined)
    expect(await first).toBe(true)
    expect(runs).toBe(1)
  })
})

describe('a reported action', () => {
  beforeEach(() => useToast().clear())

  it('puts a failure into a notice', async () => {
    const { current, running, run } = useReportedAction()
    expect(await run('The page did not go back', () => Promise.reject(new Error('it is gone')))).toBe(false)
    expect([running.value, current.value]).toEqual([false, null])
    expect(useToast().toasts.value).toMatchObject([{ title: 'The page did not go back', description: 'it is gone' }])
  })

  it('names what runs, and lets several run at once', async () => {
    const { current, run } = useReportedAction()
    const [one, two] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
    const first = run('One did not work', () => one.promise, 'one')
    const second = run('Two did not work', () => two.promise, 'two')
    expect(current.value).toBe('two')
    one.resolve(undefined)
    expect(await first).toBe(true)
    expect(current.value).toBe('two')
    two.resolve(undefined)
    expect(await second).toBe(true)
    expect(current.value).toBeNull()
  })
})

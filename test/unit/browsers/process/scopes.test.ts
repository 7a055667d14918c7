import { expect, it } from 'vitest'
import { browserScope, movableScope } from '../../../../server/browsers/process/scopes.ts'
import { escape, within } from '../../../../server/isolation.ts'

it('what escapes from a browser that was started ahead goes to the session that has taken it, wherever it began', async () => {
  const heard: string[] = []
  const scope = movableScope(browserScope('spare', (_, reason) => heard.push(`spare: ${reason}`)))
  let fail = (_: string): void => undefined
  within(scope, () => {
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(escape)
    fail = (words) => reject(new Error(words))
    escape(new Error('early'))
  })
  scope.moveTo(browserScope('session', (_, reason) => heard.push(`session: ${reason}`)))
  expect(scope.id).toBe('session')
  fail('late')
  await new Promise((resolve) => setImmediate(resolve))
  expect(heard).toEqual(['spare: early', 'session: late'])
})

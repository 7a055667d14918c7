import { expect, test } from 'vitest'
import { testLog } from '../../../fakes/kernel.ts'
import { PasskeyLink } from '../../../../server/bots/pairing/passkey.ts'

function link(answer: Promise<string> = Promise.resolve('{}')) {
  const calls: string[] = []
  const passkey = new PasskeyLink({
    authenticator: { assert: () => answer },
    log: testLog(),
    connection: {
      answerPasskey: async (assertion) => void calls.push(`answer ${assertion}`),
      confirmPasskey: async () => void calls.push('confirm'),
    },
    onChange: () => void calls.push(passkey.stage),
    onFailure: (reason) => void calls.push(`failed: ${reason}`),
  })
  return { passkey, calls }
}

test('a phone that does not know us by the proof waits until its person has compared the code', async () => {
  const { passkey, calls } = link()
  passkey.begin('{}')
  await Promise.resolve().then(() => Promise.resolve())
  expect(passkey.confirm()).toBe(false)
  passkey.onCode('ABCD1234', true)
  expect(calls).toEqual(['sending', 'answer {}', 'confirm'])
  expect(passkey.code).toBe('ABCD1234')
  expect(passkey.confirm()).toBe(true)
  expect(calls.slice(3)).toEqual(['linking', 'confirm'])
  expect(passkey.confirm()).toBe(false)
})

test('a phone that does is not waited for', () => {
  const { passkey, calls } = link()
  passkey.onCode('ABCD1234', false)
  expect(calls).toEqual(['confirm', 'linking', 'confirm'])
})

test('what comes after the end is not told', async () => {
  const { promise, reject } = Promise.withResolvers<string>()
  const { passkey, calls } = link(promise)
  passkey.begin('{}')
  passkey.dispose()
  reject(new Error('closed'))
  await promise.catch(() => {})
  await Promise.resolve()
  expect(calls).toEqual([])
})

/** With the real cost of a hash, which takes a core some tenths of a second. */
import { expect, test } from 'vitest'
import { checkPassword, hashPassword } from '../../../server/secrets/hash.ts'

test('passwords are recognised, however they were typed, and nothing else is', async () => {
  const stored = await hashPassword('Zürich 1')
  expect(stored).toMatch(/^scrypt\$131072\$8\$1\$/)
  expect(await checkPassword('Zu\u0308rich 1', stored)).toBe(true)
  expect(await checkPassword('Zürich 2', stored)).toBe(false)
})

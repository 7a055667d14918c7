/** The users of the legacy login under load. Real hashes, which take their time. */
import { expect, test } from 'vitest'
import { createAttemptGuard } from '../../../server/logins/attempts.ts'
import { createLoginUserStore } from '../../../server/logins/users-store.ts'
import { createLoginUsers } from '../../../server/logins/users.ts'
import { testClock, testDatabase } from '../../fakes/kernel.ts'

test('a first login that finds too many hashes waiting is refused, and costs later ones nothing', async () => {
  const users = createLoginUsers({ store: createLoginUserStore(testDatabase()), attempts: createAttemptGuard(), clock: testClock(), events: { emit: () => undefined } })
  const password = 'a long enough password'
  // Two are made at once and twenty wait.
  const made = Array.from({ length: 22 }, (_, index) => users.create({ username: `user${index}`, fullName: '', role: 'guest', permissions: [], password }, 'owner'))
  await expect(users.signIn('somebody', password, '127.0.0.1')).rejects.toMatchObject({ code: 'too-many-attempts' })
  await Promise.all(made)
  await expect(users.signIn('somebody', password, '127.0.0.1')).rejects.toMatchObject({ code: 'invalid-credentials' })
  expect(await users.signIn('user3', password, '127.0.0.1')).toMatchObject({ username: 'user3' })
})

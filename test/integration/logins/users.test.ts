/** The users of the legacy login under load, and while they change. */
import { expect, test } from 'vitest'
import { createAttemptGuard } from '../../../server/logins/users/attempts.ts'
import { createMemoryAttempts } from '../../../server/logins/users/attempts-memory.ts'
import { createLoginUserStore, type LoginUserStore } from '../../../server/logins/users/users-store.ts'
import { createLoginUsers, type LoginUsers } from '../../../server/logins/users/users.ts'
import { testClock, testDatabase, until } from '../../fakes/kernel.ts'
import { quickPasswords } from '../../fakes/logins.ts'

const password = 'a long enough password'
const somebody = { fullName: '', role: 'guest', permissions: [], password }

interface Made {
  users: LoginUsers
  store: LoginUserStore
  ended: string[]
  refuseEnding(refuse: boolean): void
}

function makeUsers(passwords = quickPasswords): Made {
  const clock = testClock()
  const store = createLoginUserStore(testDatabase())
  const ended: string[] = []
  let refuses = false
  const endSessions = async (id: string): Promise<void> => {
    if (refuses) throw new Error('the store is away')
    ended.push(id)
  }
  const users = createLoginUsers({
    store,
    attempts: createAttemptGuard(createMemoryAttempts(clock)),
    endSessions,
    passwords,
    clock,
    events: { emit: () => undefined },
  })
  return { users, store, ended, refuseEnding: (refuse) => void (refuses = refuse) }
}

test('logins from one address that are too many at once are refused, and cost a login from elsewhere nothing', async () => {
  let looking = 0
  const held: (() => void)[] = []
  const check: typeof quickPasswords.check = async (...given) => {
    looking += 1
    await new Promise<void>((resolve) => held.push(resolve))
    return quickPasswords.check(...given)
  }
  const { users } = makeUsers({ ...quickPasswords, check })
  await users.create({ ...somebody, username: 'ann' }, 'owner')
  // Two are looked at and twenty wait.
  const flood = Promise.allSettled(Array.from({ length: 40 }, (_, index) => users.signIn(`guessed${index}`, password, '192.0.2.1')))
  await until('two are looked at', () => looking === 2)
  const ann = users.signIn('ann', password, '10.0.0.1')
  let done = false
  const all = Promise.all([flood, ann]).finally(() => (done = true))
  while (!done) {
    held.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const [outcomes, user] = await all
  expect(user).toMatchObject({ username: 'ann' })
  const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'passed'))
  expect(codes.filter((code) => code === 'too-many-attempts')).toHaveLength(19)
  expect(codes.filter((code) => code === 'invalid-credentials')).toHaveLength(21)
})

test('where sessions cannot be ended a user is neither changed nor removed, and the second attempt ends them', async () => {
  const { users, ended, refuseEnding } = makeUsers()
  const { id } = await users.create({ ...somebody, username: 'ann' }, 'owner')
  refuseEnding(true)
  await expect(users.change(id, { role: 'manager' }, 'owner')).rejects.toThrow('the store is away')
  expect(await users.find(id)).toMatchObject({ roleName: 'guest' })
  await expect(users.remove(id, 'owner')).rejects.toThrow('the store is away')
  // Still there to be removed, and nobody signs in meanwhile.
  expect(await users.find(id)).toMatchObject({ active: false })
  refuseEnding(false)
  await users.remove(id, 'owner')
  expect(ended).toEqual([id])
  expect(await users.find(id)).toBeUndefined()
})

test('sessions that could not be ended after a change are ended with the next one', async () => {
  const { users, store, ended, refuseEnding } = makeUsers()
  const { id } = await users.create({ ...somebody, username: 'ann' }, 'owner')
  const { update } = store
  store.update = async (user, change) => {
    const updated = await update(user, change)
    refuseEnding(true)
    return updated
  }
  await expect(users.change(id, { role: 'manager' }, 'owner')).rejects.toThrow('the store is away')
  store.update = update
  refuseEnding(false)
  ended.length = 0
  await users.change(id, { role: 'manager' }, 'owner')
  expect(ended).toContain(id)
})

test('whoever signs in while the account changes is not what it was', async () => {
  const { users } = makeUsers()
  const { id } = await users.create({ ...somebody, username: 'ann' }, 'owner')
  const signedIn = await users.signIn('ann', password, '10.0.0.1')
  expect(await users.isStill(signedIn)).toBe(true)
  await users.change(id, { permissions: ['read'] }, 'owner')
  expect(await users.isStill(signedIn)).toBe(false)
  const again = await users.signIn('ann', password, '10.0.0.1')
  await users.remove(id, 'owner')
  expect(await users.isStill(again)).toBe(false)
})

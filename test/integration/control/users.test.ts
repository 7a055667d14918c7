import { expect, test } from 'vitest'
import { userId, userView } from '../../../server/control/contract/index.ts'
import { createUsers } from '../../../server/control/users.ts'
import { Fault } from '../../../server/fault.ts'
import { recordedEvents, testClock, testDatabase } from '../../fakes/kernel.ts'

function setup() {
  const events = recordedEvents()
  const clock = testClock()
  return { users: createUsers({ database: testDatabase(), clock, events }), events, clock }
}

function fault(run: () => unknown): [string, unknown] {
  try {
    run()
  } catch (error) {
    if (error instanceof Fault) return [error.code, error.details['field'] ?? error.details['id']]
    throw error
  }
  throw new Error('nothing was thrown')
}

test('an account is added with an id of its own or the one given, and found again', () => {
  const { users, clock } = setup()
  const first = users.create({ primaryEmail: 'first@example.test', credits: 5 }, 'owner')
  clock.advance(1)
  const second = users.create({ id: 'user-2', primaryEmail: 'second@example.test', credits: 0 }, 'owner')
  expect(userView.parse(first)).toEqual(first)
  expect(userId.parse(first.id)).toBe(first.id)
  expect(second).toEqual({ id: 'user-2', primaryEmail: 'second@example.test', credits: 0, createdAt: '2026-01-02T03:04:05.679Z' })
  expect(users.get('user-2')).toEqual(second)
  expect(users.list()).toEqual([first, second])
})

test('a change leaves the rest as it was', () => {
  const { users } = setup()
  const user = users.create({ primaryEmail: 'a@example.test', credits: 5 }, 'owner')
  expect(users.change(user.id, { credits: 7 }, 'owner')).toEqual({ ...user, credits: 7 })
  expect(users.change(user.id, { primaryEmail: 'b@example.test' }, 'owner')).toEqual({
    ...user,
    credits: 7,
    primaryEmail: 'b@example.test',
  })
  expect(users.change(user.id, { primaryEmail: 'B@example.test' }, 'owner').primaryEmail).toBe('B@example.test')
  expect(users.change(user.id, {}, 'owner').credits).toBe(7)
})

test('an id or address that is taken is refused, whatever its case, and nothing is changed', () => {
  const { users } = setup()
  const first = users.create({ id: 'a', primaryEmail: 'a@example.test', credits: 1 }, 'owner')
  const second = users.create({ id: 'b', primaryEmail: 'b@example.test', credits: 1 }, 'owner')
  expect(fault(() => users.create({ id: 'a', primaryEmail: 'c@example.test', credits: 0 }, 'owner'))).toEqual(['user-taken', 'id'])
  expect(fault(() => users.create({ primaryEmail: 'A@Example.test', credits: 0 }, 'owner'))).toEqual(['user-taken', 'primaryEmail'])
  expect(fault(() => users.change('b', { primaryEmail: 'a@example.test', credits: 99 }, 'owner'))).toEqual(['user-taken', 'primaryEmail'])
  expect(users.list()).toEqual([first, second])
})

test('an account that is not there is named as such', () => {
  const { users } = setup()
  for (const run of [() => users.get('x'), () => users.change('x', {}, 'owner'), () => users.remove('x', 'owner')])
    expect(fault(run)).toEqual(['user-not-found', 'x'])
})

test('a removed account is gone, and its address free', () => {
  const { users } = setup()
  const { id } = users.create({ primaryEmail: 'a@example.test', credits: 1 }, 'owner')
  users.remove(id, 'owner')
  expect(users.list()).toEqual([])
  expect(users.create({ primaryEmail: 'a@example.test', credits: 1 }, 'owner').id).not.toBe(id)
})

test('every change is told, with who did it', () => {
  const { users, events } = setup()
  const { id } = users.create({ primaryEmail: 'a@example.test', credits: 1 }, 'owner')
  users.change(id, { credits: 2 }, 'key:ci')
  users.remove(id, 'owner')
  expect(events.emitted.map(({ type, actor, data }) => [type, actor, data?.['credits']])).toEqual([
    ['user-created', 'owner', 1],
    ['user-changed', 'key:ci', 2],
    ['user-removed', 'owner', 2],
  ])
})

/** Whatever people, calls and crashes do to an account, in whatever order: what was changed and what was charged explain its balance. */
import { expect, onTestFinished, test } from 'vitest'
import { createUsers } from '../../../../server/control/users.ts'
import { Fault } from '../../../../server/fault.ts'
import { createBilling, type Billing } from '../../../../server/relay/billing/index.ts'
import { MeteredCall } from '../../../../server/relay/billing/metered-call.ts'
import { CallSteps } from '../../../../server/relay/calls/steps.ts'
import { sessionPolicy } from '../../../../server/relay/contract/parts.ts'
import type { StoredSession } from '../../../../server/relay/sessions/store.ts'
import type { ToolEntry } from '../../../../server/relay/sessions/view.ts'
import type { Json } from '../../../../server/relay/upstreams/connection.ts'
import { recordedEvents, testClock, testDatabase, testLog } from '../../../fakes/kernel.ts'

const day = 86_400_000

function house() {
  const database = testDatabase()
  const clock = testClock()
  const users = createUsers({ database, clock, events: recordedEvents() })
  const raise = (): Billing => {
    const options = { database, accounts: users, clock, log: testLog(), steps: new CallSteps(), changed: () => undefined }
    const billing = createBilling({ ...options, events: { emit: () => undefined } })
    billing.doubts.recover()
    onTestFinished(() => billing.ledger.stop())
    return billing
  }
  const sum = (sql: string, ...given: string[]): number =>
    Number(
      database
        .prepare<string[], number | null>(sql)
        .pluck()
        .get(...given) ?? 0,
    )
  return {
    ...{ database, users, raise, clock },
    begun: () => sum('SELECT count(*) FROM relay_calls_begun WHERE outcome IS NULL'),
    /** Balance, what explains it, and what usage says was charged. */
    accounts: (id: string) => ({
      balance: users.get(id).credits,
      explained:
        sum('SELECT sum(credits) FROM credit_changes WHERE account_id = ?', id) -
        sum('SELECT sum(credits) FROM relay_charges WHERE account_id = ?', id),
      charged: sum('SELECT sum(credits) FROM relay_charges WHERE account_id = ?', id),
      used: sum('SELECT sum(credits) FROM relay_usage WHERE account_id = ?', id),
    }),
  }
}

const sessionOf = (accountId: string) =>
  ({ id: `session-of-${accountId}`, accountId, spent: 0, policy: sessionPolicy.parse({}) }) as unknown as StoredSession
const entryOf = (price: number) =>
  ({ name: 'echo', tool: { name: 'echo', price }, upstream: { definition: { id: 'up_1', name: 'odd' } } }) as unknown as ToolEntry
interface UnderWay {
  answer(outcome: Json | Error): void
  made: Promise<unknown>
}
/** Resolves when the server has been asked. */
async function begin({ meter }: Billing, accountId: string, price: number): Promise<UnderWay | null> {
  const call = meter.hold({ session: sessionOf(accountId), entry: entryOf(price), request: null })
  if (!(call instanceof MeteredCall)) return null
  const { promise, resolve } = Promise.withResolvers<Json | Error>()
  const asked = Promise.withResolvers<void>()
  const made = call.make({ args: {} }, async () => {
    asked.resolve()
    const outcome = await promise
    if (outcome instanceof Error) throw outcome
    return outcome
  })
  await asked.promise
  return { answer: resolve, made }
}

test.each(Array.from({ length: 8 }, (_, seed) => seed + 1))('in whatever order it happens (order %i)', async (seed) => {
  const { users, raise, accounts, begun } = house()
  let state = seed * 2_654_435_761
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const people = ['ann', 'bob']
  for (const id of people) users.create({ id, primaryEmail: `${id}@example.test`, credits: random(30) }, 'owner')
  let billing = raise()
  let underWay: UnderWay[] = []
  const outcomes = [{ content: [] }, { content: [] }, { content: [], isError: true }, { resultType: 'input_required' }, new Error('gone')]
  for (let step = 0; step < 60; step += 1) {
    const id = people[random(2)] ?? 'ann'
    const choice = random(12)
    if (choice < 5) {
      const call = await begin(billing, id, random(6))
      if (call !== null) underWay.push(call)
    } else if (choice < 8) {
      const chosen = underWay.splice(0, random(underWay.length + 1))
      for (const { answer } of chosen) answer(outcomes[random(outcomes.length)] ?? new Error('none'))
      await Promise.all(chosen.map(({ made }) => made))
    } else if (choice === 8) users.changeCredits(id, { set: random(20), reason: 'Set' }, 'owner')
    else if (choice === 9) users.changeCredits(id, { add: 1 + random(10), reason: 'Paid' }, 'owner')
    else if (choice === 10) {
      try {
        users.changeCredits(id, { take: 1 + random(10), reason: 'Refund' }, 'owner', (account) => billing.ledger.heldBy(account))
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'credits-short') throw error
      }
    } else {
      // The process dies: what was under way is never heard of again.
      billing.ledger.flush()
      underWay = []
      billing = raise()
      const doubts = billing.doubts.open().filter(() => random(2) === 0)
      for (const { id } of doubts) billing.doubts.settle([id], random(2) === 0 ? 'taken' : 'given-back', 'Looked it up', 'owner')
    }
    for (const id of people) {
      billing.ledger.flush()
      const { balance, explained, charged, used } = accounts(id)
      expect([balance, used]).toEqual([explained, charged])
      expect(balance).toBeGreaterThanOrEqual(0)
    }
  }
  for (const { answer } of underWay) answer({ content: [] })
  await Promise.all(underWay.map(({ made }) => made))
  const open = billing.doubts.open()
  if (open.length > 0)
    billing.doubts.settle(
      open.map(({ id }) => id),
      'given-back',
      'At the end',
      'owner',
    )
  expect(begun()).toBe(0)
  expect(people.map((id) => billing.ledger.heldBy(id))).toEqual([0, 0])
  for (const id of people) expect(accounts(id).balance).toBe(accounts(id).explained)
})

test('an account that was read stays true when a charge of it is undone, and when it is removed', () => {
  const { database, users } = house()
  users.create({ id: 'ann', primaryEmail: 'ann@example.test', credits: 10 }, 'owner')
  const read = () => users.find('ann')?.credits
  const charge = database.transaction(() => {
    users.spend('ann', 4)
    expect(read()).toBe(6)
    throw new Error('disk is full')
  })
  expect(read()).toBe(10)
  expect(charge).toThrow('disk is full')
  expect([read(), users.spend('ann', 4), read()]).toEqual([10, 4, 6])
  users.remove('ann', 'owner')
  expect(read()).toBeUndefined()
})

test('credits lowered below what calls hold stay lowered: a call under way costs what is left, and the records say so', async () => {
  const { users, raise, accounts } = house()
  users.create({ id: 'ann', primaryEmail: 'ann@example.test', credits: 10 }, 'owner')
  const billing = raise()
  const [one, two] = [await begin(billing, 'ann', 4), await begin(billing, 'ann', 4)]
  const held = (id: string) => billing.ledger.heldBy(id)
  expect(() => users.changeCredits('ann', { take: 3, reason: 'Refund' }, 'owner', held)).toThrow('Only 2 credits can be taken')
  users.changeCredits('ann', { take: 2, reason: 'Refund' }, 'owner', held)
  users.changeCredits('ann', { set: 5, reason: 'Moved' }, 'owner', held)
  for (const call of [one, two]) call?.answer({ content: [] })
  await Promise.all([one?.made, two?.made])
  expect(accounts('ann')).toEqual({ balance: 0, explained: 0, charged: 5, used: 5 })
  expect(billing.calls.list(10).map(({ state, credits }) => [state, credits])).toEqual([
    ['succeeded', 1],
    ['succeeded', 4],
  ])
})

test('what a crash cut off stays held until somebody decides, once, and is given back after a week without a word', async () => {
  const { users, raise, accounts, clock } = house()
  users.create({ id: 'ann', primaryEmail: 'ann@example.test', credits: 10 }, 'owner')
  const first = raise()
  for (const price of [2, 3, 4]) await begin(first, 'ann', price)
  const { doubts, ledger } = raise()
  expect([users.get('ann').credits, ledger.heldBy('ann')]).toEqual([10, 9])
  expect(doubts.open()).toMatchObject([{ credits: 4 }, { credits: 3 }, { credits: 2, accountId: 'ann', tool: 'echo', upstream: 'odd' }])
  const [four = 0, three = 0] = doubts.open().map(({ id }) => id)
  expect(doubts.settle([four], 'taken', 'The container was released', 'owner')).toMatchObject([{ outcome: 'taken', taken: 4 }])
  expect([users.get('ann').credits, ledger.heldBy('ann')]).toEqual([6, 5])
  // All of them or none, and nothing twice.
  expect(() => doubts.settle([three, four], 'taken', 'Again', 'owner')).toThrow('not in doubt')
  expect(doubts.settle([three], 'given-back', 'It never arrived', 'owner')).toMatchObject([{ outcome: 'given-back', taken: 0 }])
  // A wall clock that is put ahead, or back, decides nothing.
  for (const days of [365, -365]) {
    clock.setWall(clock.now() + days * day)
    doubts.expire()
    expect(doubts.open()).toHaveLength(1)
  }
  clock.advance(7 * day)
  doubts.expire()
  expect([users.get('ann').credits, ledger.heldBy('ann'), doubts.open()]).toEqual([6, 0, []])
  expect(doubts.settled(1)).toMatchObject([{ credits: 2, settledBy: 'wheelhouse', reason: 'Not decided within seven days' }])
  expect(accounts('ann')).toEqual({ balance: 6, explained: 6, charged: 4, used: 4 })
  // A second start finds nothing new.
  expect(raise().doubts.open()).toEqual([])
})

test('what is taken for a call in doubt counts towards what its session may spend', async () => {
  const { users, raise } = house()
  users.create({ id: 'ann', primaryEmail: 'ann@example.test', credits: 100 }, 'owner')
  await begin(raise(), 'ann', 3)
  const { doubts, meter } = raise()
  const session = { ...sessionOf('ann'), policy: sessionPolicy.parse({ maxCredits: 5 }) }
  const hold = (price: number) => meter.hold({ session, entry: entryOf(price), request: null })
  expect(hold(3)).toMatchObject({ kind: 'session-cap', spent: 3 })
  doubts.settle(
    doubts.open().map(({ id }) => id),
    'taken',
    'It was done',
    'owner',
  )
  expect(hold(3)).toMatchObject({ kind: 'session-cap', spent: 3 })
  expect(hold(2)).toBeInstanceOf(MeteredCall)
})

test('two sessions of an account share its last credit', async () => {
  const { users, raise, accounts } = house()
  users.create({ id: 'ann', primaryEmail: 'ann@example.test', credits: 1 }, 'owner')
  const { meter, ledger, calls } = raise()
  const hold = (id: string) => meter.hold({ session: { ...sessionOf('ann'), id }, entry: entryOf(1), request: null })
  const [first, second] = [hold('one'), hold('two')]
  expect(second).toMatchObject({ kind: 'credits', userCredits: 0, shortBy: 1 })
  if (first instanceof MeteredCall) await first.make({ args: {} }, () => Promise.resolve({ content: [] }))
  ledger.flush()
  expect(accounts('ann')).toEqual({ balance: 0, explained: 0, charged: 1, used: 1 })
  expect(calls.list(1)).toMatchObject([{ price: 1, credits: 1 }])
})

test('an account that is removed while a call is under way is charged nothing, and one in doubt can then only be given back', async () => {
  const { users, raise } = house()
  users.create({ id: 'ann', primaryEmail: 'ann@example.test', credits: 10 }, 'owner')
  const billing = raise()
  const [answered, cutOff] = [await begin(billing, 'ann', 4), await begin(billing, 'ann', 3)]
  users.remove('ann', 'owner')
  answered?.answer({ content: [] })
  await answered?.made
  expect(billing.calls.list(1)).toMatchObject([{ state: 'succeeded', credits: 0 }])
  expect(cutOff).not.toBeNull()
  const { doubts } = raise()
  const [{ id } = { id: 0 }] = doubts.open()
  expect(() => doubts.settle([id], 'taken', 'Late', 'owner')).toThrow('can only be given up')
  expect(doubts.settle([id], 'given-back', 'Nobody left', 'owner')).toMatchObject([{ outcome: 'given-back' }])
})

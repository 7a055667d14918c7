/** One way to pay for a call, without servers or HTTP: what is held, what is taken, and what the log says. */
import { expect, onTestFinished, test } from 'vitest'
import { testClock, testLog } from '../../../fakes/kernel.ts'
import type { Account, Accounts } from '../../../../server/relay/accounts.ts'
import { CallLog } from '../../../../server/relay/billing/call-log.ts'
import { CreditLedger } from '../../../../server/relay/billing/credit-ledger.ts'
import type { CreditLedgerStore } from '../../../../server/relay/billing/credit-ledger-store.ts'
import { Meter, MeteredCall } from '../../../../server/relay/billing/metered-call.ts'
import { sessionPolicy } from '../../../../server/relay/contract/parts.ts'
import type { StoredSession } from '../../../../server/relay/sessions/store.ts'
import type { ToolEntry } from '../../../../server/relay/sessions/view.ts'
import type { Json } from '../../../../server/relay/upstreams/connection.ts'

function metered({ credits = 10, price = 3, policy = {} }: { credits?: number; price?: number; policy?: object } = {}) {
  const account: Account = { id: 'ann', primaryEmail: 'ann@example.test', credits }
  const accounts: Accounts = { find: () => account, list: () => [account], spend: (_, spent) => ((account.credits -= spent), spent) }
  const disk = { isFull: false }
  const store: CreditLedgerStore = {
    write({ begun, settlements }, usageOf, spend) {
      if (disk.isFull) throw new Error('disk is full')
      const taken = settlements.map(({ accountId, credits }) => spend(accountId, credits))
      usageOf(taken)
      return { taken, begun: begun.map((_, index) => index + 1) }
    },
    sync: () => undefined,
    usage: () => [],
    charges: () => [],
  }
  const clock = testClock()
  const ledger = new CreditLedger({ store, accounts, clock, log: testLog(), changed: () => undefined })
  const calls = new CallLog(clock, () => undefined)
  onTestFinished(() => {
    ledger.stop()
    calls.stop()
  })
  const meter = new Meter(ledger, calls)
  // What paying reads of a session and of a tool.
  const session = { id: 'session-1', accountId: 'ann', spent: 0, policy: sessionPolicy.parse(policy) } as unknown as StoredSession
  const entry = {
    name: 'odd__echo',
    tool: { name: 'echo', price },
    upstream: { definition: { id: 'up_1', name: 'odd' } },
  } as unknown as ToolEntry
  const held = (): MeteredCall => {
    const call = meter.hold({ session, entry, request: { name: 'odd__echo' } })
    if (!(call instanceof MeteredCall)) throw new Error(call.kind)
    return call
  }
  return {
    ...{ meter, session, entry, held, disk, ledger },
    balance: () => ({ credits: account.credits, held: ledger.heldBy('ann') }),
    log: () => calls.list(10).map(({ state, price, credits, error, response }) => ({ state, price, credits, error, response })),
  }
}
const answers =
  (result: Json): (() => Promise<Json>) =>
  () =>
    Promise.resolve(result)

test('a call that succeeds is held while it runs, taken when it has, and logged with its price', async () => {
  const { held, balance, log } = metered()
  const call = held()
  expect(balance()).toEqual({ credits: 10, held: 3 })
  const { outcome, logged } = await call.make({ args: {} }, answers({ content: [] }))
  expect(outcome).toEqual({ content: [] })
  expect(balance()).toEqual({ credits: 7, held: 0 })
  expect(logged).toMatchObject({ tool: 'odd__echo', upstreamId: 'up_1', accountId: 'ann', sessionId: 'session-1', credits: 3 })
  expect(log()).toEqual([{ state: 'succeeded', price: 3, credits: 3, error: null, response: '{"content":[]}' }])
})

test('the credits have been taken before there is an answer, and the log keeps the text of the answer', async () => {
  const { held, balance, log } = metered()
  let atAnswer: object = {}
  await held().make({ args: {} }, answers({ content: [] }), () => {
    atAnswer = balance()
    return 'the answer'
  })
  expect(atAnswer).toEqual({ credits: 7, held: 0 })
  expect(log()).toMatchObject([{ response: 'the answer' }])
})

test('a call that throws, or says that it failed, costs nothing', async () => {
  const { held, balance, log } = metered()
  const { outcome } = await held().make({ args: {} }, () => Promise.reject(new Error('It died')))
  expect(outcome).toEqual(new Error('It died'))
  await held().make({ args: {} }, answers({ isError: true, content: [] }))
  expect(balance()).toEqual({ credits: 10, held: 0 })
  expect(log()).toMatchObject([
    { state: 'failed', credits: 0, error: null },
    { state: 'failed', credits: 0, error: 'It died' },
  ])
})

test('a question back to the client costs nothing and is not counted as a call', async () => {
  const { held, balance, ledger } = metered()
  await held().make({ args: {} }, answers({ resultType: 'input_required', inputRequests: {} }))
  expect(balance()).toEqual({ credits: 10, held: 0 })
  expect(ledger.total).toBe(0)
})

test('a call that is given up costs nothing; one that has been made cannot be given up or made again', async () => {
  const { held, balance, log } = metered()
  held().abandon()
  expect(balance()).toEqual({ credits: 10, held: 0 })
  expect(log()).toEqual([])
  const made = held()
  const making = made.make({ args: {} }, answers({ content: [] }))
  made.abandon()
  await making
  expect(balance()).toEqual({ credits: 7, held: 0 })
  await expect(made.make({ args: {} }, answers({ content: [] }))).rejects.toThrow('made once')
  expect(balance()).toEqual({ credits: 7, held: 0 })
})

test('as many calls at once as the credits pay for, and not one more; the others are refused and logged', async () => {
  const { meter, session, entry, balance, log } = metered({ credits: 10, price: 3 })
  const tried = Array.from({ length: 5 }, () => meter.hold({ session, entry, request: null }))
  const held = tried.filter((each) => each instanceof MeteredCall)
  expect(held).toHaveLength(3)
  expect(tried[4]).toEqual({ kind: 'credits', userCredits: 1, requiredCredits: 3, shortBy: 2 })
  await Promise.all(held.map((call) => call.make({ args: {} }, answers({ content: [] }))))
  expect(balance()).toEqual({ credits: 1, held: 0 })
  expect(log().map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded', 'refused', 'refused'])
})

test('a session keeps to its own credits and its calls a minute', () => {
  const { held } = metered({ credits: 100, policy: { maxCredits: 4 } })
  held()
  expect(held).toThrow('session-cap')
  const hurried = metered({ credits: 100, policy: { maxCallsPerMinute: 1 } })
  hurried.held().abandon()
  expect(hurried.held).toThrow('rate')
})

test('a charge that cannot be written takes nothing, fails the call, and is logged as failed', async () => {
  const { held, disk, balance, log } = metered()
  let answered = false
  const making = held().make(
    { args: {} },
    async () => {
      disk.isFull = true
      return { content: [] }
    },
    () => {
      answered = true
      return ''
    },
  )
  await expect(making).rejects.toThrow('disk is full')
  expect(answered).toBe(false)
  expect(balance()).toEqual({ credits: 10, held: 0 })
  expect(log()).toMatchObject([{ state: 'failed', credits: 0, error: 'disk is full' }])
})

test('a server is not asked for a call that could not be noted before', async () => {
  const { held, disk, balance } = metered()
  disk.isFull = true
  let asked = false
  const { outcome } = await held().make({ args: {} }, async () => {
    asked = true
    return { content: [] }
  })
  expect([outcome, asked]).toEqual([new Error('disk is full'), false])
  expect(balance()).toEqual({ credits: 10, held: 0 })
})

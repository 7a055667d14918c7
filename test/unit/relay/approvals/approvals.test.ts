/** Calls that wait for a person are so many at most. */
import { expect, test } from 'vitest'
import { sessionPolicy } from '../../../../server/relay/contract/parts.ts'
import { Approvals } from '../../../../server/relay/approvals/approvals.ts'
import { Secrets } from '../../../../server/relay/calls/secrets.ts'
import type { CallUnderWay } from '../../../../server/relay/calls/steps.ts'
import type { Log } from '../../../../server/log.ts'

test('a call beyond the two hundredth that waits is told that too many wait, and is not shown', async () => {
  const approvals = new Approvals({
    answers: { add: () => undefined, since: () => [] } as never,
    clock: { now: () => 0, monotonic: () => 0 },
    // Nothing is logged here.
    log: {} as Log,
    events: { emit: () => undefined } as never,
    secrets: new Secrets(),
    timers: { after: () => () => undefined, every: () => () => undefined },
    allowAlways: () => undefined,
    changed: () => undefined,
  })
  const notes: string[] = []
  // What the step reads of a call, without a server behind it.
  const call = {
    session: { id: 'row', accountId: 'ann', policy: sessionPolicy.parse({}) },
    entry: {
      upstream: { definition: { id: 'up_1', name: 'yard' } },
      tool: { name: 'gate', price: 0, definition: {} },
      name: 'gate',
      listed: {},
    },
    args: {},
    signal: undefined,
    note: (_: string, did: string) => void notes.push(did),
    costsNothing: () => undefined,
  } as unknown as CallUnderWay
  const ask = () => Promise.reject(new Error('asked'))
  const first = Array.from({ length: 200 }, () => approvals.step.around(call, ask))
  const answer = await approvals.step.around(call, ask)
  expect(answer).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('200 others wait for one already') }] })
  expect(notes).toEqual(['Too many wait already'])
  expect(approvals.waiting()).toHaveLength(200)
  approvals.stop()
  expect((await Promise.allSettled(first)).every(({ status }) => status === 'rejected')).toBe(true)
})

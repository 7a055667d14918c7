/** How fast a bot may change groups. */
import { expect, test } from 'vitest'
import { GroupPace } from '../../../../server/bots/groups/pace.ts'
import type { TakenStep } from '../../../../server/bots/groups/step-store.ts'
import { BotFault } from '../../../../server/bots/fault.ts'

const hour = 3_600_000

function paceAt(limits = { joins: 8, adds: 20 }) {
  const time = { now: 1_000_000 }
  const kept: (TakenStep & { userId: string })[] = []
  const store = {
    since: (userId: string, from: number) => kept.filter((each) => each.userId === userId && each.at > from),
    add: (userId: string, steps: readonly TakenStep[]) => void kept.push(...steps.map((step) => ({ ...step, userId }))),
  }
  const pace = new GroupPace({ store, clock: { now: () => time.now, monotonic: () => time.now }, limits: () => limits })
  const refusal = (wanted: Parameters<GroupPace['take']>[1], userId = 'gate'): BotFault | null => {
    try {
      pace.take(userId, wanted)
      return null
    } catch (error) {
      if (error instanceof BotFault) return error
      throw error
    }
  }
  return { time, refusal }
}

test('a quarter of a day may be had in an hour, and the refusal says when the next one may come', () => {
  const { time, refusal } = paceAt()
  expect(refusal({ join: 1 })).toBeNull()
  time.now += 600_000
  expect(refusal({ join: 1 })).toBeNull()
  expect(refusal({ join: 1 })).toMatchObject({ code: 'group-pace', details: { retryAfter: 3_000 } })
  time.now += 3_000_000
  expect(refusal({ join: 1 })).toBeNull()
  expect(refusal({ join: 1 })?.details).toEqual({ retryAfter: 600 })
})

test('the day has its bound as well', () => {
  const { time, refusal } = paceAt({ joins: 3, adds: 20 })
  for (let step = 0; step < 3; step += 1) {
    expect(refusal({ join: 1 })).toBeNull()
    time.now += 2 * hour
  }
  expect(refusal({ join: 1 })?.message).toContain('24 hours')
  time.now += 18 * hour
  expect(refusal({ join: 1 })).toBeNull()
})

test('what is refused counts for nothing, and more at once than an hour has is to be sent in parts', () => {
  const { refusal } = paceAt()
  expect(refusal({ join: 1, add: 6 })?.message).toContain('in parts')
  expect(refusal({ join: 1, add: 5 })).toBeNull()
  expect(refusal({ join: 1, add: 1 })).not.toBeNull()
  expect(refusal({ join: 1 })).toBeNull()
})

test('bots have their pace each for itself', () => {
  const { refusal } = paceAt({ joins: 1, adds: 1 })
  expect(refusal({ join: 1 })).toBeNull()
  expect(refusal({ join: 1 }, 'other')).toBeNull()
  expect(refusal({ join: 1 })).not.toBeNull()
})

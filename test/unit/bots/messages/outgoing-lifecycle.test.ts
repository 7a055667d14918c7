import { expect, test } from 'vitest'
import { nextState } from '../../../../server/lifecycle.ts'
import { isOver, outgoingLifecycle, type OutboxStatus, type OutgoingEvent } from '../../../../server/bots/messages/outgoing-lifecycle.ts'

const next = (status: OutboxStatus, event: OutgoingEvent) => nextState(outgoingLifecycle, status, event, undefined)
const statuses = Object.keys(outgoingLifecycle.states) as OutboxStatus[] // they are its keys
const steps = ['sent', 'delivered', 'read'] as const

test('news of how far a message has come leads on, never back, and out of every state', () => {
  for (const status of statuses)
    for (const step of steps) {
      const known = steps.findIndex((each) => each === status)
      expect(next(status, step)).toBe(steps[Math.max(known, steps.indexOf(step))])
    }
})

test('a message that waits for an answer comes again under its id, one that WhatsApp holds up goes back into the queue', () => {
  expect([next('queued', 'taken'), next('sending', 'taken'), next('sending', 'unanswered')]).toEqual(['sending', 'sending', 'sending'])
  expect([next('sending', 'held'), next('sent', 'held')]).toEqual(['queued', 'queued'])
})

test('what has arrived or was given up is neither refused nor sent again', () => {
  expect(statuses.filter(isOver)).toEqual(['delivered', 'read', 'failed'])
  for (const status of statuses.filter(isOver))
    for (const event of ['taken', 'held', 'unanswered', 'refused'] as const) expect(next(status, event)).toBeNull()
  for (const status of statuses.filter((each) => !isOver(each))) expect(next(status, 'refused')).toBe('failed')
})

import { expect, test } from 'vitest'
import {
  botStates,
  closingOf,
  isRunning,
  mayFollow,
  needsPerson,
  publishedStatus,
  reconnectDelay,
} from '../../../../server/bots/bot/states.ts'

test('every state can be left, and every state but stopped can be stopped', () => {
  for (const state of botStates) {
    expect(botStates.some((next) => mayFollow(state, next))).toBe(true)
    if (state !== 'stopped') expect(mayFollow(state, 'stopped')).toBe(true)
  }
})

test('only an online bot is online to the published API', () => {
  expect(botStates.filter((state) => publishedStatus(state) === 'online')).toEqual(['online'])
})

test('a state runs, waits for a person, or is stopped', () => {
  for (const state of botStates) expect([isRunning(state), needsPerson(state), state === 'stopped'].filter(Boolean)).toHaveLength(1)
})

test('401, 403 and 440 are never tried again, 515 at once, all else later', () => {
  expect([401, 403, 440, 515, 408, 428, 500, 503].map((code) => closingOf(code).then)).toEqual([
    'logged_out',
    'blocked',
    'replaced',
    'restart',
    'retry',
    'retry',
    'retry',
    'retry',
  ])
})

test('waits double from one second to a minute and are spread over their upper half', () => {
  expect([1, 2, 3, 6, 7, 50].map((attempt) => reconnectDelay(attempt, () => 1))).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000])
  expect([1, 7].map((attempt) => reconnectDelay(attempt, () => 0))).toEqual([500, 30_000])
})
test('the table of transitions is this and no other', () => {
  const table = Object.fromEntries(botStates.map((from) => [from, botStates.filter((to) => mayFollow(from, to))]))
  expect(table).toEqual({
    stopped: ['starting'],
    starting: ['stopped', 'starting', 'pairing', 'online', 'reconnecting', 'logged_out', 'blocked', 'replaced', 'failed'],
    pairing: ['stopped', 'starting', 'reconnecting', 'failed'],
    online: ['stopped', 'starting', 'reconnecting', 'logged_out', 'blocked', 'replaced', 'failed'],
    reconnecting: ['stopped', 'starting'],
    logged_out: ['stopped', 'starting'],
    blocked: ['stopped', 'starting'],
    replaced: ['stopped', 'starting'],
    failed: ['stopped', 'starting'],
  })
})

test('a close says what to do and why', () => {
  expect(closingOf(411)).toMatchObject({ then: 'failed', reason: expect.stringContaining('linked devices') })
  expect(closingOf(428, 'Connection Terminated').reason).toBe('Connection lost (428): Connection Terminated')
  expect(closingOf(428).reason).toBe('Connection lost (428)')
  expect(closingOf(0).then).toBe('retry')
})

test('a bot that is not linked yet is not tried for ever, and says why', () => {
  const after = (code: number, closed: Partial<Parameters<typeof closingOf>[2]> = {}) =>
    closingOf(code, '', { isLinked: false, pairing: 'code', attempt: 0, ...closed })
  expect([after(515).then, after(401).then, after(428).then, after(428, { attempt: 4 }).then]).toEqual([
    'restart',
    'failed',
    'retry',
    'failed',
  ])
  expect(after(408).reason).toContain('has expired')
  expect(after(428, { pairing: 'passkey' }).reason).toContain('before the passkey was taken')
  expect(after(428, { attempt: 4, pairing: 'none' }).reason).toContain('No pairing code could be had')
})

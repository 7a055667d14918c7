import { expect, test } from 'vitest'
import { publishedStatus } from '../../../../server/bots/api/views.ts'
import { afterClose } from '../../../../server/bots/bot/decisions.ts'
import { botLifecycle, isRunning, needsPerson } from '../../../../server/bots/bot/lifecycle.ts'
import { reconnectDelay } from '../../../../server/bots/bot/reconnect.ts'
import { botState, type BotState } from '../../../../server/bots/contract/index.ts'
import { closeOf } from '../../../../server/bots/engine/whatsapp-codes.ts'

const botStates = botState.options
const mayFollow = (from: BotState, next: BotState): boolean =>
  Object.values(botLifecycle.transitions[from]).some(({ to }) => to.includes(next))
const closingOf = (code: number, words = '', closed: Parameters<typeof afterClose>[1] = { isLinked: true, pairing: 'none', attempt: 0 }) =>
  afterClose(closeOf(code, { words }), closed)

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

test('401, 402, 403, 405, 406 and 440 are never tried again, 515 at once, all else later', () => {
  expect([401, 402, 403, 405, 406, 440, 515, 408, 428, 500, 503].map((code) => closingOf(code).event)).toEqual([
    'logged-out',
    'blocked',
    'blocked',
    'gave-up',
    'blocked',
    'replaced',
    'restart-asked',
    'lost',
    'lost',
    'lost',
    'lost',
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
    pairing: ['stopped', 'starting', 'reconnecting', 'logged_out', 'blocked', 'replaced', 'failed'],
    online: ['stopped', 'starting', 'reconnecting', 'logged_out', 'blocked', 'replaced', 'failed'],
    reconnecting: ['stopped', 'starting', 'failed'],
    logged_out: ['stopped', 'starting'],
    blocked: ['stopped', 'starting'],
    replaced: ['stopped', 'starting'],
    failed: ['stopped', 'starting'],
  })
})

test('a close says what to do and why', () => {
  expect(closingOf(411)).toMatchObject({ event: 'gave-up', reason: expect.stringContaining('linked devices') })
  expect(closingOf(428, 'Connection Terminated').reason).toBe('Connection lost (428): Connection Terminated')
  expect(closingOf(428).reason).toBe('Connection lost (428)')
  expect(closingOf(0).event).toBe('lost')
})

test('a bot that is not linked yet is not tried for ever, and says why', () => {
  const after = (code: number, closed: Partial<Parameters<typeof afterClose>[1]> = {}) =>
    closingOf(code, '', { isLinked: false, pairing: 'code', attempt: 0, ...closed })
  expect([after(515).event, after(401).event, after(428).event, after(428, { attempt: 4 }).event]).toEqual([
    'restart-asked',
    'gave-up',
    'lost',
    'gave-up',
  ])
  expect(after(408).reason).toContain('has expired')
  expect(after(428, { pairing: 'passkey' }).reason).toContain('before the passkey was taken')
  expect(after(428, { attempt: 4, pairing: 'none' }).reason).toContain('No pairing code could be had')
})

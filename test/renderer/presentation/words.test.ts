/** The window makes the words of an event itself, where it can. */
import { describe, expect, it } from 'vitest'
import { textOf, titleOf } from '../../../renderer/presentation/words.ts'
import { event } from '../support/samples.ts'

const dropped = { room: 'brokers', type: 'session-dropped', title: 'Kept words' } as const

const happened = { id: 1, at: '2026-11-21T07:30:00.000Z', tone: 'neutral', text: 'Kept words' } as const

describe('what happened in a session', () => {
  it('is said of its facts', () => {
    expect(textOf({ ...happened, kind: 'download-blocked', facts: { file: 'holds.csv' } })).toBe('Download of holds.csv refused')
  })

  it('is said as the server said it where the facts are not those the words need, or the kind is not known', () => {
    expect(textOf({ ...happened, kind: 'download-blocked', facts: {} })).toBe('Kept words')
    expect(textOf({ ...happened, kind: 'session-sang', facts: {} })).toBe('Kept words')
  })
})

describe('the title of an event', () => {
  it('is made of its facts', () => {
    expect(titleOf(event(1, { ...dropped, data: { expired: true } }))).toBe('Session expired')
  })

  it('is the one it was kept with when an older version told it, whose facts are not those the words need', () => {
    expect(titleOf(event(1, { ...dropped, data: {} }))).toBe('Kept words')
  })

  it('is the one it came with when its type is not known', () => {
    expect(titleOf(event(1, { room: 'bots', type: 'bot-sang', title: 'Bot sang', data: {} }))).toBe('Bot sang')
  })
})

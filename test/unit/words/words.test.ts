/** The catalogue of words: what a language is, and what becomes of facts that it does not know. */
import { describe, expect, test } from 'vitest'
import { eventTypes, typeOf } from '../../../server/control/event-types.ts'
import { en } from '../../../words/en.ts'
import { formatOf } from '../../../words/format.ts'
import { concernWords, eventTitle, overviewWords, say } from '../../../words/words.ts'
import { pl } from '../../fixtures/words-pl.ts'

describe('the words of an event', () => {
  test('stand in the catalogue of its room', () => {
    expect(eventTitle(en, { room: 'bots', type: 'bot-online', data: {} })).toBe('Bot online')
    expect(eventTitle(en, { room: 'relay', type: 'session-created', data: {} })).toBe('Relay session created')
    expect(eventTitle(en, { room: 'brokers', type: 'session-created', data: {} })).toBe('Session created')
  })

  test('may be made of its facts', () => {
    const title = (data: object) => eventTitle(en, { room: 'brokers', type: 'session-dropped', data: { ...data } })
    expect(title({ expired: true })).toBe('Session expired')
    expect(title({ expired: false })).toBe('Session dropped')
  })

  test('are those of the house when any room may tell it', () => {
    expect(eventTitle(en, { room: 'logins', type: 'api-started', data: { port: 8081 } })).toBe('API started')
  })

  test('are none for a type that another version told', () => {
    expect(eventTitle(en, { room: 'bots', type: 'bot-sang', data: {} })).toBeUndefined()
    expect(typeOf({ room: 'bots', type: 'bot-sang' })).toBeUndefined()
  })

  test('are never asked for by two tables', () => {
    const { house, ...rooms } = eventTypes
    for (const types of Object.values(rooms)) expect(Object.keys(types).filter((type) => type in house)).toEqual([])
  })
})

test('a count takes the form that its language has for it', () => {
  const english = formatOf(en.locale)
  expect([0, 1, 2, 1_840].map((count) => english.plural(count, { one: '# bot', other: '# bots' }))).toEqual([
    '0 bots',
    '1 bot',
    '2 bots',
    '1,840 bots',
  ])
  const polish = formatOf('pl')
  const bots = { one: '# bot', few: '# boty', many: '# botów', other: '# bota' }
  expect([1, 2, 5, 22, 1.5].map((count) => polish.plural(count, bots))).toEqual(['1 bot', '2 boty', '5 botów', '22 boty', '1,5 bota'])
  expect(english.list(['a', 'b', 'c'])).toBe('a, b and c')
  expect(formatOf('pl').list(['a', 'b', 'c'])).toBe('a, b i c')
})

describe('another language is one file', () => {
  test('that says what happened, made of the same facts', () => {
    expect(eventTitle(pl, { room: 'brokers', type: 'session-dropped', data: { expired: true } })).toBe('Sesja wygasła')
  })

  test('with the forms of counting that it has', () => {
    const letters = (count: number) =>
      concernWords(pl, { room: 'brokers', kind: 'dead-letters', facts: { session: 'orders', count } })?.title
    expect([1, 3, 5, 22, 1_205].map(letters)).toEqual([
      'orders: 1 martwy list',
      'orders: 3 martwe listy',
      'orders: 5 martwych listów',
      'orders: 22 martwe listy',
      'orders: 1205 martwych listów',
    ])
  })

  test('for the overview and for the desktop outside the window', () => {
    const facts = { bots: 12_000, online: 3 }
    expect(overviewWords(pl, { room: 'bots', facts })).toMatchObject({ unit: 'z 12\u00a0000', rateTitle: 'Wiadomości' })
    expect(overviewWords(en, { room: 'bots', facts })).toEqual({ unit: 'of 12,000', text: '3 online', rateTitle: 'Messages' })
    expect(say(pl.desktop.tray.summary, { rooms: [{ room: 'bots', count: 2 }], needYou: 4 })).toBe('Wheelhouse, Boty 2, 4 sprawy czekają')
  })

  test('and a concern that nobody has words for has none', () => {
    expect(concernWords(en, { room: 'bots', kind: 'bot-sings', facts: {} })).toBeUndefined()
  })
})

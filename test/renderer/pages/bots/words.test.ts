/** How bots read: their trouble, what can be done to them, how they fared, and where their numbers are from. */
import { describe, expect, it } from 'vitest'
import { actionsFor } from '../../../../renderer/pages/bots/bot-actions.ts'
import { troubleOf } from '../../../../renderer/pages/bots/bot-trouble.ts'
import { historyLines } from '../../../../renderer/pages/bots/history-lines.ts'
import { countryOf, likelyCountry, wholeNumber } from '../../../../renderer/pages/bots/link/countries.ts'
import { onlineText, slotsOf } from '../../../../renderer/pages/bots/ribbon.ts'
import { bot } from './sample-bot.ts'

const actions = (changes: Parameters<typeof bot>[0]): string[] => actionsFor(bot(changes)).map(({ label }) => label)

describe('trouble', () => {
  const trouble = (changes: Parameters<typeof bot>[0], hasBackup = false) => troubleOf(bot(changes), { hasBackup })

  it('is none while a bot runs or tries by itself', () => {
    for (const state of ['online', 'starting', 'pairing', 'reconnecting', 'stopped'] as const) expect(trouble({ state })).toBeNull()
  })

  it('of an account that is held back says until when, and that nothing is lost', () => {
    const restriction = { kind: 'new-chats', until: null, reason: 'No new chats for a while' } as const
    expect(trouble({ state: 'online', restriction })).toMatchObject({ tone: 'attention', text: expect.stringContaining('No new chats') })
  })

  it('of a link the phone has ended leads to pairing again, and says what waits', () => {
    const found = trouble({ state: 'logged_out', reason: 'Unlinked on the phone (401)', queue: 14 }, true)
    expect(found).toMatchObject({ tone: 'bad', title: 'The phone removed this device' })
    expect(found?.text).toContain('14 messages wait and go out after pairing')
    expect(found?.ways.map(({ label }) => label)).toEqual(['Pair again', 'Restore backup'])
  })

  it('of a link that is open elsewhere leads to taking it back', () => {
    expect(trouble({ state: 'replaced' })?.ways[0]).toMatchObject({ label: 'Take back', action: 'start' })
  })

  it('of a passkey is explained step by step, that of a code says whether to wait', () => {
    const unlinked = { state: 'failed', linkedAt: null } as const
    expect(
      trouble({ ...unlinked, cause: 'passkey', reason: 'This account asks for a passkey before it links a device' })?.steps?.join(' '),
    ).toMatch(/Account, Passkeys.*Settings, Bots/)
    expect(trouble({ ...unlinked, cause: 'code-expired', reason: 'The pairing code has expired; start again for a new one' })?.title).toBe(
      'The code has expired',
    )
    expect(
      trouble({ ...unlinked, cause: 'codes-refused', reason: 'WhatsApp refuses more pairing codes for this number for now (429)' })?.text,
    ).toContain('Wait an hour')
    expect(trouble({ state: 'failed', cause: 'version-refused', reason: 'Too old (405)' })?.ways[0]?.action).toBe('newest-version')
    expect(trouble({ ...unlinked, reason: 'It could not be started: no space' })).toMatchObject({
      title: 'It was not linked',
      text: 'It could not be started: no space.',
    })
  })
})

describe('what can be done', () => {
  it('fits the state, and names the bot where it ends it', () => {
    expect(actions({ state: 'online' })).toEqual([
      'Stop',
      'Restart',
      'Back up now',
      'Save a report',
      'Unlink from the phone',
      'Delete Gate alerts and its data',
    ])
    expect(actions({ state: 'stopped' })[0]).toBe('Start')
    expect(actions({ state: 'replaced' })[0]).toBe('Take back')
    expect(actions({ state: 'reconnecting' }).slice(0, 2)).toEqual(['Retry now', 'Stop'])
    expect(actions({ state: 'failed', linkedAt: null })).toEqual(['Pair', 'Save a report', 'Delete Gate alerts and its data'])
  })

  it('never offers to unlink what the phone has unlinked already', () => {
    expect(actions({ state: 'logged_out' })).toEqual(['Pair again', 'Back up now', 'Save a report', 'Delete Gate alerts and its data'])
  })
})

describe('the ribbon', () => {
  const hour = (count: number): string => new Date(Date.UTC(2026, 10, 25, count)).toISOString()
  const stay = (from: number, to: number, state: 'online' | 'stopped' | 'starting' | 'logged_out') => ({
    from: hour(from),
    to: hour(to),
    state,
    reason: null,
  })

  it('shows the worst of each slot, and nothing before the bot was made', () => {
    expect(
      slotsOf({ from: hour(0), to: hour(4), states: [stay(1, 2, 'stopped'), stay(2, 3.5, 'online'), stay(3.5, 4, 'logged_out')] }, 4),
    ).toEqual(['none', 'off', 'good', 'bad'])
  })

  it('does not colour a slot for the moment in which every bot starts', () => {
    const start = { from: hour(1), to: new Date(Date.parse(hour(1)) + 2_000).toISOString(), state: 'starting' as const, reason: null }
    expect(
      slotsOf({ from: hour(0), to: hour(2), states: [stay(0, 1, 'online'), start, { ...stay(1, 2, 'online'), from: start.to }] }, 2),
    ).toEqual(['good', 'good'])
  })

  it('says the share in words', () => {
    expect([1, 0.931, 0].map((online) => onlineText({ online }))).toEqual(['100 % online', '93.1 % online', '0 % online'])
  })
})

describe('the history', () => {
  it('tells linking and backups between the states, the newest first', () => {
    const on = (day: number): string => new Date(Date.UTC(2026, 10, day)).toISOString()
    const history = [
      { id: 2, at: on(21), state: 'logged_out' as const, reason: 'Unlinked on the phone (401)' },
      { id: 1, at: on(12), state: 'online' as const, reason: null },
    ]
    const lines = historyLines(history, [{ id: 'backup_1', createdAt: on(18), checksum: 'ab', rows: 812, bytes: 41_000 }], {
      linkedAt: on(11),
    })
    expect(lines.map(({ title, text }) => [title, text])).toEqual([
      ['Logged out', 'Unlinked on the phone (401)'],
      ['Backup kept', 'sealed, 41 kB'],
      ['Online', ''],
      ['Linked', 'accepted on the phone'],
    ])
  })
})

describe('numbers', () => {
  it('lose the zero of home, but not where it belongs to them', () => {
    expect(wholeNumber('07700 900381', '44')).toBe('447700900381')
    expect(wholeNumber('06 1234 5678', '39')).toBe('390612345678')
    expect(wholeNumber('(555) 010-0142', '1')).toBe('15550100142')
  })

  it('bring their country along when they are whole', () => {
    expect(wholeNumber('+49 151 0000000', '1')).toBe('491510000000')
    expect(wholeNumber('0049 151 0000000', '1')).toBe('491510000000')
    expect([countryOf('447700900381')?.iso, countryOf('15550100142')?.iso, countryOf('353861234567')?.iso, countryOf('999')]).toEqual([
      'GB',
      'US',
      'IE',
      undefined,
    ])
  })

  it('begin with the country of the reader', () => {
    expect(likelyCountry(['de-CH', 'en'])).toBe('CH')
    expect(likelyCountry(['en'])).toBe('US')
  })
})

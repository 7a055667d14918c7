import { expect, it } from 'vitest'
import { readDate, readNumber } from '../../../../server/browsers/site/cells.ts'

it.each([
  ['185.00', 185],
  ['1,234.50', 1234.5],
  ['1.234,50 €', 1234.5],
  ['$ 1,234', 1234],
  ['1 234', 1234],
  ['12,5', 12.5],
  ['(12)', -12],
  ['-3', -3],
  ['1.234.567', 1234567],
  ['none', null],
])('the number in %s is %s', (text, value) => expect(readNumber(text)).toBe(value))

it.each([
  ['2026-11-19', '2026-11-19'],
  ['19.11.2026', '2026-11-19'],
  ['11/19/2026', '2026-11-19'],
  ['19/11/2026', '2026-11-19'],
  ['19 Nov 2026', '2026-11-19'],
  ['November 19, 2026 2:30 PM', '2026-11-19T14:30'],
  ['2026-11-19T08:05:00Z', '2026-11-19T08:05:00'],
  ['31.02.2026', null],
  ['tomorrow', null],
])('the date in %s is %s', (text, value) => expect(readDate(text)).toBe(value))

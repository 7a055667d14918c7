/** Patterns that people and sites give: JavaScript's where RE2 has them, and never longer than the text. */
import { expect, test } from 'vitest'
import { linearPattern } from '../../server/linear-pattern.ts'

test.each([
  [String.raw`^https://truckerportal\.emodal\.com/(containers|home)`, 'https://truckerportal.emodal.com/home?x', true],
  [String.raw`/(login|signin|authorize)\b`, 'https://site.test/signin', true],
  [String.raw`/(login|signin|authorize)\b`, 'https://site.test/signing', false],
  [String.raw`\/berths\/\d+$`, 'https://site.test/berths/7', true],
  [String.raw`(?<year>\d{4})-\u0030`, '2026-0', true],
  ['[^/]+$', 'https://site.test/', false],
])('%s in %s: %s', async (source, text, found) => expect((await linearPattern(source)).test(text)).toBe(found))

test('fits a text as a whole or not at all', async () => {
  const number = await linearPattern('[A-Za-z0-9]{1,20}|x y')
  expect(['TRHU1866154', 'x y', 'TRHU 1', 'TRHU1866154\n', '', `${'a'.repeat(21)}`].map(number.fits)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ])
})

test.each(['(a+)+$', '^(a|a)*$', '(a|aa)+$', '^(([a-z])+.)+[A-Z]([a-z])+$', '(.*)*b', '(a?){30}a{30}$'])(
  '%s comes to an end on a text that is made for it',
  async (source) => {
    const pattern = await linearPattern(source)
    expect(pattern.test(`${'a'.repeat(20_000)}!`)).toBe(false)
    expect(pattern.fits(`${'a'.repeat(20_000)}!`)).toBe(false)
  },
)

test.each(['(', '(?=a)', '(?<!a)b', String.raw`(a)\1`, 'a{2000}', '((a{100}){100}){100}', '['])(
  '%s is refused in words',
  async (source) => {
    await expect(linearPattern(source)).rejects.toThrow(SyntaxError)
  },
)

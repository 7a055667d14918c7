/** What libraries print becomes words in the log, without what could be a key. */
import { expect, it } from 'vitest'
import { wordsOf } from '../../server/library-output.ts'

class SessionEntry {
  readonly privKey = Buffer.from('harbor-demo')
}

const key = Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 37 + 11) % 256))

it.each([
  ['words and an object', ['Closing session:', new SessionEntry()], 'Closing session: [SessionEntry]'],
  ['an error', ['Session error:', new TypeError('Bad MAC')], 'Session error: Bad MAC'],
  ['bytes', ['key', key], 'key [Buffer]'],
  ['several lines', ['first\n    at second'], 'first'],
  ['a key in base64', [`key ${key.toString('base64')}`], 'key [removed]'],
  ['a key in base64 for addresses', [`key ${key.toString('base64url')}`], 'key [removed]'],
  ['a key in hexadecimal', [`key ${key.toString('hex')}`], 'key [removed]'],
  ['bytes as they are inspected', [`key <Buffer ${key.toString('hex').replace(/../g, '$& ').trim()}>`], 'key <Buffer [removed]>'],
  ['bytes as numbers', [`key [${[...key].join(', ')}]`], 'key [[removed]]'],
  ['an address with a password', ['connect wss://ann:harbor-demo@host.test/a failed'], 'connect wss://host.test/a failed'],
  ['nothing', [], ''],
  ['what is no object', [1, null, undefined, true], '1 null undefined true'],
])('keeps of %s the words', (_, said, words) => {
  expect(wordsOf(said)).toBe(words)
})

it('is short, and quick with what is long', () => {
  expect(wordsOf(['a '.repeat(1_000_000)])).toHaveLength(200)
  expect(wordsOf(['0, '.repeat(1_000_000)])).toBe('[removed]')
})

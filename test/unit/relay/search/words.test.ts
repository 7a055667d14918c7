/** Names and sentences as the words by which tools are compared. */
import { expect, test } from 'vitest'
import { wordsOf } from '../../../../server/relay/search/words.ts'

test.each([
  ['moveContainer2', ['move', 'container2']],
  ['move_container-2', ['move', 'container', '2']],
  ['parseHTMLPage', ['parse', 'html', 'page']],
  ['XMLHttpRequest in ÄÖÜber', ['xml', 'http', 'request', 'in', 'äö', 'über']],
  ['READ ME', ['read', 'me']],
])('%s', (text, words) => expect(wordsOf(text)).toEqual(words))

test('capitals without end come to an end, and a word without end counts by its beginning', () => {
  expect(wordsOf('A'.repeat(400_000))).toEqual(['a'.repeat(64)])
  expect(wordsOf(`${'x'.repeat(400_000)} berth`)).toEqual(['x'.repeat(64), 'berth'])
})

/** Answers longer than a line may be: whoever waits for one is told at once. */
import { expect, test } from 'vitest'
import { LineReader, type LongLine } from '../../../../server/relay/upstreams/line-reader.ts'
import { inPlaceOf } from '../../../../server/relay/upstreams/too-long.ts'

const filling = 'x'.repeat(4_000)
const ends = (text: string): LongLine => ({
  head: Buffer.from(text.slice(0, 512)),
  tail: Buffer.from(text.slice(-512)),
  length: 100 * 1_048_576,
})

test('of a line that is too long both ends and the length come out at its end, and the next line is whole', () => {
  const [lines, long]: [string[], string[]] = [[], []]
  const reader = new LineReader((line) => void lines.push(String(line)), {
    cutAt: 600,
    onLong: ({ head, tail, length }) =>
      void long.push(`${head.length} ${String(head.subarray(0, 3))} ${String(tail.subarray(-3))} ${length}`),
  })
  for (const byte of Buffer.from(`abc${filling}xyz\nnext\n`)) reader.push(Buffer.of(byte))
  for (const piece of [`abc${filling}`, 'xyz\nlast\n']) reader.push(Buffer.from(piece))
  expect(long).toEqual(['512 abc xyz 4006', '512 abc xyz 4006'])
  expect(lines).toEqual(['next', 'last'])
})

test.each([
  ['first, as most write it', `{"jsonrpc":"2.0","id":7,"result":{"text":"${filling}"}}`, 7],
  ['first of all', `{"id": "seven", "jsonrpc": "2.0", "result": {"text": "${filling}"}}`, 'seven'],
  ['last', `{"result":{"text":"${filling}"},"jsonrpc":"2.0","id":7}`, 7],
  ['between', `{"result":{"text":"${filling}"},"id":7,"jsonrpc":"2.0"}`, 7],
  ['last of an error', `{"jsonrpc":"2.0","error":{"code":1,"message":"${filling}"},"id":7}`, 7],
  ['nowhere but inside the result', `{"jsonrpc":"2.0","result":{"text":"${filling}","id":8}}`, undefined],
  ['in a question of the server', `{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{"text":"${filling}"}}`, undefined],
  [
    'in a question that ends with it',
    `{"method":"sampling/createMessage","params":{"text":"${filling}"},"jsonrpc":"2.0","id":7}`,
    undefined,
  ],
])('an id that stands %s', (_, line, id) => {
  const answer = inPlaceOf(ends(line))
  if (id === undefined) expect(answer).toBeUndefined()
  else
    expect(answer).toEqual({
      ...{ jsonrpc: '2.0', id },
      error: { code: -32603, message: 'The answer has 100 MiB; more than 64 MiB of one are not taken' },
    })
})

import { expect, test } from 'vitest'
import { LineReader } from '../../../../server/relay/upstreams/line-reader.ts'

test('lines come out whole however the bytes arrive, and one without an end is cut', () => {
  const lines: string[] = []
  const reader = new LineReader((line) => void lines.push(line.toString()), { cutAt: 8 })
  const bytes = Buffer.from('grüße\r\nb\n\nc')
  for (const byte of bytes) reader.push(Buffer.of(byte))
  reader.push(Buffer.from('d\ne'))
  expect(lines).toEqual(['grüße', 'b', '', 'cd'])
  reader.push(Buffer.from('0123456789'))
  reader.push(Buffer.from('rest\nnext\n'))
  expect(lines.slice(4)).toEqual(['e0123456789', 'next'])
})

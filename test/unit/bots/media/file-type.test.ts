import { expect, test } from 'vitest'
import { isShown, receivedType, typeOf, withEnding } from '../../../../server/bots/media/file-type.ts'

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const pdf = Buffer.from('%PDF-1.7\n1 0 obj\n')
const zip = Buffer.from('UEsDBBQAAAAIAA==', 'base64')
const page = Buffer.from('<!doctype html><script>alert(1)</script>')

test.each([
  ['image', 'image/png', png, 'image/png'],
  ['image', 'image/jpeg', png, 'image/png'],
  ['image', 'image/png', page, 'image/png'],
  ['image', 'text/html', page, 'application/octet-stream'],
  ['audio', 'audio/ogg; codecs=opus', Buffer.from('no sound'), 'audio/ogg; codecs=opus'],
  ['document', 'application/pdf', pdf, 'application/pdf'],
  ['document', 'application/pdf', page, 'application/octet-stream'],
  ['document', 'text/html', page, 'text/html'],
  ['document', 'text/csv', Buffer.from('a,b'), 'text/csv'],
  [
    'document',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    zip,
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  ],
  ['document', 'text/html\r\nset-cookie: a=b', page, 'application/octet-stream'],
  ['document', '', png, 'image/png'],
] as const)('an %s that is said to be %j and is %#', async (kind, said, bytes, wanted) => {
  expect(await receivedType(kind, said, bytes)).toBe(wanted)
})

test('what a browser would run as a page is never shown by itself', () => {
  expect(['image/svg+xml', 'text/html', 'application/xhtml+xml', 'text/plain', 'application/octet-stream'].some(isShown)).toBe(false)
  expect(['image/png', 'audio/ogg; codecs=opus', 'video/mp4', 'application/pdf'].every(isShown)).toBe(true)
})

test('a server that says nothing, or the vaguest there is, is not believed before the bytes', async () => {
  expect(await typeOf(png, 'application/octet-stream')).toBe('image/png')
  expect(await typeOf(png, 'image/webp; q=1')).toBe('image/webp')
  expect(await typeOf(Buffer.from('words'), 'text/plain; charset=utf-8')).toBe('text/plain')
  expect(await typeOf(Buffer.from('words'), null)).toBe(null)
  expect(await typeOf(png, 'application/x-www-form-urlencoded')).toBe('image/png')
  expect(await typeOf(Buffer.from('words'), 'application/x-www-form-urlencoded')).toBe(null)
})

test('a name without an ending gets that of its type, and one that has one keeps it', () => {
  expect(withEnding('download', 'application/pdf')).toBe('download.pdf')
  expect(withEnding('file', 'audio/ogg; codecs=opus')).toBe('file.ogg')
  expect(withEnding('load.PDF', 'image/png')).toBe('load.PDF')
  expect(withEnding('load', 'application/x-load')).toBe('load')
})

test('sound in Ogg says that it is Opus, without which no phone plays it', async () => {
  const opus = Buffer.concat([Buffer.from('OggS'), Buffer.alloc(24), Buffer.from('OpusHead'), Buffer.alloc(60)])
  expect(await typeOf(opus, null)).toBe('audio/ogg; codecs=opus')
})

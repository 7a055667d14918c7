import { expect, test } from 'vitest'
import { boundaryOf, firstFile } from '../../../../server/bots/media/multipart.ts'

const form = [
  '--cut',
  'Content-Disposition: form-data; name="note"',
  '',
  'not a file',
  '--cut',
  'Content-Disposition: form-data; name="file"; filename="a %22quoted%22 name.csv"',
  'Content-Type: text/csv',
  '',
  'one,two\r\n--cu\r\n3,4',
  '--cut--',
  '',
].join('\r\n')

/** In parts of so many bytes. */
async function* inParts(text: string, bytes: number): AsyncGenerator<Buffer> {
  const whole = Buffer.from(text)
  for (let start = 0; start < whole.length; start += bytes) yield whole.subarray(start, start + bytes)
}

const read = async (text: string, bytes: number) => {
  const { content, ...facts } = await firstFile(inParts(text, bytes), 'cut')
  const parts: Buffer[] = []
  for await (const part of content) parts.push(part)
  return { ...facts, text: Buffer.concat(parts).toString() }
}

test('the boundary is found as clients write it, and only in a form', () => {
  expect(boundaryOf('multipart/form-data; boundary=----cut1')).toBe('----cut1')
  expect(boundaryOf('Multipart/Form-Data; charset=utf-8; boundary="a b"')).toBe('a b')
  expect(boundaryOf('image/png')).toBe(null)
  expect(boundaryOf(undefined)).toBe(null)
})

test.each([1, 3, 7, 64, 10_000])('the first file is read whole, in whatever parts it comes (%i bytes)', async (bytes) => {
  expect(await read(form, bytes)).toEqual({ name: 'a "quoted" name.csv', mimetype: 'text/csv', text: 'one,two\r\n--cu\r\n3,4' })
})

test.each([
  ['breaks off', form.slice(0, -12)],
  ['has no file', '--cut\r\nContent-Disposition: form-data; name="note"\r\n\r\nwords\r\n--cut--\r\n'],
  ['is something else', 'words'],
  ['has no end of heads', `--cut\r\nContent-Disposition: ${'a'.repeat(20_000)}`],
])('a form that %s is refused', async (_, text) => {
  await expect(read(text, 100)).rejects.toMatchObject({ code: 'upload-malformed' })
})

/** What is taken out of texts, and what stays. */
import { expect, test } from 'vitest'
import { redaction, type RedactKind } from '../../../../server/relay/contract/between.ts'
import { redactorOf } from '../../../../server/relay/calls/redactor.ts'

const redactorFor = (given: object) => redactorOf(redaction.parse(given))
const all: RedactKind[] = ['email', 'phone', 'card', 'key']

test.each([
  ['ann.lee+x@mail.example.test, bob@b.co', '[e-mail], [e-mail]'],
  ['+31 6 1234 5678 and (020) 123 4567 and 555-123-4567', '[phone] and [phone] and [phone]'],
  ['4111 1111 1111 1111, 4111-1111-1111-1112', '[card], 4111-1111-1111-1112'],
  ['sk-proj-abcdefghijklmnop and ghp_abcdefghijklmnopqrstuvwx', '[key] and [key]'],
  ['AKIAABCDEFGHIJKLMNOP', '[key]'],
  ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijklmno', '[key]'],
  ['Authorization: Bearer abcdef123456', 'Authorization: Bearer [key]'],
  ['"api_key": "s3cr3t-value", password=hunter22', '"api_key": "[key]", password=[key]'],
  ['https://ann:hunter2@host.test/', 'https://[key]@host.test/'],
  ['a -----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY----- b', 'a [key] b'],
  ['-----BEGIN PRIVATE KEY-----\nMIIB was cut', '[key]'],
])('%s reads %s', async (text, clean) => {
  expect((await redactorFor({ kinds: all })).value(text).value).toBe(clean)
})

test.each([
  '2026-11-27T03:04:05.678Z and 27-11-2026 and 01-02-2026',
  'id 1767322800000, 123456789012345678',
  'version 1.22.333, port 65535, 192.168.100.200, 10,000 of 512,000',
  'row 12 of 400, container MSKU1234565, 0b0e7a52-5d1c-4c8e-9f53-6a2f0f6a1c11',
  'the token of the day, password reset, secret: yes',
])('%s stays', async (text) => {
  expect((await redactorFor({ kinds: all })).value(text)).toEqual({ value: text, did: null })
})

test('own patterns are named where they stood and counted, and what is handed back as it came stays', async () => {
  const redactor = await redactorFor({ patterns: [{ name: 'case', pattern: 'WH-[0-9]{3,}' }] })
  expect(redactor.value({ type: 'WH-1000', text: 'WH-1234 or WH-9', requestState: 'WH-1234', more: [1, null, true] })).toEqual({
    value: { type: 'WH-1000', text: '[case] or WH-9', requestState: 'WH-1234', more: [1, null, true] },
    did: '1 case',
  })
  await expect(redactorFor({ patterns: [{ name: 'ahead', pattern: '(?=a)' }] })).rejects.toThrow(SyntaxError)
})

test('fields whose names are private keep apart, each with what it held', async () => {
  const redactor = await redactorFor({ kinds: ['email'] })
  const given = { 'ann@a.test': 1, '[e-mail] 2': 'its own', 'bob@b.test': { 'ann@a.test': 2 }, plain: 3, '[e-mail]': 4, 'cid@c.test': 5 }
  const { value, did } = redactor.value<unknown>(given)
  expect(value).toEqual({
    ...{ '[e-mail] 3': 1, '[e-mail] 2': 'its own', '[e-mail] 4': { '[e-mail]': 2 }, plain: 3, '[e-mail]': 4, '[e-mail] 5': 5 },
  })
  expect(did).toBe('4 e-mail')
  expect(redactor.value<unknown>({ 'ann@a.test': 1, 'bob@b.test': 2 }).value).toEqual({ '[e-mail]': 1, '[e-mail] 2': 2 })
})

test('texts made to hold up whoever reads them hold up nobody', async () => {
  const redactor = await redactorFor({ kinds: all, patterns: [{ name: 'x', pattern: '(a+)+$' }] })
  for (const part of ['a', 'a@', 'a.', '1 ', '+1', '0-', 'eyJa.', 'token=', '://a:', '-----BEGIN ', 'Bearer '])
    expect(redactor.value(part.repeat(40_000)).value).toBeTypeOf('string')
})

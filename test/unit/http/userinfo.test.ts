import { expect, test } from 'vitest'
import { basicAuthorization, addressToTell, splitUserinfo } from '../../../server/http/userinfo.ts'

test.each([
  ['https://ann:s3cret@site.test/a?b#c', 'https://site.test/a?b#c', 'ann:s3cret'],
  ['http://ann@site.test', 'http://site.test', 'ann:'],
  ['http://:s3cret@site.test:8080/', 'http://site.test:8080/', ':s3cret'],
  [
    'https://ann:s%40cret%zz@site.test/{container_id}?q={container_id}',
    'https://site.test/{container_id}?q={container_id}',
    'ann:s%40cret%zz',
  ],
  ['https://ann:s%3Acret@site.test/', 'https://site.test/', 'ann:s:cret'],
  ['https://ann:a@b@site.test/', 'https://site.test/', 'ann:a@b'],
  [String.raw`https:\\ann:s3cret@site.test\x`, String.raw`https:\\site.test\x`, 'ann:s3cret'],
  ['https:ann:s3cret@site.test/', 'https:site.test/', 'ann:s3cret'],
  [' https://ann:s3cret@site.test/', ' https://site.test/', 'ann:s3cret'],
  ['ht\ntps://ann:s3\ncret@site.test/', 'ht\ntps://site.test/', 'ann:s3cret'],
])('%j is %j, and %s apart', (address, url, userinfo) => expect(splitUserinfo(address)).toEqual({ url, userinfo }))

test.each(['https://site.test/a@b', 'https://site.test/?mail=ann:x@site.test', 'not an address', '', 'mailto:ann@site.test'])(
  '%j carries none and stays as it is',
  (address) => expect(splitUserinfo(address)).toEqual({ url: address, userinfo: null }),
)

test('an address for events has nothing that may be a secret', () => {
  expect(addressToTell('https://ann:s3cret@site.test/a?token=1#x')).toBe('https://site.test/a')
  expect(addressToTell(`https://site.test/${'a'.repeat(1_000)}`)).toHaveLength(300)
})

test('names and passwords go into a header as UTF-8', () => {
  expect(basicAuthorization('änn:pässwort')).toBe(`Basic ${Buffer.from('änn:pässwort').toString('base64')}`)
})

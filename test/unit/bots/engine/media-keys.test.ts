/** Where a file is, out of what senders' programs say of it. */
import { expect, test } from 'vitest'
import { readContent } from '../../../../server/bots/engine/baileys/content.ts'
import { mediaKeysOf } from '../../../../server/bots/engine/baileys/media-keys.ts'

const mediaKey = new Uint8Array(32)

test('a document that has its name as a title keeps it', () => {
  const documentMessage = { mediaKey, directPath: '/v/load', fileName: '', title: 'load.csv' }
  expect(mediaKeysOf({ documentMessage }, false)).toMatchObject({ fileName: 'load.csv' })
  expect(readContent({ documentMessage }, false).details.media).toMatchObject({ fileName: 'load.csv' })
})

test('a file whose message has an address and no path is at the path of that address, on no host but WhatsApp’s', () => {
  const found = (url: string) => mediaKeysOf({ imageMessage: { mediaKey, url } }, false)?.directPath
  expect(found('https://mmg.whatsapp.net/v/t62.7118-24/1_n.enc?ccb=11-4&oh=01')).toBe('/v/t62.7118-24/1_n.enc?ccb=11-4&oh=01')
  expect(found('https://elsewhere.example/v/1')).toBe('/v/1')
  expect(found('http://mmg.whatsapp.net/v/1')).toBe(undefined)
  expect(found('no address')).toBe(undefined)
})

/** Each shape in which WhatsApp sends something, as plain objects, and what a reader of the log or a webhook gets of it. */
import type { proto } from 'baileys'
import { expect, test } from 'vitest'
import { isViewOnce, readContent } from '../../../../server/bots/engine/baileys/content.ts'
import type { Details } from '../../../../server/bots/engine/details.ts'
import { detailsView } from '../../../../server/bots/contract/native/details.ts'

const facts = {
  ...{ mimetype: 'image/jpeg', size: null, seconds: null, width: null, height: null, fileName: null, pages: null },
  ...{ note: false, animated: false },
}
const vcard =
  'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\\, gate 4\r\nTEL:+1 555 010 0099\r\nitem1.TEL;type=CELL;waid=1555\r\n 0100011:+1 555\r\nEND:VCARD'

const shapes: readonly [what: string, message: proto.IMessage, kind: string, text: string, details: Details][] = [
  ['a text', { conversation: 'Hello' }, 'text', 'Hello', {}],
  [
    'a text with a preview of its link',
    { extendedTextMessage: { text: 'See http://a.example', matchedText: 'http://a.example', title: 'A', description: 'Of a' } },
    ...['text', 'See http://a.example', { preview: { url: 'http://a.example', title: 'A', description: 'Of a' } }],
  ],
  [
    'a text that names people and was passed on many times',
    {
      extendedTextMessage: {
        text: '@15550100011 look',
        contextInfo: { mentionedJid: ['15550100011@s.whatsapp.net'], isForwarded: true, forwardingScore: 127 },
      },
    },
    ...['text', '@15550100011 look', { mentions: ['15550100011@s.whatsapp.net'], forwarded: 127 }],
  ],
  [
    'a picture',
    { imageMessage: { mimetype: 'image/png', caption: 'Lane 2', fileLength: 1_234, width: 640, height: 480 } },
    ...['image', 'Lane 2', { media: { ...facts, mimetype: 'image/png', size: 1_234, width: 640, height: 480 } }],
  ],
  ['a picture to be looked at once', { imageMessage: { viewOnce: true } }, ...['image', '', { media: facts, viewOnce: true }]],
  [
    'a moving picture',
    { videoMessage: { gifPlayback: true, seconds: 3 } },
    ...['video', '', { media: { ...facts, mimetype: 'video/mp4', seconds: 3, animated: true } }],
  ],
  ['a video note', { ptvMessage: { seconds: 8 } }, 'video', '', { media: { ...facts, mimetype: 'video/mp4', seconds: 8, note: true } }],
  [
    'a voice note',
    { audioMessage: { ptt: true, seconds: 23, mimetype: 'audio/ogg; codecs=opus' } },
    ...['audio', '', { media: { ...facts, mimetype: 'audio/ogg; codecs=opus', seconds: 23, note: true } }],
  ],
  [
    'a document',
    { documentMessage: { fileName: 'plan.pdf', mimetype: 'application/pdf', pageCount: 4, fileLength: 182_000 } },
    ...['document', 'plan.pdf', { media: { ...facts, mimetype: 'application/pdf', size: 182_000, fileName: 'plan.pdf', pages: 4 } }],
  ],
  ['a sticker', { stickerMessage: {} }, 'sticker', '', { media: { ...facts, mimetype: 'image/webp' } }],
  [
    'a place',
    { locationMessage: { degreesLatitude: 51.9, degreesLongitude: 4.05, name: 'Gate 2', address: 'Quay 1' } },
    ...['location', 'Gate 2', { location: { latitude: 51.9, longitude: 4.05, name: 'Gate 2', address: 'Quay 1', live: false } }],
  ],
  [
    'a live place',
    { liveLocationMessage: { degreesLatitude: 1, degreesLongitude: 2, caption: 'On my way' } },
    ...['location', 'On my way', { location: { latitude: 1, longitude: 2, name: '', address: '', live: true } }],
  ],
  [
    'a contact card, its WhatsApp number first',
    { contactMessage: { displayName: '', vcard } },
    ...['contact', '', { contacts: [{ name: 'Ann, gate 4', phoneNumbers: ['15550100011', '15550100099'], vcard }] }],
  ],
  [
    'several contact cards',
    { contactsArrayMessage: { displayName: '2 contacts', contacts: [{ displayName: 'A' }, { displayName: 'B' }] } },
    ...['contact', '2 contacts', { contacts: ['A', 'B'].map((name) => ({ name, phoneNumbers: [], vcard: '' })) }],
  ],
  ['a reaction', { reactionMessage: { text: '👍', key: { id: 'A' } } }, 'reaction', '👍', {}],
  ['a reaction taken back', { reactionMessage: { text: '', key: { id: 'A' } } }, 'reaction', '', {}],
  [
    'a poll',
    { pollCreationMessageV3: { name: 'When?', options: [{ optionName: 'Now' }, { optionName: 'Later' }], selectableOptionsCount: 1 } },
    ...['poll', 'When?', { poll: { options: ['Now', 'Later'], selectable: 1 } }],
  ],
  [
    'buttons',
    { buttonsMessage: { contentText: 'Which gate?', buttons: [{ buttonId: 'g4', buttonText: { displayText: 'Gate 4' } }] } },
    ...['text', 'Which gate?', { choices: [{ id: 'g4', text: 'Gate 4' }] }],
  ],
  [
    'a button that was pressed',
    { buttonsResponseMessage: { selectedButtonId: 'g4', selectedDisplayText: 'Gate 4' } },
    ...['text', 'Gate 4', { choice: { id: 'g4', text: 'Gate 4' } }],
  ],
  [
    'a list',
    { listMessage: { title: 'Gates', sections: [{ rows: [{ rowId: 'g4', title: 'Gate 4' }] }] } },
    ...['text', 'Gates', { choices: [{ id: 'g4', text: 'Gate 4' }] }],
  ],
  [
    'a row of a list that was chosen',
    { listResponseMessage: { title: 'Gate 4', singleSelectReply: { selectedRowId: 'g4' } } },
    ...['text', 'Gate 4', { choice: { id: 'g4', text: 'Gate 4' } }],
  ],
  [
    'a template',
    {
      templateMessage: {
        hydratedTemplate: {
          hydratedContentText: 'Your slot',
          hydratedButtons: [
            { quickReplyButton: { id: 'ok', displayText: 'Confirm' } },
            { urlButton: { url: 'https://a.example', displayText: 'Map' } },
          ],
        },
      },
    },
    ...[
      'text',
      'Your slot',
      {
        choices: [
          { id: 'ok', text: 'Confirm' },
          { id: 'https://a.example', text: 'Map' },
        ],
      },
    ],
  ],
  [
    'a button of a template that was pressed',
    { templateButtonReplyMessage: { selectedId: 'ok', selectedDisplayText: 'Confirm' } },
    ...['text', 'Confirm', { choice: { id: 'ok', text: 'Confirm' } }],
  ],
  [
    'buttons of the newer kind, one of which is not readable',
    {
      interactiveMessage: {
        body: { text: 'Pay?' },
        nativeFlowMessage: {
          buttons: [
            { name: 'quick_reply', buttonParamsJson: '{"display_text":"Yes","id":"yes"}' },
            { name: 'broken', buttonParamsJson: '{' },
          ],
        },
      },
    },
    ...[
      'text',
      'Pay?',
      {
        choices: [
          { id: 'yes', text: 'Yes' },
          { id: 'broken', text: '' },
        ],
      },
    ],
  ],
  [
    'a newer button that was pressed',
    {
      interactiveResponseMessage: { body: { text: 'Yes' }, nativeFlowResponseMessage: { name: 'menu', paramsJson: '{"id":"yes"}' } },
    },
    ...['text', 'Yes', { choice: { id: 'yes', text: 'Yes' } }],
  ],
  ['the head of an album', { albumMessage: { expectedImageCount: 3 } }, 'album', '', { album: { images: 3, videos: 0 } }],
  [
    'an event',
    { eventMessage: { name: 'Shift change', startTime: 1_795_000_000 } },
    ...[
      'event',
      'Shift change',
      { event: { name: 'Shift change', description: '', startsAt: '2026-11-18T11:06:40.000Z', cancelled: false } },
    ],
  ],
  [
    'an event at a time that no calendar has',
    { eventMessage: { name: 'Never', startTime: 1e18 } },
    ...['event', 'Never', { event: { name: 'Never', description: '', startsAt: null, cancelled: false } }],
  ],
  [
    'an invitation to a group',
    { groupInviteMessage: { groupJid: '120363000000000001@g.us', groupName: 'Yard', inviteCode: 'AbC' } },
    ...['invite', 'Yard', { invite: { group: '120363000000000001@g.us', name: 'Yard', code: 'AbC' } }],
  ],
  [
    'a text of somebody who came by an advertisement',
    {
      extendedTextMessage: {
        text: 'Is it free?',
        contextInfo: {
          externalAdReply: { sourceType: 'ad', sourceId: '77', sourceUrl: 'https://a.example/ad', ctwaClid: 'c1', title: 'Slots' },
        },
      },
    },
    ...[
      'text',
      'Is it free?',
      { lead: { source: 'ad', sourceId: '77', url: 'https://a.example/ad', title: 'Slots', body: null, clickId: 'c1' } },
    ],
  ],
  ['a shape that nobody here reads', { stickerSyncRmrMessage: {} }, 'other', '', {}],
] as unknown as [string, proto.IMessage, string, string, Details][] // three cells of a row at a time are not seen as such

test.each(shapes)('%s', (_, message, kind, text, details) => {
  const content = readContent(message, false)
  expect({ kind: content.kind, text: content.text, details: content.details }).toEqual({ kind, text, details })
  expect(detailsView.parse(content.details)).toEqual(details)
})

test('what lies in a wrapper for one look is said to, also within a disappearing message', () => {
  const wrapped = { viewOnceMessageV2: { message: { imageMessage: {} } } }
  expect([isViewOnce(wrapped), isViewOnce({ ephemeralMessage: { message: wrapped } }), isViewOnce({ imageMessage: {} })]).toEqual([
    true,
    true,
    false,
  ])
  expect(readContent({ imageMessage: {} }, true).details.viewOnce).toBe(true)
})

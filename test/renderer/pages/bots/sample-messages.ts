/** Messages as the log has them, one of each kind, of which a test names only what it is about. */
import type { LoggedView } from '../../../../server/bots/contract/index.ts'
import { at } from './sample-bot.ts'

type Media = NonNullable<LoggedView['details']['media']>

export const ann = '15550100011@s.whatsapp.net'
export const ben = '15550100012@s.whatsapp.net'
export const yard = '120363040000000001@g.us'

export const logged = (number: number, changes: Partial<LoggedView> = {}): LoggedView => ({
  id: `M${number}000`,
  number,
  chat: yard,
  author: ann,
  authorName: 'Ann',
  fromMe: false,
  at: at(600 - number),
  kind: 'text',
  text: '',
  quoted: null,
  reactsTo: null,
  details: {},
  status: null,
  media: null,
  ...changes,
})

export const facts = (changes: Partial<Media> = {}): Media => ({
  mimetype: 'image/jpeg',
  size: 182_000,
  seconds: null,
  width: 800,
  height: 600,
  fileName: null,
  pages: null,
  note: false,
  animated: false,
  ...changes,
})

export const everyKind: readonly LoggedView[] = [
  logged(1, { kind: 'image', text: 'Lane 2 is full', details: { media: facts() } }),
  logged(2, { kind: 'audio', details: { media: facts({ mimetype: 'audio/ogg', seconds: 23, note: true }) } }),
  logged(3, { kind: 'document', text: 'lane-plan.pdf', details: { media: facts({ fileName: 'lane-plan.pdf', pages: 4 }) } }),
  logged(4, {
    kind: 'location',
    text: 'Gate 2',
    details: { location: { latitude: 51.9502, longitude: 4.0531, name: 'Gate 2', address: 'Dock road 1', live: false } },
  }),
  logged(5, { kind: 'poll', text: 'When do we clear it?', details: { poll: { options: ['Before 16:00', 'Tomorrow'], selectable: 1 } } }),
  logged(6, {
    text: '@15550100012 bring it to *lane 3*, see https://example.com/plan.',
    details: { mentions: [ben], forwarded: 6, preview: { url: 'https://example.com/plan', title: 'The plan', description: 'of today' } },
  }),
  logged(7, {
    kind: 'contact',
    text: 'Cy',
    details: { contacts: [{ name: 'Cy Crane', phoneNumbers: ['15550100013'], vcard: 'BEGIN:VCARD' }] },
  }),
  logged(8, { text: 'Where is it?', details: { choices: [{ id: 'at-gate', text: 'At the gate' }] } }),
  logged(9, { text: 'At the gate', author: ben, authorName: 'Ben Yard', details: { choice: { id: 'at-gate', text: 'At the gate' } } }),
  logged(10, { kind: 'image', details: { viewOnce: true, media: facts() } }),
  logged(11, {
    kind: 'event',
    text: 'Drill',
    details: { event: { name: 'Drill', description: 'Bring boots', startsAt: at(-9_000), cancelled: true } },
  }),
  logged(12, { kind: 'invite', text: 'come in', details: { invite: { group: yard, name: 'Night yard', code: 'PRETEND' } } }),
  logged(13, { kind: 'album', details: { album: { images: 3, videos: 1 } } }),
  logged(14, { kind: 'video', details: { media: facts({ mimetype: 'video/mp4', seconds: 75 }) } }),
  logged(15, { kind: 'video', details: { media: facts({ mimetype: 'video/mp4', seconds: 8, note: true }) } }),
  logged(16, { kind: 'sticker', details: { media: facts({ mimetype: 'image/webp' }) } }),
  logged(17, { kind: 'order', text: 'two, please' }),
  logged(18, { kind: 'unreadable' }),
  logged(19, {
    text: 'Is it still to be had?',
    details: {
      lead: { source: 'ad', sourceId: '1202', url: 'https://fb.me/pretend', title: 'Pallets, cheap', body: 'Euro pallets', clickId: 'c' },
    },
  }),
]

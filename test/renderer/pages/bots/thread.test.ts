import { describe, expect, it } from 'vitest'
import { mediaBody, waysOf } from '../../../../renderer/pages/bots/chat/composer/attachments.ts'
import { placeOf } from '../../../../renderer/pages/bots/chat/composer/place.ts'
import { initials, personText } from '../../../../renderer/pages/bots/chat/people.ts'
import {
  continues,
  dayOf,
  linesOf,
  mergeMessages,
  unchanged,
  withReactions,
  type ChatMessage,
} from '../../../../renderer/pages/bots/chat/thread.ts'

const message = (id: string, changes: Partial<ChatMessage> = {}): ChatMessage => ({
  id,
  number: null,
  chat: 'a@s.whatsapp.net',
  author: 'a@s.whatsapp.net',
  authorName: 'Ann',
  fromMe: false,
  at: '2026-11-25T09:00:00.000Z',
  kind: 'text',
  text: id,
  quoted: null,
  reactsTo: null,
  details: {},
  delivery: null,
  problem: null,
  ...unchanged,
  ...changes,
})
const ids = (messages: readonly ChatMessage[]): string[] => messages.map(({ id }) => id)

describe('a conversation', () => {
  it('stands in the order of time, and within one second in that of the log', () => {
    const merged = mergeMessages(
      [message('c', { number: 3 })],
      [message('b', { number: 2 }), message('a', { number: 1 }), message('old', { at: '2026-11-24T09:00:00.000Z', number: 9 })],
    )
    expect(ids(merged)).toEqual(['old', 'a', 'b', 'c'])
  })

  it('holds a message once, and never takes its progress back', () => {
    const sent = message('x', { fromMe: true, delivery: 'read' })
    const [again] = mergeMessages([sent], [{ ...sent, delivery: 'sent' }])
    expect(again?.delivery).toBe('read')
    expect(mergeMessages([sent], [{ ...sent, delivery: null }])[0]?.delivery).toBe('read')
  })

  it('runs on while the same person writes within minutes', () => {
    const first = message('1')
    expect(continues(message('2', { at: '2026-11-25T09:04:00.000Z' }), first)).toBe(true)
    expect(continues(message('2', { at: '2026-11-25T09:06:00.000Z' }), first)).toBe(false)
    expect(continues(message('2', { fromMe: true }), first)).toBe(false)
    expect(continues(first, undefined)).toBe(false)
  })

  it('of five thousand messages keeps its order and its days', () => {
    const start = Date.parse('2026-11-20T00:00:30.000Z')
    const many = Array.from({ length: 5_000 }, (_, index) =>
      message(`m${index}`, { at: new Date(start + index * 60_000).toISOString(), number: index }),
    )
    const lines = linesOf(mergeMessages(many, [message('late', { at: many[4_999]?.at ?? '' })]), start)
    expect(lines).toHaveLength(5_001)
    expect(lines.filter(({ day }) => day !== null).length).toBeLessThan(6)
    expect(lines.at(-1)).toMatchObject({ message: { id: 'late' }, continued: true, goesOn: false })
  })

  it('has reactions on what they are to: the last of each person, and those to something else as lines', () => {
    const reaction = (id: string, author: string, text: string, reactsTo = 'a'): ChatMessage =>
      message(id, { kind: 'reaction', author, authorName: author, text, reactsTo })
    const { lines, reactions } = withReactions(
      [
        message('a'),
        reaction('1', 'Ann', '👍'),
        reaction('2', 'Ben', '❤️'),
        reaction('3', 'Ann', '❤️'),
        reaction('4', 'Cy', '😂'),
        reaction('5', 'Cy', ''),
        reaction('6', 'Ann', '🙏', 'gone'),
      ],
      ({ author }) => author,
    )
    expect(ids(lines)).toEqual(['a', '6'])
    expect([...reactions]).toEqual([['a', [{ emoji: '❤️', by: ['Ann', 'Ben'] }]]])
  })

  it('is parted by days', () => {
    const now = new Date(2026, 10, 25, 12).getTime()
    const on = (day: number): string => dayOf(new Date(2026, 10, day, 23).toISOString(), now)
    expect([on(25), on(24), on(22), on(3)]).toEqual(['Today', 'Yesterday', 'Sunday', '3 Nov'])
  })
})

describe('people', () => {
  it('are named by their number; groups and hidden ids say what they are', () => {
    expect([personText('15550100011@s.whatsapp.net'), personText('1203@g.us'), personText('99@lid')]).toEqual([
      '+1 555 010 0011',
      'Group',
      'Hidden number',
    ])
  })

  it('have two letters', () => {
    expect([initials('Ann Driver'), initials('ben'), initials('+1 555 010 0011')]).toEqual(['AD', 'BE', '#'])
  })
})

describe('a place', () => {
  it('is found in what people copy, and refused where there is none', () => {
    expect([placeOf('51.5007, -0.1246'), placeOf('-33.9 18.4'), placeOf('https://maps.example.com/place/Gate+4/@51.5,-0.1,17z')]).toEqual([
      { latitude: 51.5007, longitude: -0.1246 },
      { latitude: -33.9, longitude: 18.4 },
      { latitude: 51.5, longitude: -0.1 },
    ])
    expect([placeOf(''), placeOf('Gate 4'), placeOf('91, 10'), placeOf('51.5, 181')]).toEqual([null, null, null, null])
  })
})

describe('a file', () => {
  it('goes as what phones can show, else as a document under its name', () => {
    expect(mediaBody({ name: 'a.jpg', type: 'image/jpeg' }, 'u', 'hello')).toEqual({
      type: 'image',
      upload: 'u',
      mimetype: 'image/jpeg',
      caption: 'hello',
    })
    expect(mediaBody({ name: 'a.mp3', type: 'audio/mpeg' }, 'u', '')).toEqual({ type: 'audio', upload: 'u', mimetype: 'audio/mpeg' })
    expect(mediaBody({ name: 'list.csv', type: '' }, 'u', '')).toEqual({
      type: 'document',
      upload: 'u',
      mimetype: 'application/octet-stream',
      fileName: 'list.csv',
      caption: '',
    })
  })

  it('goes as what somebody has chosen, where its type allows that', () => {
    const picture = { name: 'a.webp', type: 'image/webp' }
    expect(waysOf(picture).map(({ as }) => as)).toEqual(['shown', 'once', 'sticker', 'document'])
    expect(waysOf({ type: 'text/csv' }).map(({ as }) => as)).toEqual(['document'])
    expect(mediaBody(picture, 'u', '', 'sticker')).toEqual({ type: 'sticker', upload: 'u', mimetype: 'image/webp' })
    expect(mediaBody(picture, 'u', 'see', 'once')).toMatchObject({ type: 'image', caption: 'see', viewOnce: true })
    expect(mediaBody({ name: 'a.mp4', type: 'video/mp4' }, 'u', '', 'note')).toMatchObject({ type: 'video', note: true })
    expect(mediaBody({ name: 'a.webm', type: 'audio/webm' }, 'u', '', 'voice')).toMatchObject({ type: 'audio', voice: true })
    expect(mediaBody(picture, 'u', '', 'document')).toMatchObject({ type: 'document', fileName: 'a.webp' })
  })

  it('keeps its words: a sound with a caption goes as a document', () => {
    expect(mediaBody({ name: 'a.mp3', type: 'audio/mpeg' }, 'u', 'listen')).toMatchObject({ type: 'document', caption: 'listen' })
  })
})

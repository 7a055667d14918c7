/** What people send, as a person sees it in the chat. */
import { afterEach, describe, expect, it } from 'vitest'
import BotPage from '../../../../renderer/pages/bots/bot-page.vue'
import { summaryOf } from '../../../../renderer/pages/bots/chat/kinds.ts'
import { createMediaStore } from '../../../../renderer/pages/bots/chat/media/media-store.ts'
import { peaksOf } from '../../../../renderer/pages/bots/chat/media/peaks.ts'
import { textParts } from '../../../../renderer/pages/bots/chat/text-parts.ts'
import { savedName } from '../../../../renderer/pages/bots/chat/use-chat.ts'
import { mountPage, settle, type MountedPage } from '../../support/mount.ts'
import { bot, serverWith } from './sample-bot.ts'
import { ben, everyKind, facts, logged, yard } from './sample-messages.ts'

let mounted: MountedPage | null = null
afterEach(() => mounted?.unmount())

describe('a chat', () => {
  it('shows every kind with what it carries', async () => {
    const server = serverWith(bot())
    server.on('GET /bots/api/sessions/gate/log', () => ({ success: true, messages: everyKind.toReversed(), next: null }))
    mounted = await mountPage(BotPage, { server, path: `/bots/gate/chats?chat=${yard}` })
    await settle()
    const textOf = (number: number): string =>
      document.querySelector(`#message-M${number}000`)?.textContent?.replaceAll(/\s+/g, ' ').trim() ?? ''
    const expected: readonly (readonly [number: number, ...words: string[]])[] = [
      [1, '182 kB', 'Lane 2 is full'],
      [2, '0:23'],
      [3, 'lane-plan.pdf', '4 pages, 182 kB, PDF'],
      [4, 'Gate 2', 'Dock road 1', '51.9502, 4.0531', 'Open map'],
      [5, 'When do we clear it?', 'Before 16:00', 'Tomorrow', '0 votes', 'One may be chosen'],
      [6, 'Forwarded many times', 'The plan', '@Ben Yard bring it to lane 3'],
      [7, 'Cy Crane', '+1 555 010 0013', 'Write'],
      [8, 'Where is it?', 'At the gate', 'at-gate'],
      [9, 'Chose', 'at-gate'],
      [10, 'to look at once'],
      [11, 'Drill', 'Bring boots', 'Cancelled'],
      [12, 'Night yard', 'Copy link'],
      [13, '3 pictures, 1 video'],
      [14, '1:15'],
      [15, '0:08'],
      [17, 'Order', 'two, please'],
      [18, 'Could not be read'],
      [19, 'Came by an advertisement', 'Pallets, cheap'],
    ]
    for (const [number, ...words] of expected) for (const word of words) expect(textOf(number), `kind of ${number}`).toContain(word)
    const links = [...document.querySelectorAll<HTMLAnchorElement>('#message-M6000 a')]
    expect(links.map(({ href }) => href)).toEqual(['https://example.com/plan', 'https://example.com/plan'])
  })
})

describe('the file of a message', () => {
  it('is drawn as soon as it is kept, asked for by a press while it is not, and says why nobody has it any more', async () => {
    const url = (id: string): string => `/api/sessions/gate/messages/${id}/media?chat=${encodeURIComponent(yard)}`
    const media = (state: 'kept' | 'waiting' | 'gone', id: string) => ({ state, problem: null, url: url(id), size: 182_000 })
    const picture = (number: number, state: 'kept' | 'waiting' | 'gone') =>
      logged(number, { kind: 'image', details: { media: facts() }, media: media(state, `M${number}000`) })
    const server = serverWith(bot())
    server.on('GET /bots/api/sessions/gate/log', () => ({
      success: true,
      messages: [picture(4, 'waiting'), picture(3, 'gone'), picture(2, 'waiting'), picture(1, 'kept')],
      next: null,
    }))
    for (const id of ['M1000', 'M2000', 'M4000']) server.on(`GET /bots${url(id)}`, () => new Uint8Array([1, 2, 3]))
    const asked = (): number => server.requests.filter(({ path }) => path.includes('/media?')).length
    mounted = await mountPage(BotPage, { server, path: `/bots/gate/chats?chat=${yard}` })
    await settle()
    expect(document.querySelectorAll('#message-M1000 img, #message-M2000 img, #message-M3000 img')).toHaveLength(1)
    expect(asked()).toBe(1)
    document.querySelector<HTMLElement>('#message-M2000 [aria-label=Download]')?.click()
    await settle()
    expect(document.querySelector('#message-M2000 img')).not.toBeNull()
    expect(document.querySelector('#message-M3000')?.textContent).toContain('No longer to be had')

    server.sockets
      .findLast(({ path }) => path.endsWith('/events'))
      ?.say({ type: 'media', userId: 'gate', chat: yard, messageId: 'M4000', media: media('kept', 'M4000') })
    await settle()
    expect(document.querySelector('#message-M4000 img')).not.toBeNull()
  })
})

describe('one line of a message', () => {
  it('says what it is where it has no words', () => {
    const line = (number: number): string => summaryOf(everyKind[number - 1] ?? { kind: 'none', text: '' }).text
    expect([1, 2, 3, 4, 7, 10, 13, 14, 15, 16].map(line)).toEqual([
      'Lane 2 is full',
      'Voice note, 0:23',
      'lane-plan.pdf',
      'Place: Gate 2',
      'Contact: Cy',
      'Picture to look at once',
      'Album, 4',
      'Video, 1:15',
      'Video note, 0:08',
      'Sticker',
    ])
  })
})

describe('words', () => {
  it('have links, people and marks, and leave alone what only looks like them', () => {
    expect(textParts('_so_ ~no~ `x` 2*3*4 snake_case_name *b*', []).filter(({ style }) => style !== undefined)).toEqual([
      { text: 'so', style: 'italic' },
      { text: 'no', style: 'struck' },
      { text: 'x', style: 'code' },
      { text: 'b', style: 'bold' },
    ])
    expect(textParts('javascript:alert(1) ann@example.com').map(({ href }) => href)).toEqual([undefined, 'mailto:ann@example.com'])
    expect(textParts('@15550100012 and @155501000123', [ben], () => 'Ben')).toEqual([
      { text: '@Ben', mention: ben },
      { text: ' and @155501000123' },
    ])
  })
})

describe('bytes', () => {
  it('are read once while somebody shows them, and the longest unseen go first', async () => {
    const read: string[] = []
    const gone: string[] = []
    const store = createMediaStore({
      read: async (path) => {
        read.push(path)
        return new Blob(['12345'])
      },
      budget: 7,
      addresses: { createObjectURL: () => `blob:${read.length}`, revokeObjectURL: (address) => void gone.push(address) },
    })
    await Promise.all([store.hold('/a'), store.hold('/a'), store.hold('/b')])
    expect(read).toEqual(['/a', '/b'])
    store.release('/a')
    store.release('/b')
    expect(gone).toEqual([])
    store.release('/a')
    expect(gone).toEqual(['blob:2'])
    expect(store.held('/b')).toBeNull()
    store.dispose()
    expect(gone).toHaveLength(2)
  })

  it('can be asked for again after they could not be read', async () => {
    let calls = 0
    const store = createMediaStore({ read: async () => ((calls += 1), Promise.reject(new Error('gone'))), addresses: URL })
    await expect(store.hold('/a')).rejects.toThrow('gone')
    await expect(store.hold('/a')).rejects.toThrow('gone')
    expect(calls).toBe(2)
  })

  it('are saved under the name their sender gave, else under their kind and time', () => {
    const at = '2026-11-25T09:00:00.000Z'
    expect(savedName({ kind: 'document', at, details: { media: facts({ fileName: '../lane/plan.pdf' }) } })).toBe('..-lane-plan.pdf')
    expect(savedName({ kind: 'image', at, details: { media: facts() } })).toBe('image-2026-11-25T09-00-00.jpg')
  })
})

it('the picture of a sound has its loudest place at full height, and none for silence', () => {
  expect(peaksOf(Float32Array.of(0, 0, 0.5, 0.5, 0.25, 0.25), 3)).toEqual([0, 1, 0.5])
  expect(peaksOf(new Float32Array(6), 3)).toEqual([0, 0, 0])
})

/** Each event of a bot as one line that a person reads. */
import { expect, it } from 'vitest'
import { eventLine } from '../../../../renderer/pages/bots/event-line.ts'
import type { BotEvent } from '../../../../server/bots/contract/index.ts'
import { at } from './sample-bot.ts'
import { ann, ben, yard } from './sample-messages.ts'

const userId = 'gate'
const flags = { archived: true, pinned: false, mutedUntil: 'forever' as const, markedUnread: false, timer: 0, labels: [] }
const message = { id: 'M1', chat: yard, author: ann, authorName: 'Ann', fromMe: false, at: at(1) }
const call = { id: 'CALL1', chat: ann, person: ann, video: true, state: 'missed' as const, at: at(1) }
const person = (id: string) => ({ id, number: null, hiddenId: null })
const group = {
  id: 'G1',
  group: yard,
  what: 'promoted' as const,
  at: at(1),
  by: person(ann),
  people: [person(ben)],
  text: null,
  settings: null,
}
const channel = { channel: '1@newsletter', serverId: '7', emoji: null, name: null, description: null, person: null, role: null }
const media = { state: 'gone' as const, problem: 'The phone has it no more', url: '/x', size: 4 }

it.each<[event: BotEvent, line: string]>([
  [{ type: 'call', userId, call }, 'Video call missed | +1 555 010 0011 | '],
  [{ type: 'chat', userId, chat: ann, what: 'changed', messageId: null, ...flags }, 'Chat sorted | +1 555 010 0011 | archived, muted'],
  [
    { type: 'label', userId, label: { id: '1', name: 'Drivers', color: 2 }, what: 'put-on', chat: ann, messageId: null },
    'Label put on | +1 555 010 0011 | Drivers',
  ],
  [
    { type: 'history', userId, chat: null, came: 50, kept: 12, asked: false },
    'Older messages |  | 50 came from the phone, 12 of them new to the log',
  ],
  [{ type: 'group', userId, group }, 'Admin now | +1 555 010 0012 | by +1 555 010 0011'],
  [{ type: 'channel', userId, what: 'views', views: 40, ...channel }, 'Views in a channel | 1@newsletter | 40 views'],
  [{ type: 'media', userId, chat: ann, messageId: 'M1', media }, 'File is gone | +1 555 010 0011 | The phone has it no more'],
  [{ type: 'presence', userId, chat: ann, person: ann, state: 'typing', lastSeen: null }, 'Writes | +1 555 010 0011 | '],
  [{ type: 'pinned', userId, message: { ...message, pinned: true } }, 'Message pinned | Ann | M1'],
  [{ type: 'merged', userId, chat: ann, was: '77@lid' }, 'Chats merged | +1 555 010 0011 | also known as 77@lid'],
])('%o', (event, line) => {
  const { title, who, text, icon } = eventLine(event)
  expect(`${title} | ${who} | ${text}`).toBe(line)
  expect(icon).toMatch(/^i-lucide-/)
})

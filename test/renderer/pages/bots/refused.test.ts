/** What was not sent: it stands in the list, says why, and offers the ways there are. */
import { afterEach, expect, it, vi } from 'vitest'
import BotPage from '../../../../renderer/pages/bots/bot-page.vue'
import {
  codeOf,
  isSensibleAgain,
  meaningOf,
  withRefused,
  type RefusedMessage,
} from '../../../../renderer/pages/bots/chat/refused/refusal.ts'
import { patience } from '../../../fixtures/patience.ts'
import { mountPage, settle, type MountedPage } from '../../support/mount.ts'
import { at, bot, serverWith } from './sample-bot.ts'
import { ann, logged } from './sample-messages.ts'

const stranger = '15550100163@s.whatsapp.net'
const refused = (changes: Partial<RefusedMessage> = {}): RefusedMessage => ({
  messageId: 'REFUSED1',
  chat: stranger,
  kind: 'text',
  text: 'Welcome at North Terminal',
  status: 'failed',
  problem: 'WhatsApp does not let this account begin new chats at the moment (463)',
  createdAt: at(60),
  sentAt: null,
  updatedAt: at(59),
  ...changes,
})

let mounted: MountedPage | null = null
afterEach(() => mounted?.unmount())
const panel = (): string =>
  document.querySelector('aside[aria-label="A message that was not sent"]')?.textContent?.replaceAll(/\s+/g, ' ') ?? ''

it('a refused message to a stranger says why, and goes from another bot that has a chat with them', async () => {
  let waiting = [refused()]
  const desk = bot({ userId: 'desk', label: 'Front desk' })
  const server = serverWith(bot())
    .on('GET /bots/v1/bots', () => ({ bots: [bot(), desk, bot({ userId: 'night', label: 'Night' })], demo: false }))
    .on('GET /bots/api/sessions/gate/messages', () => ({ success: true, messages: waiting, queue: 0 }))
    .on('GET /bots/api/sessions/desk/log', () => ({ success: true, messages: [logged(1, { chat: stranger })], next: null }))
    .on('GET /bots/api/sessions/night/log', () => ({ success: true, messages: [], next: null }))
    .on('POST /bots/api/sessions/desk/messages', () => ({ success: true, message: refused({ status: 'queued', problem: null }) }))
    .on('DELETE /bots/api/sessions/gate/messages/REFUSED1', () => {
      waiting = []
      return { success: true }
    })
  mounted = await mountPage(BotPage, { server, path: '/bots/gate/chats' })
  await settle()
  const page = mounted
  for (const words of ['+1 555 010 0163', 'Refused (463)', '1 chat', '1 not sent']) expect(page.text()).toContain(words)
  await page.click('1 not sent')
  for (const words of ['Never wrote to Gate alerts', 'may not write to strangers yet', 'Let them write first', 'Refused (463)'])
    expect(panel()).toContain(words)
  await vi.waitFor(() => expect(panel()).toContain('Front desk has a chat with this number'), patience)
  await page.click('Choose another bot')
  const choice = await vi.waitFor(() => {
    const item = document.querySelector<HTMLElement>('[role=menuitem]')
    if (item === null) throw new Error('no bot is offered')
    return item
  }, patience)
  expect(choice.textContent?.trim()).toBe('Front desk')
  choice.click()
  await vi.waitFor(() => expect(panel()).toBe(''), patience)
  expect(server.sent('POST /bots/api/sessions/desk/messages')).toEqual([{ to: stranger, type: 'text', text: 'Welcome at North Terminal' }])
  expect(page.text()).not.toContain('not sent')
})

it('what is refused stands where it belongs in the list, and yields to what was said since', () => {
  const last = (chat: string, secondsAgo: number) => ({ ...row, chat, last: logged(1, { chat, at: at(secondsAgo) }) })
  const row = {
    ...{ isGroup: false, phoneNumber: null, name: null, received: 1, sent: 0, unread: 0 },
    ...{ archived: false, pinned: false, mutedUntil: null, markedUnread: false, timer: 0, labels: [] },
  }
  const chats = [last('new', 10), last(ann, 500)]
  const shown = (more: RefusedMessage[]): string[] => withRefused(chats, more).map(({ chat, last: { id } }) => `${chat} ${id}`)
  expect(shown([refused()])).toEqual(['new M1000', `${stranger} REFUSED1`, `${ann} M1000`])
  expect(shown([refused({ chat: 'new' }), refused({ chat: ann, messageId: 'B' })])).toEqual(['new M1000', `${ann} B`])
})

it('what each refusal means is said as far as it is known', () => {
  const now = Date.parse('2026-11-27T12:00:00.000Z')
  const young = bot({ linkedAt: '2026-11-18T12:00:00.000Z', sentToday: 40 })
  expect(meaningOf(refused(), young, now).text).toContain('linked 9 d ago and has sent 40 messages in the last 24 hours')
  const reason = 'WhatsApp does not let this account begin new chats until 2026-11-28'
  expect(meaningOf(refused(), bot({ restriction: { kind: 'new-chats', until: null, reason } }), now).text).toContain(reason)
  const gone = refused({ problem: 'This number has no WhatsApp account' })
  expect([codeOf(gone), meaningOf(gone, young, now).title, meaningOf(gone, young, now).text]).toEqual([
    null,
    'It was not sent',
    'This number has no WhatsApp account.',
  ])
  const malformed = refused({ problem: 'WhatsApp did not accept the message: it is malformed (400)' })
  expect([isSensibleAgain(refused()), isSensibleAgain(malformed), isSensibleAgain(refused({ kind: 'image' }))]).toEqual([
    true,
    false,
    false,
  ])
})

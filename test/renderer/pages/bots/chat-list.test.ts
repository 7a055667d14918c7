/** The list of chats: what stands first, what is hidden, and what rings. */
import { afterEach, expect, it } from 'vitest'
import BotPage from '../../../../renderer/pages/bots/bot-page.vue'
import type { ChatView } from '../../../../server/bots/contract/index.ts'
import { mountPage, settle, type MountedPage } from '../../support/mount.ts'
import { at, bot, serverWith } from './sample-bot.ts'
import { ann, ben, facts, logged, yard } from './sample-messages.ts'

const session = '/bots/api/sessions/gate'
const row = (chat: string, name: string, changes: Partial<ChatView> = {}): ChatView => ({
  chat,
  isGroup: chat === yard,
  phoneNumber: null,
  name,
  received: 1,
  sent: 0,
  unread: 0,
  last: logged(1, { chat, text: `said by ${name}` }),
  archived: false,
  pinned: false,
  mutedUntil: null,
  markedUnread: false,
  timer: 0,
  labels: [],
  ...changes,
})

let mounted: MountedPage | null = null
afterEach(() => mounted?.unmount())
const names = (): string[] =>
  [...document.querySelectorAll('section[aria-label=Chats] li button[aria-current] span.truncate.text-sm')].map(
    ({ textContent }) => textContent?.trim() ?? '',
  )

it('what is pinned stands first, what is archived apart, labels at their chats, and files in one line', async () => {
  const voice = logged(1, { chat: yard, kind: 'audio', authorName: 'Ben Yard', details: { media: facts({ note: true, seconds: 8 }) } })
  const server = serverWith(bot())
    .on(`GET ${session}/chats`, () => ({
      success: true,
      chats: [
        row(ann, 'Ann', { markedUnread: true }),
        row(yard, 'Yard', { pinned: true, labels: ['1'], last: voice }),
        row(ben, 'Ben', { archived: true }),
      ],
      next: null,
    }))
    .on(`GET ${session}/labels`, () => ({ success: true, labels: [{ id: '1', name: 'Drivers', color: 2 }] }))
  mounted = await mountPage(BotPage, { server, path: '/bots/gate/chats' })
  await settle()
  expect(names()).toEqual(['Yard', 'Ann'])
  for (const words of ['Ben: Voice note, 0:08', 'Drivers', '3 chats']) expect(mounted.text()).toContain(words)
  await mounted.click('Unread 1')
  expect(names()).toEqual(['Ann'])
  await mounted.click('Unread 1')
  await mounted.click('Archived 1')
  expect(names()).toEqual(['Ben'])
})

it('a call that rings is shown and can be refused, and goes when it is over', async () => {
  const server = serverWith(bot())
  server.on(`GET ${session}/chats`, () => ({ success: true, chats: [row(ann, 'Ann')], next: null }))
  server.on(`POST ${session}/calls/CALL1/reject`, () => ({ success: true }))
  mounted = await mountPage(BotPage, { server, path: '/bots/gate/chats' })
  await settle()
  const call = { id: 'CALL1', chat: ann, person: ann, video: false, state: 'offered', at: at(1) }
  const say = async (state: string): Promise<void> => {
    server.sockets.findLast(({ path }) => path.endsWith('/events'))?.say({ type: 'call', userId: 'gate', call: { ...call, state } })
    await settle()
  }
  await say('offered')
  expect(mounted.text()).toContain('Ann calls. It rings on the phone as well.')
  await mounted.click('Refuse the call of Ann')
  expect(server.sent(`POST ${session}/calls/CALL1/reject`)).toEqual([{ text: null }])
  await say('rejected')
  expect(mounted.text()).not.toContain('It rings on the phone')
})

it('more of them that could not be read are told, and can be asked for again', async () => {
  let fails = true
  const server = serverWith(bot()).on(`GET ${session}/chats`, ({ query }) => {
    if (query?.['before'] === undefined) return { success: true, chats: [row(ann, 'Ann')], next: 7 }
    if (fails) throw new Error('The server is busy')
    return { success: true, chats: [row(ben, 'Ben')], next: null }
  })
  mounted = await mountPage(BotPage, { server, path: '/bots/gate/chats' })
  await settle()
  await mounted.click('More chats')
  for (const words of ['No more chats were read', 'The server is busy']) expect(mounted.text()).toContain(words)
  fails = false
  await mounted.click('More chats')
  expect(names()).toEqual(['Ann', 'Ben'])
})

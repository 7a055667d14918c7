/** The pages of one bot, over a server at the network's edge. */
import { afterEach, describe, expect, it } from 'vitest'
import BotPage from '../../../../renderer/pages/bots/bot-page.vue'
import type { BotView } from '../../../../server/bots/contract/index.ts'
import { reply, type FakeTransport } from '../../support/fake-transport.ts'
import { mountPage, settle, type MountedPage } from '../../support/mount.ts'
import { at, bot, serverWith } from './sample-bot.ts'

const session = '/bots/api/sessions/gate'
const ann = '15550100011@s.whatsapp.net'
const logged = (number: number, changes: object = {}) => ({
  id: `M${number}000`,
  number,
  chat: ann,
  author: ann,
  authorName: 'Ann',
  fromMe: false,
  at: at(60 - number),
  kind: 'text',
  text: `line ${number}`,
  quoted: null,
  reactsTo: null,
  details: {},
  status: null,
  ...changes,
})
const chat = (changes: object = {}) => ({
  chat: ann,
  isGroup: false,
  phoneNumber: '15550100011',
  name: 'Ann',
  received: 2,
  sent: 1,
  unread: 2,
  last: logged(2),
  ...{ archived: false, pinned: false, mutedUntil: null, markedUnread: false, timer: 0, labels: [] },
  ...changes,
})

let mounted: MountedPage | null = null
afterEach(() => mounted?.unmount())

async function open(server: FakeTransport, path: string): Promise<MountedPage> {
  mounted = await mountPage(BotPage, { server, path })
  await settle()
  return mounted
}
const botSocket = (server: FakeTransport) => {
  const found = server.sockets.findLast(({ path }) => path === `${session}/events`)
  if (found === undefined) throw new Error('the bot is not listened to')
  return found
}
const type = async (label: string, text: string): Promise<void> => {
  const field = document.querySelector<HTMLInputElement | HTMLTextAreaElement>(`[aria-label="${label}"]`)
  if (field === null) throw new Error(`no field ${label}`)
  field.value = text
  field.dispatchEvent(new Event('input', { bubbles: true }))
  await settle()
}

describe('chats', () => {
  it('explain what they need while no log is kept, and switch it on for as long as was chosen', async () => {
    const one = bot({ keepsLog: false })
    const server = serverWith(one)
    server.on('PATCH /bots/v1/bots/gate', () => bot())
    const page = await open(server, '/bots/gate/chats')
    for (const words of ['Chats need a message log', 'Stays on this machine', '30 days']) expect(page.text()).toContain(words)
    await page.click('Keep a message log')
    expect(server.sent('PATCH /bots/v1/bots/gate')).toEqual([{ keepsLog: true, keepMessagesFor: null }])
    expect(page.text()).toContain('No messages yet')
  })

  it('go along when the one that is open turns out to be somebody’s other chat', async () => {
    const server = serverWith(bot())
    server.on(`GET ${session}/chats`, () => ({ success: true, chats: [chat()], next: null }))
    server.on(`GET ${session}/log`, () => ({ success: true, messages: [logged(1)], next: null }))
    await open(server, '/bots/gate/chats?chat=9000015550100011@lid')
    botSocket(server).say({ type: 'merged', userId: 'gate', chat: ann, was: '9000015550100011@lid' })
    await settle()
    expect(server.requests.filter(({ path }) => path === `${session}/log`).at(-1)?.query).toMatchObject({ chat: ann })
  })

  it('show a conversation, its ticks, and what comes in while it is open', async () => {
    const server = serverWith(bot())
    server.on(`GET ${session}/chats`, () => ({ success: true, chats: [chat()], next: null }))
    server.on(`GET ${session}/log`, () => ({
      success: true,
      messages: [logged(2, { fromMe: true, status: 'delivered' }), logged(1)],
      next: null,
    }))
    const page = await open(server, `/bots/gate/chats?chat=${ann}`)
    const ticks = (): (string | null)[] =>
      [...document.querySelectorAll('[data-delivery]')].map((tick) => tick.getAttribute('data-delivery'))
    expect(page.text()).toMatch(/line 1.*line 2/)
    expect(ticks()).toEqual(['delivered'])

    botSocket(server).say({
      type: 'message',
      userId: 'gate',
      message: {
        id: 'NEW1',
        chat: ann,
        author: ann,
        authorName: 'Ann',
        fromMe: false,
        at: at(0),
        kind: 'text',
        text: 'and one more',
        quoted: null,
        reactsTo: null,
        details: {},
      },
    })
    botSocket(server).say({
      type: 'progress',
      userId: 'gate',
      message: {
        messageId: 'M2000',
        chat: ann,
        kind: 'text',
        status: 'read',
        problem: null,
        createdAt: at(),
        sentAt: at(),
        updatedAt: at(),
      },
    })
    await settle()
    expect(page.text()).toContain('and one more')
    expect(ticks()).toEqual(['read'])
  })

  it('show what an answer quotes, and reactions on what they are to', async () => {
    const server = serverWith(bot())
    server.on(`GET ${session}/log`, () => ({
      success: true,
      messages: [
        logged(4, { kind: 'reaction', text: '👍', reactsTo: 'M2000' }),
        logged(3, { text: 'yes', quoted: { id: 'OLD1', author: '15550100142@s.whatsapp.net', kind: 'text', text: 'coming today?' } }),
        logged(2),
      ],
      next: null,
    }))
    const page = await open(server, `/bots/gate/chats?chat=${ann}`)
    const quote = document.querySelector('[title="Show what is answered"]')
    expect(quote?.textContent).toBe('Youcoming today?')
    expect(document.querySelector('#message-M2000 [aria-label="Reactions"]')?.textContent).toBe('👍')
    expect(page.text()).not.toContain('reacted')
  })

  it('keep messages of another chat out of the one that is open', async () => {
    const server = serverWith(bot())
    const page = await open(server, `/bots/gate/chats?chat=${ann}`)
    botSocket(server).say({
      type: 'message',
      userId: 'gate',
      message: {
        id: 'NEW1',
        chat: '15550100012@s.whatsapp.net',
        author: 'x',
        authorName: 'Ben',
        fromMe: false,
        at: at(0),
        kind: 'text',
        text: 'not for Ann',
        quoted: null,
        reactsTo: null,
        details: {},
      },
    })
    await settle()
    expect(page.text()).not.toContain('not for Ann')
  })

  it('send what is written, show it at once, and say what failed', async () => {
    const server = serverWith(bot({ state: 'stopped' }))
    const sent = {
      messageId: 'OUT10',
      chat: ann,
      kind: 'text',
      status: 'queued',
      problem: null,
      createdAt: at(0),
      sentAt: null,
      updatedAt: at(0),
    }
    server.on(`POST ${session}/messages`, () => reply(202, { success: true, message: sent }))
    const page = await open(server, `/bots/gate/chats?chat=${ann}`)
    expect(page.text()).toContain('what you write waits and goes out when it is')
    await type('Message', 'Gate 4')
    await page.click('Send')
    expect(server.sent(`POST ${session}/messages`)).toEqual([{ to: ann, type: 'text', text: 'Gate 4' }])
    expect(document.querySelector('[data-delivery=queued]')).not.toBeNull()
    botSocket(server).say({
      type: 'progress',
      userId: 'gate',
      message: { ...sent, status: 'failed', problem: 'This number has no WhatsApp account' },
    })
    await settle()
    expect(page.text()).toContain('Not sent. This number has no WhatsApp account')
  })

  it('mark as read only when somebody says so', async () => {
    const server = serverWith(bot())
    server.on(`GET ${session}/chats`, () => ({ success: true, chats: [chat()], next: null }))
    server.on(`POST ${session}/read`, () => ({ success: true }))
    const page = await open(server, `/bots/gate/chats?chat=${ann}`)
    expect(server.sent(`POST ${session}/read`)).toEqual([])
    await page.click('Mark 2 as read')
    expect(server.sent(`POST ${session}/read`)).toEqual([{ chat: ann }])
  })
})

describe('rules', () => {
  const rule = {
    id: 'rule_0123456789abcdef',
    name: 'Gate question',
    enabled: true,
    match: { text: { how: 'contains', value: 'gate', caseSensitive: false }, kinds: [], where: 'anywhere', chats: [], senders: [] },
    action: { type: 'reply', template: 'Gate 4', quote: false },
    perMinute: 5,
    stop: true,
    createdAt: at(),
    matched: 12,
    held: 3,
    failed: 0,
    lastMatchedAt: at(),
    problem: null,
    problemAt: null,
  }
  const withRules = (one: BotView = bot()): FakeTransport =>
    serverWith(one).on(`GET ${session}/rules`, () => ({
      success: true,
      rules: [rule, { ...rule, id: 'rule_0123456789abcdeg', name: 'Second' }],
    }))

  it('say what they look for, what they do and what came of it', async () => {
    const page = await open(withRules(), '/bots/gate/rules')
    for (const words of ['Gate question', 'Text has “gate”', 'Answers “Gate 4”', '12', '3']) expect(page.text()).toContain(words)
  })

  it('are switched and put into another order', async () => {
    const server = withRules()
    server.on(`PATCH ${session}/rules/${rule.id}`, () => ({ success: true, rule: { ...rule, enabled: false } }))
    server.on(`PUT ${session}/rules/order`, () => ({ success: true, rules: [] }))
    const page = await open(server, '/bots/gate/rules')
    await page.click('Gate question acts')
    expect(server.sent(`PATCH ${session}/rules/${rule.id}`)).toEqual([{ enabled: false }])
    await page.click('Move Second up')
    expect(server.sent(`PUT ${session}/rules/order`)).toEqual([{ rules: ['rule_0123456789abcdeg', rule.id] }])
  })

  it('are not saved half-written, and what the server has against one is said beside the button', async () => {
    const server = serverWith(bot())
    server.on(`POST ${session}/rules`, () => reply(400, { success: false, message: 'The pattern has no end' }))
    const page = await open(server, '/bots/gate/rules')
    await page.click('Write the first rule')
    const form = document.querySelector('form#rule')
    form?.dispatchEvent(new Event('submit', { cancelable: true, bubbles: true }))
    await settle()
    expect(page.text()).toContain('A rule needs a name')
    expect(server.sent(`POST ${session}/rules`)).toEqual([])
    await type('Words or pattern', 'gate')
    await type('Answer', 'Gate 4')
    const name = document.querySelector<HTMLInputElement>('input[placeholder="Gate question"]')
    if (name === null) throw new Error('no name field')
    name.value = 'Gate'
    name.dispatchEvent(new Event('input', { bubbles: true }))
    await settle()
    form?.dispatchEvent(new Event('submit', { cancelable: true, bubbles: true }))
    await settle()
    expect(server.sent(`POST ${session}/rules`)).toHaveLength(1)
    expect(page.text()).toContain('The pattern has no end')
  })
})

describe('events', () => {
  it('are listed as they come, stand still while paused, and can be told apart', async () => {
    const server = serverWith(bot())
    const page = await open(server, '/bots/gate/events')
    const state = (reason: string) => ({ type: 'state', userId: 'gate', state: 'reconnecting', reason, cause: 'lost' })
    botSocket(server).say(state('Connection lost (428)'))
    await settle()
    expect(page.text()).toContain('Connection lost (428)')
    await page.click('Pause')
    botSocket(server).say(state('Connection lost (503)'))
    await settle()
    expect(page.text()).not.toContain('Connection lost (503)')
    await page.click('Show 1 new')
    expect(page.text()).toContain('Connection lost (503)')
  })
})

describe('settings', () => {
  it('give a bot a limit of its own, and take it back', async () => {
    const server = serverWith(bot({ sentToday: 120 }))
    server.on('PATCH /bots/v1/bots/gate', () => bot({ settings: { ...bot().settings, dailyCap: 500 } }))
    const page = await open(server, '/bots/gate/settings')
    expect(page.text()).toContain('120 of 500 in the last 24 hours')
    await page.click('Messages in any 24 hours: of its own')
    expect(server.sent('PATCH /bots/v1/bots/gate')).toEqual([{ dailyCap: 500 }])
  })

  it('ask before they forget what is kept', async () => {
    const server = serverWith(bot())
    server.on(`DELETE ${session}/log`, () => ({ success: true }))
    const page = await open(server, '/bots/gate/settings')
    await page.click('Forget the messages')
    expect(server.sent(`DELETE ${session}/log`)).toEqual([])
    await page.click('Forget the messages of Gate alerts')
    expect(server.sent(`DELETE ${session}/log`)).toHaveLength(1)
  })
})

describe('a bot that is not here', () => {
  it('is said to be none', async () => {
    const page = await open(serverWith(bot()), '/bots/other/chats')
    expect(page.text()).toContain('This bot is not here')
  })
})

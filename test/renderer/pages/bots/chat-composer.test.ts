/** Writing in a chat, and what is done with what was written. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import BotPage from '../../../../renderer/pages/bots/bot-page.vue'
import { namedAt, peopleFor, withMentions } from '../../../../renderer/pages/bots/chat/composer/mentions.ts'
import { patience } from '../../../fixtures/patience.ts'
import { reply, type FakeTransport } from '../../support/fake-transport.ts'
import { mountPage, settle, type MountedPage } from '../../support/mount.ts'
import { at, bot, serverWith } from './sample-bot.ts'
import { ann, ben, logged, yard } from './sample-messages.ts'

const session = '/bots/api/sessions/gate'
let mounted: MountedPage | null = null
afterEach(() => mounted?.unmount())

function serverThatSends(): FakeTransport {
  let count = 0
  return serverWith(bot()).on(`POST ${session}/messages`, ({ body }) => {
    const { type = 'text', to } = body as { type?: string; to: string } // what the window sends
    const messageId = `OUT${(count += 1)}`
    return reply(202, {
      success: true,
      message: { messageId, chat: to, kind: type, status: 'queued', problem: null, createdAt: at(0), sentAt: null, updatedAt: at(0) },
    })
  })
}
async function open(server: FakeTransport, chat = yard): Promise<MountedPage> {
  mounted = await mountPage(BotPage, { server, path: `/bots/gate/chats?chat=${chat}` })
  await settle()
  return mounted
}
const named = <Found extends HTMLElement>(label: string): Found => {
  const found = document.querySelector<Found>(`[aria-label="${label}"]`)
  if (found === null) throw new Error(`nothing is called ${label}`)
  return found
}
async function type(label: string, text: string): Promise<void> {
  const field = named<HTMLTextAreaElement>(label)
  field.value = text
  field.selectionStart = field.selectionEnd = text.length
  field.dispatchEvent(new Event('input', { bubbles: true }))
  await settle()
}
async function press(label: string, key: string): Promise<void> {
  named(label).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
  await settle()
}
const shown = (selector: string): HTMLElement => {
  const found = document.querySelector<HTMLElement>(selector)
  if (found === null) throw new Error(`nothing is ${selector}`)
  return found
}
/** A menu opens by the keyboard as well; its items are told by their words. */
async function take(menu: string, item: string): Promise<void> {
  await press(menu, 'Enter')
  const found = await vi.waitFor(() => {
    const one = [...document.querySelectorAll<HTMLElement>('[role=menuitem]')].find(({ textContent }) => textContent?.trim() === item)
    if (one === undefined) throw new Error(`no ${item} in ${menu}`)
    return one
  }, patience)
  found.click()
  await settle()
}

describe('a message', () => {
  it('names people of the group: the list behind the @ is taken by the keyboard', async () => {
    const server = serverThatSends()
    server.on(`GET ${session}/log`, () => ({
      success: true,
      messages: [logged(2, { author: ben, authorName: 'Ben Yard', text: 'here' }), logged(1, { text: 'hello' })],
      next: null,
    }))
    const cy = { id: '15550100013@s.whatsapp.net', number: '15550100013', hiddenId: null, role: 'member' }
    server.on(`GET ${session}/groups/${encodeURIComponent(yard)}`, () => ({ success: true, group: { members: [cy] } }))
    await open(server)
    await type('Message', '@+1 555 010 0013')
    expect(document.querySelector('[role=listbox]')?.textContent).toContain('+1 555 010 0013')
    await type('Message', 'Please @be')
    expect(document.querySelector('[role=listbox]')?.textContent).toContain('Ben Yard')
    await press('Message', 'Enter')
    expect(named<HTMLTextAreaElement>('Message').value).toBe('Please @Ben Yard ')
    await type('Message', 'Please @Ben Yard come')
    await press('Message', 'Enter')
    expect(server.sent(`POST ${session}/messages`)).toEqual([{ to: yard, type: 'text', text: 'Please @15550100012 come', mentions: [ben] }])
    expect(mounted?.text()).toContain('Please @Ben Yard come')
  })

  it('takes several files by pasting, the words under the first, each as what it is', async () => {
    const server = serverThatSends()
    server.on(`POST ${session}/uploads`, ({ query }) =>
      reply(201, { success: true, upload: { id: `upload of ${String(query?.['name'])}` } }),
    )
    const page = await open(server)
    const paste = new Event('paste', { bubbles: true, cancelable: true })
    const files = [new File(['a'], 'a.png', { type: 'image/png' }), new File(['b'], 'list.csv', { type: 'text/csv' })]
    Reflect.set(paste, 'clipboardData', { files })
    named('Message').dispatchEvent(paste)
    await settle()
    expect(page.text()).toContain('list.csv')
    await type('Message', 'the yard')
    await page.click('Send')
    await settle()
    expect(server.sent(`POST ${session}/messages`)).toEqual([
      { to: yard, type: 'image', upload: 'upload of a.png', mimetype: 'image/png', caption: 'the yard' },
      { to: yard, type: 'document', upload: 'upload of list.csv', mimetype: 'text/csv', fileName: 'list.csv', caption: '' },
    ])
    expect(document.querySelector('[aria-label="Files to send"]')).toBeNull()
  })

  it('keeps what could not be sent in the field', async () => {
    const server = serverWith(bot())
    server.on(`POST ${session}/messages`, () => reply(409, { success: false, message: 'The queue is full' }))
    const page = await open(server)
    await type('Message', 'Gate 4')
    await page.click('Send')
    expect(page.text()).toContain('The queue is full')
    expect(named<HTMLTextAreaElement>('Message').value).toBe('Gate 4')
  })

  it('is a place, a contact or a poll as well', async () => {
    const server = serverThatSends()
    const page = await open(server, ann)
    // A form is judged before it is sent, and its dialog closes after that.
    const sent = async (count: number): Promise<void> => {
      await vi.waitFor(() => expect(server.sent(`POST ${session}/messages`)).toHaveLength(count), patience)
      await vi.waitFor(() => expect(document.querySelector('[role=dialog]')).toBeNull(), patience)
    }
    await take('Add to the message', 'Place')
    await type('Where', '51.5007, -0.1246')
    await type('Name', 'Gate 4')
    await page.click('Send the location')
    await sent(1)
    await take('Add to the message', 'Contact')
    await type('Name', 'Front desk')
    await type('Number', '+1 555 010 0199')
    await page.click('Send the contact')
    await sent(2)
    await take('Add to the message', 'Poll')
    await type('Question', 'When?')
    await type('Option 1', 'Today')
    await type('Option 2', 'Tomorrow')
    await page.click('Send the poll')
    await sent(3)
    expect(server.sent(`POST ${session}/messages`)).toEqual([
      { to: ann, type: 'location', latitude: 51.5007, longitude: -0.1246, name: 'Gate 4' },
      { to: ann, type: 'contact', name: 'Front desk', phoneNumber: '15550100199' },
      { to: ann, type: 'poll', question: 'When?', options: ['Today', 'Tomorrow'], selectable: 1 },
    ])
  })
})

it('the phone is asked for what is older than the log, and what came is shown', async () => {
  const server = serverThatSends()
  const old = logged(-3, { text: 'long ago', at: at(90_000) })
  server.on(`GET ${session}/log`, ({ query }) => ({
    success: true,
    messages: query?.['before'] === 1 ? [old] : [logged(1, { text: 'first kept' })],
    next: null,
  }))
  server.on(`POST ${session}/chats/${encodeURIComponent(yard)}/older`, () => ({ success: true, kept: 1 }))
  const page = await open(server)
  expect(page.text()).not.toContain('long ago')
  await page.click('Ask the phone for older ones')
  expect(page.text()).toMatch(/long ago.*first kept/)
})

describe('an own message', () => {
  it('is said otherwise, passed on, and deleted for everyone once that is confirmed', async () => {
    const server = serverThatSends()
    const own = logged(2, { fromMe: true, author: '', status: 'read', text: 'Gate 3' })
    server.on(`GET ${session}/log`, () => ({ success: true, messages: [own], next: null }))
    server.on(`GET ${session}/groups`, () => ({
      success: true,
      groups: [{ id: '120363040000000002@g.us', subject: 'Night yard', members: 3 }],
    }))
    const sent = {
      messageId: 'C1',
      chat: yard,
      kind: 'edit',
      status: 'queued',
      problem: null,
      createdAt: at(),
      sentAt: null,
      updatedAt: at(),
    }
    server.on(`PUT ${session}/messages/M2000`, () => reply(202, { success: true, message: sent }))
    server.on(`DELETE ${session}/messages/M2000`, () => reply(202, { success: true, message: sent }))
    const page = await open(server)
    // The actions of a message are there for whoever comes to it.
    document.querySelector<HTMLElement>('#message-M2000 button.sr-only')?.focus()
    await settle()
    await take('More with this message', 'Edit')
    expect(named<HTMLTextAreaElement>('Message').value).toBe('Gate 3')
    await type('Message', 'Gate 4')
    await page.click('Change')
    expect(server.sent(`PUT ${session}/messages/M2000`)).toEqual([{ text: 'Gate 4' }])
    expect(document.querySelector('#message-M2000')?.textContent).toMatch(/Gate 4.*edited/)

    await take('More with this message', 'Forward')
    const chat = await vi.waitFor(() => shown('[role=dialog] [role=checkbox]'), patience)
    chat.click()
    await settle()
    await page.click('Forward')
    await vi.waitFor(() => expect(server.sent(`POST ${session}/messages`)).toHaveLength(1), patience)
    expect(server.sent(`POST ${session}/messages`)).toEqual([
      { to: '120363040000000002@g.us', type: 'forward', message: 'M2000', from: yard },
    ])

    await take('More with this message', 'Delete for everyone')
    const deletions = (): unknown[] => server.requests.filter(({ method }) => method === 'DELETE').map(({ query }) => query)
    expect(deletions()).toEqual([])
    await vi.waitFor(() => page.button('Delete for everyone'), patience)
    await page.click('Delete for everyone')
    await vi.waitFor(() => expect(deletions()).toEqual([{ for: 'all', chat: yard }]), patience)
  })
})

describe('naming people', () => {
  it('begins at an @ that stands alone, and ends with it', () => {
    expect(namedAt('so @be', 6)).toEqual({ from: 3, search: 'be' })
    expect(namedAt('mail ann@be', 11)).toBeNull()
    expect(namedAt('@be and', 7)).toEqual({ from: 0, search: 'be and' })
    expect(peopleFor([{ id: ben, name: 'Ben Yard' }], 'ya').map(({ id }) => id)).toEqual([ben])
    expect(peopleFor([{ id: ben, name: 'Ben Yard' }], 'be and')).toEqual([])
  })

  it('puts the digits of the longer name first, and leaves out who is not in the words any more', () => {
    const people = [
      { id: '111@lid', name: 'Ann' },
      { id: '222@lid', name: 'Ann Driver' },
      { id: '333@lid', name: 'Cy' },
    ]
    expect(withMentions('@Ann Driver and @Ann', people)).toEqual({ text: '@222 and @111', mentions: ['222@lid', '111@lid'] })
  })
})

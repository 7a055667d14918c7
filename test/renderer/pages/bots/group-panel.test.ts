/** What is known of a group, beside its chat. */
import { afterEach, describe, expect, it } from 'vitest'
import BotPage from '../../../../renderer/pages/bots/bot-page.vue'
import type { GroupView } from '../../../../server/bots/contract/index.ts'
import type { FakeTransport } from '../../support/fake-transport.ts'
import { mountPage, settle, type MountedPage } from '../../support/mount.ts'
import { at, bot, serverWith } from './sample-bot.ts'
import { yard } from './sample-messages.ts'

const path = `/bots/api/sessions/gate/groups/${encodeURIComponent(yard)}`
const person = (number: string) => ({ id: `${number}@s.whatsapp.net`, number, hiddenId: null })
const group = (changes: Partial<GroupView> = {}): GroupView => ({
  id: yard,
  subject: 'Yard shift A',
  description: 'Lanes and cranes',
  owner: person('15550100011'),
  createdAt: at(90_000),
  size: 3,
  hidesNumbers: false,
  settings: { send: 'everyone', edit: 'admins', add: 'admins', approval: true, disappearAfter: 0 },
  community: null,
  kind: 'group',
  members: [
    { ...person('15550100011'), role: 'owner' },
    { ...person('15550100012'), role: 'member' },
    { ...person('15550100142'), role: 'admin' },
  ],
  ...changes,
})

let mounted: MountedPage | null = null
afterEach(() => mounted?.unmount())

async function open(one: GroupView): Promise<{ page: MountedPage; server: FakeTransport }> {
  const server = serverWith(bot())
    .on('GET /bots/api/sessions/gate/groups', () => ({ success: true, groups: [{ id: yard, subject: one.subject, members: one.size }] }))
    .on(`GET ${path}`, () => ({ success: true, group: one }))
    .on(`GET ${path}/requests`, () => ({ success: true, requests: [{ ...person('15550100019'), at: at(60), method: 'invite_link' }] }))
  mounted = await mountPage(BotPage, { server, path: `/bots/gate/chats?chat=${yard}` })
  await settle()
  await mounted.click('About the group')
  return { page: mounted, server }
}
const panel = (): string => document.querySelector('aside[aria-label^="Group"]')?.textContent?.replaceAll(/\s+/g, ' ') ?? ''

describe('the panel of a group', () => {
  it('says what it is, who is in it in which role, and lets an admin decide who comes in', async () => {
    const { page, server } = await open(group())
    for (const words of ['Lanes and cranes', '3 members', '+1 555 010 0011', 'Owner', 'You', '1 wants to come in'])
      expect(panel()).toContain(words)
    server.on(`POST ${path}/requests`, () => ({ success: true, people: [] }))
    await page.click('Let in')
    expect(server.sent(`POST ${path}/requests`)).toEqual([{ action: 'approve', people: ['15550100019@s.whatsapp.net'] }])
    server.on(`PATCH ${path}/settings`, () => ({ success: true }))
    await page.click('Everybody writes')
    expect(server.sent(`PATCH ${path}/settings`)).toEqual([{ send: 'admins' }])
  })

  it('says of whom WhatsApp does not take why not', async () => {
    const { page, server } = await open(group())
    const refused = { ...person('15550100020'), asked: '15550100020', outcome: 'invite-only', code: 403, invite: null }
    server.on(`POST ${path}/members`, () => ({ success: true, people: [refused] }))
    const field = document.querySelector<HTMLInputElement>('[aria-label="Number to add"]')
    if (field === null) throw new Error('no field')
    field.value = '+1 555 010 0020'
    field.dispatchEvent(new Event('input', { bubbles: true }))
    await settle()
    await page.click('Add')
    expect(server.sent(`POST ${path}/members`)).toEqual([{ action: 'add', people: ['15550100020'] }])
    expect(page.text()).toContain('They let nobody add them')
  })

  it('offers a plain member nothing that only admins do', async () => {
    const members = group().members.map((member) => ({
      ...member,
      role: member.number === '15550100142' ? ('member' as const) : member.role,
    }))
    const { page, server } = await open(group({ members }))
    for (const words of ['Link to join', 'Rules of the group', 'want to come in']) expect(panel()).not.toContain(words)
    expect(server.requests.filter(({ path: asked }) => asked.endsWith('/requests'))).toEqual([])
    await page.click('Leave Yard shift A')
    server.on(`POST ${path}/leave`, () => ({ success: true }))
    expect(server.sent(`POST ${path}/leave`)).toEqual([])
  })
})

/** What is known of a person, beside their chat. */
import { afterEach, expect, it, vi } from 'vitest'
import BotPage from '../../../../renderer/pages/bots/bot-page.vue'
import type { ContactDetailView } from '../../../../server/bots/contract/index.ts'
import { patience } from '../../../fixtures/patience.ts'
import { mountPage, settle, type MountedPage } from '../../support/mount.ts'
import { at, bot, serverWith } from './sample-bot.ts'
import { ann } from './sample-messages.ts'

const path = `/bots/api/sessions/gate/contacts/${encodeURIComponent(ann)}`
const contact = (changes: Partial<ContactDetailView> = {}): ContactDetailView => ({
  id: ann,
  phoneNumber: '15550100011',
  lid: '77000111@lid',
  name: null,
  pushName: 'Ann',
  businessName: null,
  blocked: false,
  about: { text: 'At the gate', setAt: at(90_000) },
  business: null,
  pictureUrl: null,
  ...changes,
})

let mounted: MountedPage | null = null
afterEach(() => mounted?.unmount())

it('a person is shown with names, ids and about, and blocked only once that is confirmed', async () => {
  let one = contact()
  const server = serverWith(bot())
    .on(`GET ${path}`, () => ({ success: true, contact: one }))
    .on(`POST ${path}/block`, () => {
      one = contact({ blocked: true })
      return { success: true }
    })
  mounted = await mountPage(BotPage, { server, path: `/bots/gate/chats?chat=${ann}` })
  await settle()
  await mounted.click('About +1 555 010 0011')
  const panel = (): string => document.querySelector('aside[aria-label^="Contact"]')?.textContent?.replaceAll(/\s+/g, ' ') ?? ''
  for (const words of ['Calls themselves', 'Ann', '+1 555 010 0011', '77000111@lid', 'At the gate']) expect(panel()).toContain(words)
  await mounted.click('Block this person')
  expect(server.sent(`POST ${path}/block`)).toEqual([])
  const page = mounted
  await vi.waitFor(() => page.button('Block them'), patience)
  await page.click('Block them')
  await vi.waitFor(() => expect(panel()).toContain('Unblock'), patience)
  expect(server.sent(`POST ${path}/block`)).toHaveLength(1)
})

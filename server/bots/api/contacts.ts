/** Binds the routes of contacts. */
import { iso } from '../../clock.ts'
import type { Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { ContactDetail, Contacts } from '../contacts/contacts.ts'
import type { Contact } from '../contacts/store.ts'
import type { ContactDetailView, contactRoutes, ContactView } from '../contract/native/contacts.ts'
import { chatOf, numberOf } from '../engine/address.ts'
import type { BotService } from '../service.ts'
import type { CallRouteParts } from './calls.ts'
import type { ChatRouteParts } from './chats.ts'
import { liveConnection } from './live-connection.ts'
import type { PresenceParts } from './presence.ts'

export interface ContactParts extends PresenceParts, CallRouteParts, ChatRouteParts {
  service: BotService
  contacts: Contacts
}

export function contactHandlers({ service, contacts, people }: ContactParts): Handlers<Contract<typeof contactRoutes>['routes']> {
  const ok = { status: 200 as const, body: { success: true as const } }
  const personIn = ({ userId, contact }: { userId: string; contact: string }): string => people.idOf(userId, chatOf(contact))
  const calls = (userId: string) => {
    const bot = service.get(userId)
    return { bot, calls: liveConnection(bot).contacts }
  }
  return {
    contacts: ({ params, query }) => {
      service.get(params.userId)
      const { items, next } = contacts.list(params.userId, query)
      return { status: 200, body: { success: true, contacts: items.map(contactView), next } }
    },
    contact: async ({ params }) => {
      const detail = await contacts.detail(service.get(params.userId), personIn(params))
      return { status: 200, body: { success: true, contact: detailView(detail) } }
    },
    contactPicture: async ({ params, query }) => {
      const { bot, calls: ask } = calls(params.userId)
      const { bytes, mimetype } = await contacts.picture(bot, ask, personIn(params), query.size)
      return { status: 200, body: bytes, headers: { 'content-type': mimetype, 'cache-control': 'private, max-age=300' } }
    },
    saveContact: async ({ params, body }) => {
      const { bot, calls: ask } = calls(params.userId)
      const contact = await contacts.save(bot, ask, personIn(params), body.name)
      return { status: 200, body: { success: true, contact: contactView(contact) } }
    },
    removeContact: async ({ params }) => {
      const { bot, calls: ask } = calls(params.userId)
      await contacts.remove(bot, ask, personIn(params))
      return ok
    },
    blockContact: async ({ params }) => {
      const { bot, calls: ask } = calls(params.userId)
      await contacts.block(bot, ask, personIn(params), true)
      return ok
    },
    unblockContact: async ({ params }) => {
      const { bot, calls: ask } = calls(params.userId)
      await contacts.block(bot, ask, personIn(params), false)
      return ok
    },
    blockList: async ({ params }) => {
      const { bot, calls: ask } = calls(params.userId)
      return { status: 200, body: { success: true, contacts: (await contacts.blocked(bot, ask)).map(contactView) } }
    },
  }
}

export function contactView({ person, lid, ...contact }: Contact): ContactView {
  const { name, pushName, businessName, blocked } = contact
  const hidden = lid ?? (person.endsWith('@lid') ? person : null)
  return { id: person, phoneNumber: numberOf(person), lid: hidden, name, pushName, businessName, blocked }
}

export function detailView({ about, business, pictureUrl, ...contact }: ContactDetail): ContactDetailView {
  const setAt = about?.setAt == null ? null : iso(about.setAt)
  return { ...contactView(contact), about: about === null ? null : { text: about.text, setAt }, business, pictureUrl }
}

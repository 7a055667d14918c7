/** The people a bot knows: as its phone and WhatsApp name them, and what they show of themselves when they are asked about. */
import type { Bot } from '../bot/bot.ts'
import { chatOf, numberOf } from '../engine/address.ts'
import type { About, Business, ContactCalls, Picture, PictureSize } from '../engine/contacts.ts'
import type { Connection } from '../engine/engine.ts'
import type { Happening } from '../engine/happenings.ts'
import { BotFault } from '../fault.ts'
import { createPictureCache } from './picture-cache.ts'
import type { Contact, ContactQuery, ContactStore } from './store.ts'

export interface ContactDetail extends Contact {
  about: About | null
  business: Business | null
  pictureUrl: string | null
}

export class Contacts {
  readonly #store: ContactStore
  readonly #pictures

  constructor({ store, now }: { store: ContactStore; now(): number }) {
    this.#store = store
    this.#pictures = createPictureCache(now)
  }

  onHappening({ row: { userId } }: Bot, happening: Happening): void {
    if (happening.type === 'blocked') this.#store.setBlocked(userId, happening.people, happening.how)
    if (happening.type !== 'contacts') return
    // A new picture alone says nothing that is kept.
    this.#store.learn(
      userId,
      happening.contacts.filter(({ picture }) => picture === undefined),
    )
    for (const { id, picture } of happening.contacts) if (picture === 'changed') this.#pictures.forget(userId, id)
  }

  list(userId: string, query: ContactQuery): { items: Contact[]; next: string | null } {
    return this.#store.list(userId, query)
  }

  find(userId: string, person: string): Contact | null {
    return this.#store.find(userId, person)
  }

  /** As the address book, WhatsApp or the person themselves call them; null while unknown. */
  nameOf(userId: string, person: string): string | null {
    const found = this.#store.find(userId, person)
    return found === null ? null : (found.name ?? found.businessName ?? found.pushName)
  }

  /** With what only WhatsApp knows, while the bot is online. Throws `contact-not-found`. */
  async detail({ row: { userId }, live }: Bot, person: string): Promise<ContactDetail> {
    const known = this.#store.find(userId, person)
    if (live === null) {
      if (known === null) throw unknown()
      return { ...known, about: null, business: null, pictureUrl: null }
    }
    const id = known?.person ?? (await accountOf(person, live))
    if (id === null) throw unknown()
    const [about, business, pictureUrl] = await Promise.all([
      live.contacts.about(id),
      live.contacts.business(id),
      live.contacts.pictureUrl(id, 'image'),
    ])
    return { ...(known ?? stranger(id)), about, business, pictureUrl }
  }

  /** Throws `picture-not-found`. */
  async picture({ row: { userId } }: Bot, calls: ContactCalls, person: string, size: PictureSize): Promise<Picture> {
    const id = this.#store.find(userId, person)?.person ?? person
    const picture = await this.#pictures.get(userId, id, size, () => calls.picture(id, size))
    if (picture === null) throw new BotFault('picture-not-found', 'There is no picture, or it is not shown to this account')
    return picture
  }

  forgetPicture(userId: string, person: string): void {
    this.#pictures.forget(userId, person)
  }

  /** In the phone's address book. */
  async save({ row: { userId } }: Bot, calls: ContactCalls, person: string, name: string): Promise<Contact> {
    await calls.save(person, { fullName: name, firstName: name.split(' ')[0] ?? name })
    this.#store.learn(userId, [{ id: person, name }])
    return this.#known(userId, person)
  }

  async remove({ row: { userId } }: Bot, calls: ContactCalls, person: string): Promise<void> {
    if (this.#store.find(userId, person)?.name == null) throw new BotFault('contact-not-found', 'The address book has no such contact')
    await calls.remove(person)
    this.#store.learn(userId, [{ id: person, name: null }])
  }

  async block({ row: { userId } }: Bot, calls: ContactCalls, person: string, blocked: boolean): Promise<void> {
    await calls.block(person, blocked)
    this.#store.setBlocked(userId, [person], blocked ? 'added' : 'removed')
  }

  /** As WhatsApp has it now. */
  async blocked({ row: { userId } }: Bot, calls: ContactCalls): Promise<Contact[]> {
    const people = await calls.blocked()
    this.#store.setBlocked(userId, people, 'whole')
    return people.map((person) => this.#known(userId, person))
  }

  forget(userId: string): void {
    this.#pictures.forget(userId, null)
  }

  #known(userId: string, person: string): Contact {
    return this.#store.find(userId, person) ?? stranger(person)
  }
}

/** As WhatsApp writes its number; null when there is none. */
async function accountOf(person: string, { lookUp }: Pick<Connection, 'lookUp'>): Promise<string | null> {
  const number = numberOf(person)
  if (number === null) return person
  const account = await lookUp(number)
  return account === null ? null : chatOf(account.number)
}

function stranger(person: string): Contact {
  return { person, lid: null, blocked: false, name: null, pushName: null, businessName: null }
}

function unknown(): BotFault {
  return new BotFault('contact-not-found', 'Nobody is known by this id')
}

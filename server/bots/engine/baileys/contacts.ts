/** The people an account knows, over the library: what it hears of them, and what is asked and ordered. */
import type { Agent } from 'node:http'
import type { Contact, WASocket } from 'baileys'
import { createSerialQueue } from '../../../async/serial-queue.ts'
import { reasonOf } from '../../../isolation.ts'
import type { Log } from '../../../log.ts'
import type { ContactCalls, ContactFacts, ContactHappening } from '../contacts.ts'
import type { AppState } from './app-state.ts'
import type { Asker } from './asking.ts'
import { numbered } from './people.ts'
import { fetchPicture } from './pictures.ts'

export function hearContacts(socket: WASocket, { learn }: Asker, log: Log, happened: (happening: ContactHappening) => void): void {
  const inOrder = createSerialQueue()
  const take = (work: () => Promise<ContactHappening | null>): void => {
    inOrder
      .run(async () => {
        const happening = await work()
        if (happening !== null) happened(happening)
      })
      .catch((error: unknown) => log.warn({ error: reasonOf(error) }, 'what was heard of people could not be kept'))
  }
  const tell = (contacts: readonly Partial<Contact>[], ofAddressBook: boolean): void =>
    take(async () => ({
      type: 'contacts',
      contacts: await Promise.all(contacts.map((contact) => contactFacts(socket, contact, ofAddressBook))),
    }))
  const people = (ids: readonly string[]): Promise<string[]> => Promise.all(ids.map((id) => numbered(socket, id)))

  socket.ev.on('contacts.upsert', (contacts) => tell(contacts, true))
  socket.ev.on('contacts.update', (contacts) => tell(contacts, false))
  socket.ev.on('blocklist.update', ({ blocklist, type }) =>
    take(async () => ({ type: 'blocked', people: await people(blocklist), how: type === 'add' ? 'added' : 'removed' })),
  )
  socket.ev.on('connection.update', ({ connection }) => {
    if (connection !== 'open') return
    // Whom the phone has blocked meanwhile is not told.
    take(async () => {
      const blocked = await learn(() => socket.fetchBlocklist())
      return blocked === null ? null : { type: 'blocked', people: await people(blocked.filter(isText)), how: 'whole' }
    })
  })
}

/** The address book says of everybody in it what they are called there, and of one who was taken out nothing. */
export async function contactFacts(socket: WASocket, contact: Partial<Contact>, ofAddressBook: boolean): Promise<ContactFacts> {
  const { id = '', lid, phoneNumber, name, notify, verifiedName, imgUrl } = contact
  const hidden = [lid, id].find((each) => each?.endsWith('@lid') === true)
  return {
    id: await numbered(socket, phoneNumber ?? id),
    ...(hidden === undefined ? {} : { lid: hidden }),
    ...(ofAddressBook ? { name: name ?? null } : {}),
    ...(notify == null ? {} : { pushName: notify }),
    ...(verifiedName == null ? {} : { businessName: verifiedName }),
    ...(imgUrl === 'changed' || imgUrl === 'removed' ? { picture: 'changed' } : {}),
  }
}

export function contactCalls(
  socket: WASocket,
  { ask, learn }: Asker,
  { change }: Pick<AppState, 'change'>,
  agent: Agent | undefined,
): ContactCalls {
  const pictureUrl: ContactCalls['pictureUrl'] = async (person, size) => (await learn(() => socket.profilePictureUrl(person, size))) ?? null
  return {
    save: (person, { fullName, firstName }) => change({ contact: { fullName, firstName, saveOnPrimaryAddressbook: true } }, person),
    remove: (person) => change({ contact: null }, person),
    block: (person, blocked) => ask(() => socket.updateBlockStatus(person, blocked ? 'block' : 'unblock')),
    async blocked() {
      const ids = await ask(() => socket.fetchBlocklist())
      return Promise.all(ids.filter(isText).map((id) => numbered(socket, id)))
    },
    async about(person) {
      const [found] = (await learn(() => socket.fetchStatus(person))) ?? []
      // As the library's protocol for it answers.
      const { status, setAt } = (found?.['status'] ?? {}) as { status?: string | null; setAt?: Date }
      if (status == null || status === '') return null
      return { text: status, setAt: setAt === undefined || setAt.getTime() === 0 ? null : setAt.getTime() }
    },
    async business(person) {
      const found = await learn(() => socket.getBusinessProfile(person))
      if (found == null) return null
      const { description, website, email, category, address } = found
      return { description, websites: website, email: email ?? null, category: category ?? null, address: address ?? null }
    },
    pictureUrl,
    async picture(person, size) {
      const url = await pictureUrl(person, size)
      return url === null ? null : fetchPicture(url, agent)
    },
  }
}

const isText = (value: string | undefined): value is string => value !== undefined

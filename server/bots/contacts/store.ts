/** The table of the people whom bots know. What they are called is sealed. */
import type { Database } from 'better-sqlite3'
import type { Sealer } from '../../secrets/sealer.ts'
import { quickly } from '../../store/database.ts'
import type { ContactFacts } from '../engine/contacts.ts'
import { openOrNull } from '../locked/locked.ts'

export interface Contact {
  person: string
  lid: string | null
  blocked: boolean
  name: string | null
  pushName: string | null
  businessName: string | null
}

export interface ContactQuery {
  /** In any of the names, or in the number. */
  search?: string | undefined
  /** Only of the address book. */
  saved?: boolean | undefined
  blocked?: boolean | undefined
  /** Goes on after this person. */
  after?: string | undefined
  limit: number
}

export type ContactStore = ReturnType<typeof createContactStore>

/** A search opens the sealed rows one by one; the next page goes on where it stopped. */
const searchedAtMost = 10_000

export function createContactStore(database: Database, sealer: Sealer) {
  const columns = 'person, lid, blocked, sealed'
  const one = database.prepare<[string, string], Row>(`SELECT ${columns} FROM bot_contacts WHERE user_id = ? AND person = ?`)
  const byLid = database.prepare<[string, string], Row>(`SELECT ${columns} FROM bot_contacts WHERE user_id = ? AND lid = ?`)
  const every = database.prepare<[string, string], Row>(
    `SELECT ${columns} FROM bot_contacts WHERE user_id = ? AND person > ? ORDER BY person`,
  )
  const write = database.prepare(`
    INSERT INTO bot_contacts (user_id, person, lid, blocked, sealed) VALUES (@userId, @person, @lid, @blocked, @sealed)
    ON CONFLICT DO UPDATE SET lid = excluded.lid, blocked = excluded.blocked, sealed = excluded.sealed`)
  const remove = database.prepare('DELETE FROM bot_contacts WHERE user_id = ? AND person = ?')
  const unblockAll = database.prepare('UPDATE bot_contacts SET blocked = 0 WHERE user_id = ? AND blocked = 1')

  const place = (userId: string): string => `bots:contact:${userId}`
  // Written by `put` below and sealed since.
  const opened = (userId: string, { sealed, blocked, ...row }: Row): Contact => {
    const names = JSON.parse(openOrNull(sealer, sealed, place(userId)) ?? '{}') as Partial<Names>
    return { ...row, blocked: blocked === 1, ...nameless, ...names }
  }
  const find = (userId: string, id: string): Contact | null => {
    const row = one.get(userId, id) ?? (id.endsWith('@lid') ? byLid.get(userId, id) : undefined)
    return row === undefined ? null : opened(userId, row)
  }
  const put = (userId: string, { person, lid, blocked, name, pushName, businessName }: Contact): void => {
    const sealed = sealer.seal(JSON.stringify({ name, pushName, businessName }), place(userId))
    write.run({ userId, person, lid, blocked: blocked ? 1 : 0, sealed })
  }

  /** What was known of somebody by the hidden id alone goes to the number, once that is known. */
  function learn(userId: string, { id, name, pushName, businessName, ...facts }: ContactFacts): void {
    if (id === '') return
    const lid = facts.lid ?? null
    const [known, hidden] = [find(userId, id), lid === null || lid === id ? null : find(userId, lid)]
    const before: Contact = known ?? { ...nameless, person: id, lid: null, blocked: false }
    const older = hidden !== null && hidden.person !== id ? hidden : null
    const after: Contact = {
      person: before.person,
      lid: lid ?? before.lid,
      blocked: before.blocked || older?.blocked === true,
      name: name === undefined ? (before.name ?? older?.name ?? null) : name,
      pushName: pushName ?? before.pushName ?? older?.pushName ?? null,
      businessName: businessName ?? before.businessName ?? older?.businessName ?? null,
    }
    if (older !== null) remove.run(userId, older.person)
    if (known === null || !isSame(before, after)) put(userId, after)
  }

  const learnAll = database.transaction((userId: string, contacts: readonly ContactFacts[]) => {
    for (const contact of contacts) learn(userId, contact)
  })
  const setBlocked = database.transaction((userId: string, people: readonly string[], how: 'whole' | 'added' | 'removed') => {
    if (how === 'whole') unblockAll.run(userId)
    for (const person of people)
      put(userId, { ...(find(userId, person) ?? { ...nameless, person, lid: null }), blocked: how !== 'removed' })
  })

  return {
    find,
    learn: (userId: string, contacts: readonly ContactFacts[]): void => quickly(database, () => learnAll(userId, contacts)),
    setBlocked: (userId: string, people: readonly string[], how: 'whole' | 'added' | 'removed'): void =>
      quickly(database, () => setBlocked(userId, people, how)),
    /** By their ids, in order; `next` is the `after` of the following page. */
    list(userId: string, { search = '', saved, blocked, after = '', limit }: ContactQuery): { items: Contact[]; next: string | null } {
      const wanted = search.toLowerCase()
      const items: Contact[] = []
      let looked = 0
      for (const row of every.iterate(userId, after)) {
        looked += 1
        const contact = opened(userId, row)
        const { name, pushName, businessName, person } = contact
        const isFound =
          wanted === '' || [name, pushName, businessName, person].some((text) => text?.toLowerCase().includes(wanted) === true)
        if (isFound && (saved === undefined || (name !== null) === saved) && (blocked === undefined || contact.blocked === blocked))
          items.push(contact)
        if (items.length >= limit || looked >= searchedAtMost) return { items, next: row.person }
      }
      return { items, next: null }
    },
  }
}

interface Row {
  person: string
  lid: string | null
  blocked: number
  sealed: Buffer
}

type Names = Pick<Contact, 'name' | 'pushName' | 'businessName'>

const nameless: Names = { name: null, pushName: null, businessName: null }

function isSame(one: Contact, other: Contact): boolean {
  return (Object.keys(other) as (keyof Contact)[]).every((field) => one[field] === other[field]) // its own fields
}

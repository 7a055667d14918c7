/**
 * Who is who among the people of each bot.
 *
 * What holds:
 * - A person is known by one id: the number of the account, and the hidden id until that number is known.
 * - What becomes known later is not only noted: two chats that turn out to be one person's become one, in the same transaction.
 * - The newest pair is the right one: numbers change hands, and people change numbers.
 */
import type { Database } from 'better-sqlite3'
import { quickly } from '../../store/database.ts'
import { bare, type KnownPeople, type Pair } from '../engine/people.ts'
import type { Message } from '../engine/message.ts'
import { createPeopleStore } from './store.ts'

export interface PeopleParts {
  database: Database
  /** Puts what belongs to the chat `from` into the chat `to`; true when there was something. */
  merge(userId: string, from: string, to: string): boolean
  /** After it is written. */
  onMerged(userId: string, from: string, to: string): void
}

export class People {
  readonly #parts: PeopleParts
  readonly #store: ReturnType<typeof createPeopleStore>

  constructor(parts: PeopleParts) {
    this.#parts = parts
    this.#store = createPeopleStore(parts.database)
  }

  /** Those of one bot. */
  of(userId: string): KnownPeople {
    return {
      idOf: (id) => this.idOf(userId, id),
      hiddenIdOf: (id) => this.hiddenIdOf(userId, id),
      addressOf: (chat) => this.#store.spoken(userId, this.idOf(userId, chat)) ?? this.idOf(userId, chat),
      learn: (pairs) => this.learn(userId, pairs),
      heard: (chat, address) => this.#heard(userId, chat, bare(address)),
    }
  }

  idOf(userId: string, id: string): string {
    const plain = bare(id)
    return this.#store.idOf(userId, plain) ?? plain
  }

  hiddenIdOf(userId: string, id: string): string | null {
    const known = this.idOf(userId, id)
    if (known.endsWith('@lid')) return known
    return this.#store.others(userId, known).find((other) => other.endsWith('@lid')) ?? null
  }

  list(userId: string, after: string, limit: number): Pair[] {
    return this.#store.list(userId, after, limit)
  }

  /** The message with everybody in it under the id by which they are known now. */
  named<Some extends Message>(userId: string, message: Some): Some {
    const { quoted, details } = message
    return {
      ...message,
      chat: this.idOf(userId, message.chat),
      author: message.author === '' ? '' : this.idOf(userId, message.author),
      quoted: quoted === null || quoted.author === '' ? quoted : { ...quoted, author: this.idOf(userId, quoted.author) },
      ...(details.mentions === undefined
        ? {}
        : { details: { ...details, mentions: details.mentions.map((mentioned) => this.idOf(userId, mentioned)) } }),
    }
  }

  learn(userId: string, pairs: readonly Pair[]): void {
    const { database, onMerged } = this.#parts
    const news = pairs.filter(({ other, id }) => other !== id && this.#store.idOf(userId, other) !== id)
    if (news.length === 0) return
    const merged: Pair[] = []
    const write = database.transaction(() => {
      for (const { other, id } of news) merged.push(...this.#add(userId, bare(other), bare(id)))
    })
    quickly(database, write)
    for (const { other, id } of merged) onMerged(userId, other, id)
  }

  /** The chats that have become others. */
  #add(userId: string, other: string, wanted: string): Pair[] {
    const store = this.#store
    let id = this.idOf(userId, wanted)
    if (id === other) {
      // The other way round than it was: the newest is right.
      store.remove(userId, wanted)
      id = wanted
    }
    const before = store.idOf(userId, other)
    if (before === id) return []
    const isHidden = other.endsWith('@lid')
    // A number has one owner, and an owner one hidden id.
    if (isHidden) for (const old of store.others(userId, id)) if (old.endsWith('@lid')) store.remove(userId, old)
    store.add(userId, { other, id })
    store.repoint(userId, other, id)
    // Whoever has taken another number takes the chat along.
    const was = [other, ...(isHidden && before !== undefined ? [before] : [])]
    return was.filter((from) => this.#parts.merge(userId, from, id)).map((from) => ({ other: from, id }))
  }

  #heard(userId: string, chat: string, address: string): void {
    const id = this.idOf(userId, chat)
    if ((this.#store.spoken(userId, id) ?? id) === address) return
    quickly(this.#parts.database, () => this.#store.setSpoken(userId, id, address))
  }
}

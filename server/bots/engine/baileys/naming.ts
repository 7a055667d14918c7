/** How a chat, and the people in it, are named towards WhatsApp: as it names them itself. */
import type { WAMessageKey } from 'baileys'
import { isGroup } from '../address.ts'
import type { MessageKey } from '../message.ts'
import type { KnownPeople } from '../people.ts'
import type { GroupCache } from './group-cache.ts'
import { keyFor } from './outgoing.ts'

export interface Naming {
  /** Messages of a chat, for a receipt, a reaction or a quote. */
  keysFor(chat: string, keys: readonly MessageKey[]): Promise<WAMessageKey[]>
  /** The message with its author as the group names people. */
  named<Key extends MessageKey>(chat: string, key: Key): Promise<Key>
}

export function createNaming(people: KnownPeople, groups: GroupCache): Naming {
  /** A group names its members by number or by hidden id, all alike. */
  async function hides(group: string): Promise<boolean> {
    const known = await groups.of(group).catch(() => null)
    return known?.addressingMode === 'lid'
  }

  async function named<Key extends MessageKey>(chat: string, key: Key): Promise<Key> {
    if (key.author === undefined || !isGroup(chat) || !(await hides(chat))) return key
    return { ...key, author: people.hiddenIdOf(key.author) ?? key.author }
  }

  return {
    async keysFor(chat, keys) {
      if (!isGroup(chat)) return keys.map((key) => keyFor(people.addressOf(chat), key))
      return Promise.all(keys.map(async (key) => keyFor(chat, await named(chat, key))))
    },
    named,
  }
}

/** In a group people are named as it names them: by number, or by hidden id. What a caller knows them by is turned into that. */
import type { GroupMetadata } from 'baileys'
import type { MessageKey } from '../message.ts'
import type { Answered, Content } from '../outgoing.ts'
import { bare, type KnownPeople } from '../people.ts'

/** Gives the id under which the group has somebody; whoever is not in it keeps the one they were given. */
export type NameIn = (id: string) => string

export function namesIn({ participants, addressingMode }: GroupMetadata, people: KnownPeople): NameIn {
  return (wanted) => {
    const member = participants.find(({ id, lid, phoneNumber }) => [id, lid, phoneNumber].includes(wanted))
    return member?.id ?? (addressingMode === 'lid' ? (people.hiddenIdOf(wanted) ?? wanted) : wanted)
  }
}

/** True for what names somebody, so that the group's members have to be known. */
export function namesPeople(content: Content, replyTo: Answered | null): boolean {
  const isOfSomebody = (key: MessageKey | null): boolean => key?.author !== undefined
  return isOfSomebody(replyTo) || isOfSomebody(keyIn(content)) || ('mentions' in content && (content.mentions ?? []).length > 0)
}

/** With the ids, and the `@`s of the words, as the group has them. */
export function renamed(content: Content, nameIn: NameIn): Content {
  if (content.type === 'reaction') return { ...content, to: keyNamed(content.to, nameIn) }
  if (content.type === 'delete') return { ...content, of: keyNamed(content.of, nameIn) }
  if (!('mentions' in content) || content.mentions === undefined) return content
  const pairs = content.mentions.map((given) => [given, nameIn(given)] as const)
  const reworded = (text: string): string =>
    pairs.reduce((words, [given, id]) => words.replace(new RegExp(`@${userOf(given)}(?!\\d)`, 'g'), `@${userOf(id)}`), text)
  const mentions = pairs.map(([, id]) => id)
  return 'text' in content
    ? { ...content, mentions, text: reworded(content.text) }
    : { ...content, mentions, caption: reworded(content.caption) }
}

export function keyNamed<Key extends MessageKey>(key: Key, nameIn: NameIn): Key {
  return key.author === undefined ? key : { ...key, author: nameIn(key.author) }
}

/** Whether this account may do what only admins may. */
export function isAdmin({ participants }: GroupMetadata, own: readonly (string | null | undefined)[]): boolean {
  const ids = own.map((id) => bare(id ?? ''))
  return participants.some(({ id, admin }) => admin != null && ids.includes(bare(id)))
}

function userOf(id: string): string {
  return id.split(/[:@]/)[0] ?? ''
}

/** The message that it is about. */
function keyIn(content: Content): MessageKey | null {
  if (content.type === 'reaction') return content.to
  return content.type === 'delete' ? content.of : null
}

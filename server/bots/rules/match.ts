/** Whether a message is one that a rule waits for, and what is said to it. Pure: no store, no clock, no connection. */
import { fill, placeholdersIn } from '../../placeholders.ts'
import type { RuleDefinition, RuleMatch } from '../contract/native/rules.ts'
import type { Message } from '../engine/message.ts'
import { chatOf, numberOf } from '../engine/address.ts'
import { placeOf, type Place } from '../engine/place.ts'

/** What is said to many at once, or to nobody, is left alone unless a rule names the place. */
const places: Readonly<Record<RuleMatch['where'], readonly Place[]>> = {
  anywhere: ['people', 'groups'],
  people: ['people'],
  groups: ['groups'],
  broadcasts: ['broadcasts'],
  channels: ['channels'],
  status: ['status'],
}

/** Everything but the text. `idOf` knows who is who: a rule may name people by any of their ids. */
export function isMeant({ kinds, where, chats, senders }: RuleMatch, { kind, chat, author }: Message, idOf = itself): boolean {
  // A rule that asks for no kind means what people write, not a message that could not be read.
  if (kind === 'unreadable') return false
  if (kinds.length > 0 && !kinds.some((wanted) => wanted === kind)) return false
  if (!places[where].includes(placeOf(chat))) return false
  if (chats.length > 0 && !chats.some((wanted) => idOf(chatOf(wanted)) === chat)) return false
  return senders.length === 0 || senders.some((wanted) => idOf(chatOf(wanted)) === author)
}

/** Where an answer goes: what came by a broadcast list, or stands in a status, is answered to who wrote it alone. */
export function answeredIn({ chat, author }: Message): string {
  const place = placeOf(chat)
  return place === 'broadcasts' || place === 'status' ? author : chat
}

function itself(id: string): string {
  return id
}

const placeholders = ['text', 'name', 'number', 'chat', 'time', 'date'] as const
/** The first placeholder of the template that nobody knows; null when all are known. */
export function unknownPlaceholder({ match, action }: Pick<RuleDefinition, 'match' | 'action'>): string | null {
  if (action.type !== 'reply') return null
  const groups = match.text?.how === 'regex' ? /^[1-9]$/ : /^$/
  return placeholdersIn(action.template).find((name) => !placeholders.some((known) => known === name) && !groups.test(name)) ?? null
}

/** The reply: what people wrote is put in as it is and never read as a template itself. */
export function fillTemplate(template: string, message: Message, caught: readonly string[], now: Date): string {
  const known: Readonly<Record<string, string>> = {
    text: message.text,
    name: message.authorName ?? numberOf(message.author) ?? '',
    number: numberOf(message.author) ?? '',
    chat: message.chat,
    time: `${two(now.getHours())}:${two(now.getMinutes())}`,
    date: `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`,
  }
  return fill(template, (name) => known[name] ?? caught[Number(name)] ?? '').trim()
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

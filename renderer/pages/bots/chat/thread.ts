/** A conversation as it is shown: messages in their order, reactions on what they react to, own ones with how far they have come. */
import type { MessageView, SentView } from '../../../../server/bots/contract/index.ts'
import { locale } from '../../../presentation/words.ts'

export type Delivery = SentView['status']

export interface ChatMessage extends MessageView {
  /** Its place in the log; null while it is not known. */
  number: number | null
  /** How far an own message has come; null for others, and where it is not known any more. */
  delivery: Delivery | null
  problem: string | null
  /** What became of the bytes it carries; null where it carries none, or none are kept. */
  media: KeptMedia | null
  edited: boolean
  /** Deleted for all: its words are gone, or kept because this bot is set so; null of most. */
  deleted: 'gone' | 'kept' | null
  /** Of a poll: what each person has chosen; null while nothing is known. */
  votes: readonly Vote[] | null
}

export interface Vote {
  /** A WhatsApp id. */
  voter: string
  voterName: string | null
  fromMe: boolean
  options: readonly string[]
}

export interface KeptMedia {
  /** `waiting`: not here yet, or to be had again; `gone`: nobody has it any more; `refused`: larger than what is kept. */
  state: 'kept' | 'waiting' | 'gone' | 'refused'
  /** Why they are not here, in the server's words. */
  problem: string | null
  /** The path of the route that gives the bytes, on the bots API. */
  url: string
  size: number | null
}

/** What a message has until more is known of it. */
export const unchanged = { media: null, edited: false, deleted: null, votes: null } as const

/** One list without repetitions: what is known twice is shown as it is known best. */
export function mergeMessages(known: readonly ChatMessage[], more: readonly ChatMessage[]): ChatMessage[] {
  const byId = new Map(known.map((message) => [message.id, message]))
  for (const message of more) {
    const before = byId.get(message.id)
    byId.set(message.id, before === undefined ? message : better(before, message))
  }
  const merged = [...byId.values()]
  // In a long chat, what comes in stands at the end nearly always.
  const seconds = new Map(merged.map((message) => [message, secondOf(message)]))
  const after = (a: ChatMessage, b: ChatMessage): number =>
    (seconds.get(a) ?? 0) - (seconds.get(b) ?? 0) || (a.number ?? Infinity) - (b.number ?? Infinity) || 0
  return merged.every((message, index) => index === 0 || after(merged[index - 1] ?? message, message) <= 0)
    ? merged
    : merged.toSorted(after)
}

function better(before: ChatMessage, now: ChatMessage): ChatMessage {
  return {
    ...before,
    ...now,
    number: now.number ?? before.number,
    delivery: farther(before.delivery, now.delivery),
    problem: now.problem ?? before.problem,
    quoted: now.quoted ?? before.quoted,
    media: now.media ?? before.media,
    votes: now.votes ?? before.votes,
  }
}

/** WhatsApp counts in seconds; within one, the log knows what came first. */
const secondOf = ({ at }: MessageView): number => Math.floor(Date.parse(at) / 1_000)

const order: Readonly<Record<Delivery, number>> = { queued: 0, sending: 1, failed: 2, sent: 3, delivered: 4, read: 5 }

/** News that is older than what is known changes nothing. */
export function farther(a: Delivery | null, b: Delivery | null): Delivery | null {
  if (a === null || b === null) return a ?? b
  return order[b] >= order[a] ? b : a
}

export const deliveryWords: Readonly<Record<Delivery, string>> = {
  queued: 'Waits to be sent',
  sending: 'On its way',
  sent: 'WhatsApp has it',
  delivered: 'Delivered',
  read: 'Read',
  failed: 'Not sent',
}

/** What people feel about one message: each face once, and whose it is. */
export interface Reaction {
  emoji: string
  by: string[]
}

/**
 * The lines of a conversation, and by id the reactions to them. Of one person the last counts; an empty one takes it back.
 * A reaction to what is not on the page stays a line of its own.
 */
export function withReactions(
  messages: readonly ChatMessage[],
  nameOf: (message: ChatMessage) => string,
): { lines: ChatMessage[]; reactions: ReadonlyMap<string, readonly Reaction[]> } {
  const shown = new Set(messages.filter(({ kind }) => kind !== 'reaction').map(({ id }) => id))
  const lines: ChatMessage[] = []
  const last = new Map<string, { to: string; message: ChatMessage }>()
  for (const message of messages) {
    const { reactsTo: to } = message
    if (to === null || !shown.has(to)) lines.push(message)
    else last.set(`${to} ${message.fromMe ? '' : message.author}`, { to, message })
  }
  const reactions = new Map<string, Reaction[]>()
  for (const { to, message } of last.values()) {
    if (message.text === '') continue
    const known = reactions.get(to) ?? []
    const same = known.find(({ emoji }) => emoji === message.text)
    if (same === undefined) known.push({ emoji: message.text, by: [nameOf(message)] })
    else same.by.push(nameOf(message))
    reactions.set(to, known)
  }
  return { lines, reactions }
}

/** Days as headings between messages. */
export function dayOf(at: string, now: number): string {
  const day = new Date(at)
  const days = Math.round((startOfDay(now) - startOfDay(day.getTime())) / 86_400_000)
  if (days === 0) return 'Today'
  if (days === 1) return 'Yesterday'
  return day.toLocaleDateString(locale, {
    weekday: days < 7 ? 'long' : undefined,
    day: days < 7 ? undefined : 'numeric',
    month: days < 7 ? undefined : 'short',
    year: days > 300 ? 'numeric' : undefined,
  })
}

function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0)
}

const minutes = 5 * 60_000

/** One message of a conversation as it stands among the others. */
export interface Line {
  message: ChatMessage
  /** A heading above it, where a day begins. */
  day: string | null
  continued: boolean
  /** The next one goes on where this one ends. */
  goesOn: boolean
}

/** `now` in ms since 1970. Words are made for the days alone, since a chat may have thousands of lines. */
export function linesOf(messages: readonly ChatMessage[], now: number): Line[] {
  const lines: Line[] = []
  let today = NaN
  for (const message of messages) {
    const last = lines.at(-1)
    const day = startOfDay(Date.parse(message.at))
    const begins = day !== today
    const continued = !begins && continues(message, last?.message)
    if (last !== undefined) last.goesOn = continued
    lines.push({ message, day: begins ? dayOf(message.at, now) : null, continued, goesOn: false })
    today = day
  }
  return lines
}

/** Whether a message goes on where the one before it ended: no name, less room above. */
export function continues(message: MessageView, before: MessageView | undefined): boolean {
  return (
    before !== undefined &&
    before.fromMe === message.fromMe &&
    (message.fromMe || before.author === message.author) &&
    Date.parse(message.at) - Date.parse(before.at) < minutes
  )
}

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
}

/** One list without repetitions: what is known twice is shown as it is known best. */
export function mergeMessages(known: readonly ChatMessage[], more: readonly ChatMessage[]): ChatMessage[] {
  const byId = new Map(known.map((message) => [message.id, message]))
  for (const message of more) {
    const before = byId.get(message.id)
    byId.set(
      message.id,
      before === undefined
        ? message
        : {
            ...before,
            ...message,
            number: message.number ?? before.number,
            delivery: farther(before.delivery, message.delivery),
            problem: message.problem ?? before.problem,
            quoted: message.quoted ?? before.quoted,
          },
    )
  }
  return [...byId.values()].toSorted((a, b) => secondOf(a) - secondOf(b) || (a.number ?? Infinity) - (b.number ?? Infinity) || 0)
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

/** Whether a message goes on where the one before it ended: no name, less room above. */
export function continues(message: MessageView, before: MessageView | undefined): boolean {
  return (
    before !== undefined &&
    before.author === message.author &&
    before.fromMe === message.fromMe &&
    Date.parse(message.at) - Date.parse(before.at) < minutes
  )
}

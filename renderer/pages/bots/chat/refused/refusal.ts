/** A message that was not sent: what was said against it, what that means, what can be done, and where it stands in the list. */
import type { BotView, ChatView, SentView } from '../../../../../server/bots/contract/index.ts'
import { shortDuration } from '../../../../presentation/format.ts'
import { isGroup, numberOf } from '../people.ts'

export type RefusedMessage = SentView & { text: string }

/** The account may begin no new chats. */
const noNewChats = 463
/** The same again would be refused again. */
const hopeless = new Set([400, 404])
/** Not messages of their own, but about others. */
const about = new Set(['reaction', 'edit', 'delete'])

export const isMessage = ({ kind }: RefusedMessage): boolean => !about.has(kind)

/** WhatsApp's number, which ends or stands in what the server says; null for what was not WhatsApp's doing. */
export function codeOf({ problem }: Pick<SentView, 'problem'>): number | null {
  const found = /\((\d{3})\)/.exec(problem ?? '')?.[1]
  return found === undefined ? null : Number(found)
}

export function refusalWords(message: Pick<SentView, 'problem'>): string {
  const code = codeOf(message)
  return code === null ? 'Not sent' : `Refused (${code})`
}

export interface Meaning {
  title: string
  text: string
  /** The chat can be written to once the other side has written. */
  openOnAnswer: boolean
}

/** `now` in ms since 1970. */
export function meaningOf(message: SentView, { linkedAt, sentToday, restriction }: BotView, now: number): Meaning {
  const code = codeOf(message)
  const problem = message.problem ?? 'Nothing more is known'
  if (code !== noNewChats)
    return { title: code === null ? 'It was not sent' : `WhatsApp refused it (${code})`, text: `${problem}.`, openOnAnswer: false }
  const linked = linkedAt === null ? '' : `The number was linked ${shortDuration(now - Date.parse(linkedAt))} ago and has sent `
  const sent = `${sentToday} ${sentToday === 1 ? 'message' : 'messages'} in the last 24 hours.`
  const end =
    restriction === null ? 'WhatsApp lifts this by itself and does not say when. Chats that exist go on.' : `${restriction.reason}.`
  return {
    title: `WhatsApp refused it (${noNewChats}): this account may not write to strangers yet`,
    text: `${linked === '' ? 'Sent: ' : linked}${sent} ${end}`,
    openOnAnswer: true,
  }
}

/** Words alone can be sent again: the file of a message that has failed is not kept. */
export const canGoAgain = (message: RefusedMessage): boolean => message.kind === 'text' && message.text !== ''
export const isSensibleAgain = (message: RefusedMessage): boolean => canGoAgain(message) && !hopeless.has(codeOf(message) ?? 0)

export interface Step {
  at: string
  tone: 'busy' | 'good' | 'bad'
  what: string
  more: string
}

export function stepsOf(message: SentView): Step[] {
  const { createdAt, sentAt, updatedAt, kind } = message
  return [
    { at: createdAt, tone: 'busy', what: 'Queued', more: kind },
    ...(sentAt === null ? [] : [{ at: sentAt, tone: 'good' as const, what: 'Sent to WhatsApp', more: 'taken at first' }]),
    { at: updatedAt, tone: 'bad', what: refusalWords(message), more: 'not delivered' },
  ]
}

/** Chats with what was not sent as their last words, where nothing has been said since; also those of which nothing else is known. */
export function withRefused(chats: readonly ChatView[], refused: readonly RefusedMessage[]): ChatView[] {
  const newest = new Map<string, RefusedMessage>()
  for (const message of refused) if ((newest.get(message.chat)?.createdAt ?? '') < message.createdAt) newest.set(message.chat, message)
  const known = chats.map((row) => {
    const message = newest.get(row.chat)
    newest.delete(row.chat)
    return message === undefined || message.createdAt <= row.last.at ? row : { ...row, last: lastOf(message) }
  })
  if (refused.length === 0) return known
  return [...known, ...[...newest.values()].map(strangerOf)].toSorted((a, b) => Date.parse(b.last.at) - Date.parse(a.last.at))
}

const strangerOf = (message: RefusedMessage): ChatView => ({
  chat: message.chat,
  isGroup: isGroup(message.chat),
  phoneNumber: numberOf(message.chat),
  name: null,
  ...{ received: 0, sent: 0, unread: 0 },
  last: lastOf(message),
  ...{ archived: false, pinned: false, mutedUntil: null, markedUnread: false, timer: 0, labels: [] },
})

const lastOf = ({ messageId, chat, kind, text, createdAt, status }: RefusedMessage): ChatView['last'] => ({
  ...{ id: messageId, chat, kind, text, status, at: createdAt },
  ...{ number: 0, author: '', authorName: null, fromMe: true, details: {}, quoted: null, reactsTo: null, media: null },
})

/**
 * Who may change what, and what a changed message says. Pure: no store, no clock, no connection.
 *
 * What holds:
 * - Only its author says a message otherwise. It is deleted by its author, and in a group by an admin.
 * - A message that is deleted comes to life by nothing that comes later.
 */
import { placeOf } from '../engine/place.ts'
import type { Mark, Message } from '../engine/message.ts'

export type ChangeMessage = Message & { changes: NonNullable<Message['changes']> }

export interface Authorship {
  author: string
  fromMe: boolean
}

export function isChange(message: Message): message is ChangeMessage {
  return message.changes !== undefined
}

/** Something has come in that had not come before. */
export function isNews({ fromMe, changes, wasUnreadable }: Message): boolean {
  return !fromMe && changes === undefined && wasUnreadable === undefined
}

export function isMark(how: ChangeMessage['changes']['how']): how is Mark {
  return how !== 'edited' && how !== 'revoked'
}

/** In a chat of two it is the side that tells them apart, whichever of their ids they come under. */
export function isSameAuthor(chat: string, one: Authorship, other: Authorship): boolean {
  if (one.fromMe !== other.fromMe) return false
  return one.fromMe || placeOf(chat) === 'people' || one.author === other.author
}

/** Whether `change` may be made to a message of this author. */
export function mayChange(change: ChangeMessage, of: Authorship): boolean {
  return isSameAuthor(change.chat, change, of) || isByAdmin(change)
}

/** Whether that is known of a message that never came: those of the other side of a chat, and one's own. */
export function maySurelyChange(change: ChangeMessage): boolean {
  return (change.changes.own && (change.fromMe || placeOf(change.chat) === 'people')) || isByAdmin(change)
}

/** True when it hangs on whether who deletes it is an admin of the group, which has to be asked. */
export function hangsOnAdmin(change: ChangeMessage, of: Authorship | null): boolean {
  const { changes, chat, fromMe } = change
  if (changes.how !== 'revoked' || placeOf(chat) !== 'groups' || fromMe || changes.byAdmin !== undefined) return false
  return of === null ? !changes.own : !isSameAuthor(chat, change, of)
}

/** The phone lets nobody delete what they may not; of others' phones nobody knows what they let. */
function isByAdmin({ changes, chat, fromMe }: ChangeMessage): boolean {
  return changes.how === 'revoked' && placeOf(chat) === 'groups' && (fromMe || changes.byAdmin === true)
}

/** What comes of two changes to a message that has not come itself. */
export function lastOf(before: ChangeMessage | null, change: ChangeMessage): ChangeMessage {
  if (before === null || !isSameAuthor(change.chat, before, change)) return change
  if (before.changes.how === 'revoked') return before
  return change.changes.how === 'revoked' || change.at >= before.at ? change : before
}

/** The message with the words of the change. What it carries beside them is sent once, with the original. */
export function edited(message: Message, { kind, text, details, at }: Message, keepsEarlier: boolean): Message {
  const { media, viewOnce, album, location, contacts, ...rest } = message.details
  const carried = { ...(media && { media }), ...(viewOnce && { viewOnce }), ...(album && { album }) }
  const isText = message.kind === 'text' || message.kind === 'unreadable'
  return {
    ...message,
    kind: isText ? kind : message.kind,
    text,
    details: isText
      ? { ...details, ...carried }
      : { ...rest, ...(location && { location }), ...(contacts && { contacts }), ...details, ...carried },
    editedAt: at,
    ...(keepsEarlier ? { earlier: [...(message.earlier ?? []), { text: message.text, at: message.editedAt ?? message.at }] } : {}),
  }
}

/** The place of a message that was deleted: who wrote it when, and nothing of what it said. */
export function deleted({ id, chat, author, authorName, fromMe, at }: Message, deletedAt: number): Message {
  return { id, chat, author, authorName, fromMe, at, kind: 'revoked', text: '', details: {}, quoted: null, reactsTo: null, deletedAt }
}

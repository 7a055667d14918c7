/** What came in, out of the library's shape. */
import type { AuthenticationCreds, proto, WAMessage, WAMessageKey } from 'baileys'
import type { Change, Message, Progress, Quoted } from '../message.ts'
import type { KnownPeople } from '../people.ts'
import { changingOf } from './changes.ts'
import { mediaKeysOf } from './media-keys.ts'
import { isViewOnce, readContent, type Content } from './content.ts'
import { pollPartsOf } from './polls.ts'

type Library = typeof import('baileys')

/** What a message holds that brings a group's key and nothing else. */
const keyFields = new Set(['senderKeyDistributionMessage', 'messageContextInfo'])

/** Seconds. */
const longestExpiration = 366 * 86_400

/** null for what is about keys and settings and no message to anybody. */
export function messageOf(message: WAMessage, library: Library, creds: AuthenticationCreds, people: KnownPeople): Message | null {
  const { key } = message
  if (key.id == null || key.remoteJid == null) return null
  const content = library.normalizeMessageContent(message.message) ?? null
  const reading = readingOf(message, content, library)
  if (reading === null) return null
  const me = creds.me?.id ?? ''
  // People are named by a hidden id more and more; where their number is known, it is by that that they are known here.
  const author =
    key.fromMe === true ? me : key.participant ? numbered(key.participant, key.participantAlt) : numbered(key.remoteJid, key.remoteJidAlt)
  // Of what another device of the account has sent, it may be the account that is named beside the receiver.
  const isOwnAlt = key.fromMe === true && library.areJidsSameUser(key.remoteJidAlt ?? undefined, me)
  const { kind, text, details, context, changes } = reading
  const media = changes === undefined && content != null ? mediaKeysOf(content, isViewOnce(message.message)) : undefined
  const at = timeOf(library.toNumber(message.messageTimestamp))
  return {
    id: key.id,
    chat: people.idOf(library.jidNormalizedUser(numbered(key.remoteJid, isOwnAlt ? null : key.remoteJidAlt))),
    author: people.idOf(library.jidNormalizedUser(author)),
    authorName: message.pushName ?? null,
    fromMe: key.fromMe === true,
    at,
    kind,
    text,
    details: details.mentions === undefined ? details : { ...details, mentions: details.mentions.map((id) => people.idOf(id)) },
    quoted: quotedBy(context, library, creds, key, people),
    reactsTo: content?.reactionMessage?.key?.id ?? null,
    ...(changes === undefined ? {} : { changes }),
    ...(context?.expiration == null || context.expiration <= 0 ? {} : { timer: context.expiration }),
    ...(content === null ? {} : pollPartsOf(message, content, library, creds)),
    ...(media === undefined ? {} : { media }),
    ...vanishing(context, at),
  }
}

/** `at`: when it was sent, from which it counts. */
function vanishing(context: proto.IContextInfo | null, at: number): Pick<Message, 'expiresAt'> {
  const seconds = context?.expiration ?? 0
  return seconds > 0 && seconds <= longestExpiration ? { expiresAt: at + seconds * 1_000 } : {}
}

/** What there is to read; null for what is about keys and settings. */
function readingOf(
  { message, key, messageStubType }: WAMessage,
  content: proto.IMessage | null,
  library: Library,
): (Content & { changes?: Change }) | null {
  if (content === null) {
    // Linked devices are told that there is one, and no more.
    if (key.isViewOnce === true) return { ...nothing('other'), details: { viewOnce: true } }
    return messageStubType === library.proto.WebMessageInfo.StubType.CIPHERTEXT ? nothing('unreadable') : null
  }
  const changing = changingOf(content, library)
  if (changing !== null)
    return {
      ...(changing.content === null ? nothing(changing.change.how) : readContent(changing.content, false)),
      changes: changing.change,
    }
  // The library makes a message of a call to a group, which is told as a call.
  if (content.call != null) return null
  const isAboutKeys = content.senderKeyDistributionMessage != null && Object.keys(content).every((field) => keyFields.has(field))
  return content.protocolMessage != null || isAboutKeys ? null : readContent(content, isViewOnce(message))
}

function nothing(kind: string): Content {
  return { kind, text: '', details: {}, context: null }
}

/** Ms. A message that says no time, or one that no calendar has, has come now. */
function timeOf(seconds: number): number {
  const ms = seconds * 1_000
  return seconds <= 0 || Number.isNaN(new Date(ms).getTime()) ? Date.now() : ms
}

/** What a message answers. */
function quotedBy(
  context: proto.IContextInfo | null,
  library: Library,
  { me }: AuthenticationCreds,
  key: WAMessageKey,
  people: KnownPeople,
): Quoted | null {
  if (context?.stanzaId == null) return null
  const { kind, text } = readContent(library.normalizeMessageContent(context.quotedMessage) ?? {}, false)
  const author = library.jidNormalizedUser(context.participant ?? '')
  const isMe = author !== '' && (author === library.jidNormalizedUser(me?.id) || author === library.jidNormalizedUser(me?.lid))
  return {
    id: context.stanzaId,
    author: isMe ? library.jidNormalizedUser(me?.id) : people.idOf(author === key.remoteJid ? numbered(author, key.remoteJidAlt) : author),
    kind,
    text,
  }
}

/** Of the two ids of one person the one with the number. */
function numbered(id: string, other: string | undefined | null): string {
  return id.endsWith('@lid') && other?.endsWith('@s.whatsapp.net') === true ? other : id
}

/** The library's numbers: 1 pending, 2 at the server, 3 delivered, 4 read, 5 played; a refusal (0) is heard where it says why. */
export function progressOf(status: number | null | undefined): Progress | null {
  if (status === 2) return 'sent'
  if (status === 3) return 'delivered'
  return status === 4 || status === 5 ? 'read' : null
}

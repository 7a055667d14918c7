/** What came in, out of the library's shape. */
import type { AuthenticationCreds, WAMessage, WAMessageKey } from 'baileys'
import type { Message, Progress, Quoted } from '../message.ts'

type Library = typeof import('baileys')

const kinds: readonly (readonly [field: string, kind: string])[] = [
  ['imageMessage', 'image'],
  ['videoMessage', 'video'],
  ['audioMessage', 'audio'],
  ['documentMessage', 'document'],
  ['stickerMessage', 'sticker'],
  ['locationMessage', 'location'],
  ['liveLocationMessage', 'location'],
  ['contactMessage', 'contact'],
  ['reactionMessage', 'reaction'],
]

/** What a message holds that brings a group's key and nothing else. */
const keyFields = new Set(['senderKeyDistributionMessage', 'messageContextInfo'])

/** null for what is about keys and settings and no message to anybody. */
export function messageOf(message: WAMessage, library: Library, creds: AuthenticationCreds): Message | null {
  const { key } = message
  if (key.id == null || key.remoteJid == null || key.remoteJid === 'status@broadcast') return null
  const content = library.normalizeMessageContent(message.message)
  const isStub = content === undefined || content === null
  if (isStub && message.messageStubType !== library.proto.WebMessageInfo.StubType.CIPHERTEXT) return null
  if (
    content?.protocolMessage != null ||
    (content?.senderKeyDistributionMessage != null && Object.keys(content).every((field) => keyFields.has(field)))
  )
    return null
  const me = creds.me?.id ?? ''
  // People are named by a hidden id more and more; where their number stands beside it, it is by that that they are known here.
  const author =
    key.fromMe === true ? me : key.participant ? numbered(key.participant, key.participantAlt) : numbered(key.remoteJid, key.remoteJidAlt)
  return {
    id: key.id,
    chat: library.jidNormalizedUser(numbered(key.remoteJid, key.remoteJidAlt)),
    author: library.jidNormalizedUser(author),
    authorName: message.pushName ?? null,
    fromMe: key.fromMe === true,
    at: library.toNumber(message.messageTimestamp) * 1_000,
    kind: isStub ? 'unreadable' : kindOf(content),
    text: isStub ? '' : textOf(content),
    quoted: isStub ? null : quotedIn(content, library, creds, key),
    reactsTo: content?.reactionMessage?.key?.id ?? null,
  }
}

type MessageContent = NonNullable<WAMessage['message']>

function kindOf(content: MessageContent): string {
  return (
    kinds.find(([field]) => field in content && Reflect.get(content, field) != null)?.[1] ?? (textOf(content) === '' ? 'other' : 'text')
  )
}

/** What a message answers stands within the part that makes its kind. */
function quotedIn(content: MessageContent, library: Library, { me }: AuthenticationCreds, key: WAMessageKey): Quoted | null {
  const {
    extendedTextMessage,
    imageMessage,
    videoMessage,
    audioMessage,
    documentMessage,
    stickerMessage,
    locationMessage,
    contactMessage,
  } = content
  const context = [
    extendedTextMessage,
    imageMessage,
    videoMessage,
    audioMessage,
    documentMessage,
    stickerMessage,
    locationMessage,
    contactMessage,
  ].find((part) => part?.contextInfo?.stanzaId != null)?.contextInfo
  if (context?.stanzaId == null) return null
  const quoted: MessageContent = library.normalizeMessageContent(context.quotedMessage) ?? {}
  const author = library.jidNormalizedUser(context.participant ?? '')
  const isMe = author !== '' && (author === library.jidNormalizedUser(me?.id) || author === library.jidNormalizedUser(me?.lid))
  return {
    id: context.stanzaId,
    author: isMe ? library.jidNormalizedUser(me?.id) : author === key.remoteJid ? numbered(author, key.remoteJidAlt) : author,
    kind: kindOf(quoted),
    text: textOf(quoted),
  }
}

/** Of the two ids of one person the one with the number. */
function numbered(id: string, other: string | undefined | null): string {
  return id.endsWith('@lid') && other?.endsWith('@s.whatsapp.net') === true ? other : id
}

function textOf(content: MessageContent): string {
  const {
    conversation,
    extendedTextMessage,
    imageMessage,
    videoMessage,
    documentMessage,
    locationMessage,
    contactMessage,
    reactionMessage,
  } = content
  const texts = [
    conversation,
    extendedTextMessage?.text,
    imageMessage?.caption,
    videoMessage?.caption,
    documentMessage?.caption ?? documentMessage?.fileName,
    locationMessage?.name,
    contactMessage?.displayName,
    reactionMessage?.text,
  ]
  return texts.find((text) => text != null && text !== '') ?? ''
}

/** The library's numbers: 1 pending, 2 at the server, 3 delivered, 4 read, 5 played; a refusal (0) is heard where it says why. */
export function progressOf(status: number | null | undefined): Progress | null {
  if (status === 2) return 'sent'
  if (status === 3) return 'delivered'
  return status === 4 || status === 5 ? 'read' : null
}

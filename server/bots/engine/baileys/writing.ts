/**
 * Puts a message together and writes it. Step by step, where the library has one call for all of it: that one tells what was written by an
 * event that waits in a buffer, and that buffer ends with the connection.
 */
import type { BinaryNode, proto, WAMessage, WASocket } from 'baileys'
import { BotFault } from '../../fault.ts'
import { isGroup } from '../address.ts'
import type { Answered, Content } from '../outgoing.ts'
import type { KnownPeople } from '../people.ts'
import type { GroupCache } from './group-cache.ts'
import { isAdmin, keyNamed, namesIn, namesPeople, renamed, type NameIn } from './members.ts'
import { contentFor, keyFor, shown } from './outgoing.ts'
import { shapeOf } from './shapes.ts'
import type { Uploader } from './upload.ts'

export interface WritingParts {
  library: typeof import('baileys')
  socket: WASocket
  people: KnownPeople
  groups: GroupCache
  uploader: Uploader
  /** What we sent under an id, as it was encoded. */
  sent(messageId: string): Uint8Array | null
  /** It is on its way. */
  written(message: WAMessage): void
}

export interface Writing {
  id: string
  replyTo: Answered | null
  /** Seconds after which it vanishes; 0 when it stays. */
  timer: number
  /** Of a status: who is to see it. */
  audience?: readonly string[]
}

/** Nothing that is about another message vanishes by itself. */
const timeless: ReadonlySet<Content['type']> = new Set(['reaction', 'edit', 'delete'])

/** Throws `message-refused` for what this account may not do. */
export async function write(
  parts: WritingParts,
  chat: string,
  given: Content,
  { id, replyTo, timer, audience }: Writing,
): Promise<proto.IMessage> {
  const { library, socket, uploader, sent, written } = parts
  const { nameIn, content } = await addressed(parts, chat, given, replyTo)
  const message = await library.generateWAMessageContent(contentFor(content, { library, chat, sent }), {
    jid: chat,
    upload: socket.waUploadToServer,
    ...('bytes' in content ? { mediaCache: uploader.mediaCache(chat, content.bytes) } : {}),
  })
  // Of a note the library takes the film alone.
  if (content.type === 'video' && message.ptvMessage != null)
    Object.assign(message.ptvMessage, { mimetype: content.mimetype, ...shown(content) })
  const full = library.generateWAMessageFromContent(chat, message, {
    userJid: socket.authState.creds.me?.id ?? '',
    messageId: id,
    ...(replyTo === null ? {} : { quoted: quotedBy(parts, chat, keyNamed(replyTo, nameIn)) }),
    ...(timer > 0 && !timeless.has(content.type) ? { ephemeralExpiration: timer } : {}),
  })
  await socket.relayMessage(chat, full.message ?? {}, {
    messageId: id,
    ...stanza(content),
    ...(audience === undefined ? {} : { statusJidList: [...audience] }),
  })
  written(full)
  return full.message ?? {}
}

/** With everybody as the chat names them. */
async function addressed(
  { socket, people, groups }: WritingParts,
  chat: string,
  content: Content,
  replyTo: Answered | null,
): Promise<{ nameIn: NameIn; content: Content }> {
  const isOfOthers = content.type === 'delete' && !content.of.fromMe
  const group = isGroup(chat) && (isOfOthers || namesPeople(content, replyTo)) ? await groups.of(chat) : null
  const { me } = socket.authState.creds
  if (isOfOthers && (group === null || !isAdmin(group, [me?.id, me?.lid])))
    throw new BotFault('message-refused', 'Only an admin of the group can delete what others wrote, and this account is none')
  const nameIn: NameIn = group === null ? (each) => each : namesIn(group, people)
  return { nameIn, content: renamed(content, nameIn) }
}

/** What tells the server the kind of a message that it cannot look into. */
function stanza(content: Content): { additionalAttributes: Record<string, string>; additionalNodes: BinaryNode[] } {
  const edit = content.type === 'edit' ? '1' : content.type === 'delete' ? (content.of.fromMe ? '7' : '8') : null
  const meta: BinaryNode[] = content.type === 'poll' ? [{ tag: 'meta', attrs: { polltype: 'creation' } }] : []
  return { additionalAttributes: edit === null ? {} : { edit }, additionalNodes: meta }
}

/** In the answer stands what is answered: as we sent it, or as far as it is known. */
function quotedBy({ library, sent }: WritingParts, chat: string, replyTo: Answered): WAMessage {
  const { text, kind = 'text', details = {} } = replyTo
  const ours = replyTo.fromMe ? sent(replyTo.id) : null
  return { key: keyFor(chat, replyTo), message: ours === null ? shapeOf({ kind, text, details }) : library.proto.Message.decode(ours) }
}

/** What of a message opens votes, or is one. */
import type { AuthenticationCreds, proto, WAMessage } from 'baileys'
import type { Message } from '../message.ts'

type Library = typeof import('baileys')

const pollShapes = [
  'pollCreationMessage',
  'pollCreationMessageV2',
  'pollCreationMessageV3',
  'pollCreationMessageV4',
  'pollCreationMessageV5',
] as const

/** `content` as the library unwraps it. */
export function pollPartsOf(
  { key, message }: WAMessage,
  content: proto.IMessage,
  library: Library,
  { me }: AuthenticationCreds,
): Pick<Message, 'vote' | 'pollKey'> {
  // The library leaves the member empty, not out, where there is no group.
  const theirs = key.participant ? [key.participant, key.participantAlt] : [key.remoteJid, key.remoteJidAlt]
  const named = key.fromMe === true ? [me?.id, me?.lid] : theirs
  const ids = named.flatMap((id) => (id == null || id === '' ? [] : [library.jidNormalizedUser(id)]))
  const { pollCreationMessageKey, vote } = content.pollUpdateMessage ?? {}
  if (pollCreationMessageKey?.id != null && vote?.encPayload != null && vote.encIv != null) {
    const [payload, iv] = [vote.encPayload, vote.encIv].map((bytes) => Buffer.from(bytes).toString('base64'))
    return { vote: { poll: pollCreationMessageKey.id, payload: payload ?? '', iv: iv ?? '', voters: ids } }
  }
  const secret = (content.messageContextInfo ?? message?.messageContextInfo)?.messageSecret
  if (secret == null || secret.length === 0 || pollShapes.every((shape) => content[shape] == null)) return {}
  return { pollKey: { secret: Buffer.from(secret).toString('base64'), creators: ids } }
}

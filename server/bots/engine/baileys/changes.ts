/** Messages that stand for what becomes of an earlier one: its author says it otherwise, or somebody deletes it for all. */
import type { proto } from 'baileys'
import type { Change } from '../message.ts'

type Library = typeof import('baileys')

export interface Changing {
  change: Change
  /** What it says from now on; null when it is deleted. */
  content: proto.IMessage | null
}

/** `content` as the library unwraps it. Null for a message that stands for itself. */
export function changingOf({ protocolMessage }: proto.IMessage, library: Library): Changing | null {
  const { REVOKE, MESSAGE_EDIT } = library.proto.Message.ProtocolMessage.Type
  const { type, key, editedMessage } = protocolMessage ?? {}
  if (key?.id == null || key.id === '') return null
  const of = { id: key.id, own: key.fromMe === true }
  if (type === REVOKE) return { change: { ...of, how: 'revoked' }, content: null }
  const content = type === MESSAGE_EDIT ? (library.normalizeMessageContent(editedMessage) ?? null) : null
  return content === null ? null : { change: { ...of, how: 'edited' }, content }
}

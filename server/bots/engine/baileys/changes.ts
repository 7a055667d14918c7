/**
 * Messages that stand for what becomes of an earlier one: its author says it otherwise, somebody deletes it for all, pins it, or keeps it
 * where messages vanish.
 */
import type { proto } from 'baileys'
import type { Change } from '../message.ts'

type Library = typeof import('baileys')

export interface Changing {
  change: Change
  /** What it says from now on; null for a change that says nothing. */
  content: proto.IMessage | null
}

/** `content` as the library unwraps it. Null for a message that stands for itself. */
export function changingOf(content: proto.IMessage, library: Library): Changing | null {
  const { protocolMessage, pinInChatMessage: pin, keepInChatMessage: keep } = content
  if (protocolMessage != null) return edited(protocolMessage, library) ?? marked(protocolMessage.key, howRevoked(protocolMessage, library))
  if (pin != null) {
    const { PIN_FOR_ALL } = library.proto.Message.PinInChatMessage.Type
    return marked(pin.key, pin.type === PIN_FOR_ALL ? 'pinned' : 'unpinned')
  }
  return keep == null ? null : marked(keep.key, keep.keepType === library.proto.KeepType.KEEP_FOR_ALL ? 'kept' : 'unkept')
}

function edited({ type, key, editedMessage }: proto.Message.IProtocolMessage, library: Library): Changing | null {
  if (type !== library.proto.Message.ProtocolMessage.Type.MESSAGE_EDIT) return null
  const content = library.normalizeMessageContent(editedMessage) ?? null
  const change = marked(key, 'edited')
  return content === null || change === null ? null : { ...change, content }
}

function howRevoked({ type }: proto.Message.IProtocolMessage, library: Library): 'revoked' | null {
  return type === library.proto.Message.ProtocolMessage.Type.REVOKE ? 'revoked' : null
}

function marked(key: proto.IMessageKey | null | undefined, how: Change['how'] | null): Changing | null {
  if (how === null || key?.id == null || key.id === '') return null
  return { change: { id: key.id, how, own: key.fromMe === true }, content: null }
}

/** What may be looked at once is withheld from linked devices in two ways; of one of them the library says nothing. */
import type { BinaryNode, WAMessage, WASocket } from 'baileys'

const unsaid = 'view_once_unavailable_fanout'

export function hearWithheld(socket: WASocket, heard: (stanza: BinaryNode) => void): void {
  socket.ws.on('CB:message', (stanza: BinaryNode) => {
    const parts = Array.isArray(stanza.content) ? stanza.content : []
    if (parts.some(({ tag, attrs }) => tag === 'unavailable' && attrs['type'] === unsaid)) heard(stanza)
  })
}

/** As the library makes it of the other way; null for what it cannot read. */
export function withheldMessage(stanza: BinaryNode, library: typeof import('baileys'), me: string, lid: string): WAMessage | null {
  try {
    const { fullMessage } = library.decodeMessageNode(stanza, me, lid)
    library.cleanMessage(fullMessage, me, lid)
    return { ...fullMessage, key: { ...fullMessage.key, isViewOnce: true } }
  } catch {
    return null
  }
}

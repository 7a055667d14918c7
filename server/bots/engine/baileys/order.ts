/**
 * Messages in the order in which WhatsApp gave them. The library reads what waited for the device one by one, out of a queue, but what
 * comes meanwhile at once; and it holds what it has read in a buffer until the backlog ends, or for 30 s, while what could be read is told
 * from its decryption on (`keeping.ts`).
 */
import type { BaileysEventMap, BinaryNode, WAMessage, WASocket } from 'baileys'

/**
 * Before the socket has heard anything. Hears of each message at its turn, ahead of the buffer; what `heard` throws is for `failed`, since
 * the library would say nothing of it.
 */
export function hearInOrder(socket: WASocket, heard: (messages: WAMessage[]) => void, failed: (error: unknown) => void): void {
  const { ev, ws } = socket
  const { emit } = ev
  /** The ids of those in the queue. */
  let queued: (string | undefined)[] = []

  ws.prependListener('CB:message', ({ attrs }: BinaryNode) => {
    // What has to go behind others goes where the library puts what waited.
    if (queued.length > 0) attrs['offline'] ??= '0'
    if (attrs['offline'] !== undefined) queued.push(attrs['id'])
  })
  ev.emit = <Name extends keyof BaileysEventMap>(name: Name, told: BaileysEventMap[Name]) => {
    if (name === 'messages.upsert') {
      const { messages } = told as BaileysEventMap['messages.upsert'] // that of this name
      // Some leave the queue without a word; those before this one have.
      for (const { key } of messages) queued = queued.slice(queued.indexOf(key.id ?? undefined) + 1)
      try {
        heard(messages)
      } catch (error) {
        failed(error)
      }
    }
    return emit(name, told)
  }
}

/**
 * What is read is kept before WhatsApp hears of it. The library moves its keys on, sends the receipt, and hands the message over later, out
 * of a buffer of up to 30 s that dies with the connection: WhatsApp would not deliver it again, and the keys could not read it again. So
 * each decryption writes what it brought in the transaction of its keys; and what comes a second time is answered from there, since the
 * keys are past it.
 */
import { createHash } from 'node:crypto'
import type { AuthenticationCreds, BinaryNode, SignalKeyStoreWithTransaction, SocketConfig, WAMessage, WASocket } from 'baileys'
import type { Arrival, LinkRows } from '../link.ts'
import type { Message } from '../message.ts'
import type { KnownPeople } from '../people.ts'
import { messageOf } from './incoming.ts'
import { arrivalsKind } from './link.ts'

type Library = typeof import('baileys')

export interface KeepingParts {
  library: Library
  creds: AuthenticationCreds
  rows: Pick<LinkRows, 'recall'>
  people: KnownPeople
  /** Kept, together with the keys. `address` is the chat as WhatsApp named it. */
  arrived(digest: string, message: Message, address: string): void
  /** True once nothing is written any more. */
  isOver(): boolean
}

export interface Keeping {
  makeSignalRepository: SocketConfig['makeSignalRepository']
  /** Before the socket has heard anything. */
  attach(socket: WASocket): void
  /** True when the library's own event of this message says nothing new; asked once. */
  wasEmitted(message: WAMessage): boolean
}

/** A message without anything in it, as the library pads it: it goes on to the receipt, and there is nothing to tell. */
const empty = Buffer.from([1])
/** The library's own event follows within its buffer's time, or never. */
const mostKept = 10_000

export function createKeeping({ library, creds, rows, people, arrived, isOver }: KeepingParts): Keeping {
  /** The stanza in which a ciphertext came, by the library's own buffer of it. */
  const stanzas = new WeakMap<Uint8Array, BinaryNode>()
  const emitted = new Set<string>()

  const noteEmitted = (key: WAMessage['key']): void => {
    if (emitted.size >= mostKept) emitted.clear()
    emitted.add(keyText(key))
  }

  async function keep(
    keys: SignalKeyStoreWithTransaction,
    ciphertext: Uint8Array,
    transaction: string,
    decrypt: () => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const stanza = stanzas.get(ciphertext)
    if (stanza === undefined) return decrypt()
    const digest = createHash('sha256').update(String(stanza.attrs['from'])).update('\0').update(ciphertext).digest('base64url')
    const known = rows.recall(digest)
    if (known !== null) {
      const plain = known.length === 0 ? empty : known
      const content = read(library, stanza, plain, creds, people)
      if (content?.ours != null) noteEmitted(content.key)
      return plain
    }
    const { plain, content } = await keys.transaction(async () => {
      const decrypted = await decrypt()
      const content = read(library, stanza, decrypted, creds, people)
      const arrival: Arrival = { digest, message: content?.ours ?? null, plain: decrypted }
      await keys.set({ [arrivalsKind]: { [digest]: arrival } } as never) // a kind of our own beside the library's, which it carries along
      return { plain: decrypted, content }
    }, transaction)
    // What an ended connection still reads was not written: it is not ours, and comes again.
    if (content?.ours != null && !isOver()) {
      noteEmitted(content.key)
      arrived(digest, content.ours, content.key.remoteJid ?? content.ours.chat)
    }
    return plain
  }

  return {
    makeSignalRepository(auth, logger, pnToLid) {
      const repository = library.DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, logger, pnToLid)
      const keys = auth.keys as SignalKeyStoreWithTransaction // the library has just added the transactions
      const { decryptMessage, decryptGroupMessage } = repository
      return Object.assign(repository, {
        decryptMessage: (wanted: Parameters<typeof decryptMessage>[0]) =>
          keep(keys, wanted.ciphertext, wanted.jid, () => decryptMessage.call(repository, wanted)),
        decryptGroupMessage: (wanted: Parameters<typeof decryptGroupMessage>[0]) =>
          keep(keys, wanted.msg, wanted.group, () => decryptGroupMessage.call(repository, wanted)),
      })
    },
    attach(socket) {
      socket.ws.prependListener('CB:message', (stanza: BinaryNode) => {
        for (const part of Array.isArray(stanza.content) ? stanza.content : [])
          if (part.tag === 'enc' && part.content instanceof Uint8Array) stanzas.set(part.content, stanza)
      })
    },
    wasEmitted: ({ key }) => emitted.delete(keyText(key)),
  }
}

function keyText({ remoteJid, id, participant }: WAMessage['key']): string {
  return `${remoteJid?.replace(/:\d+(?=@)/, '')} ${participant?.replace(/:\d+(?=@)/, '') ?? ''} ${id}`
}

/** As the library reads it; null for what it cannot read either. */
function read(
  library: Library,
  stanza: BinaryNode,
  padded: Uint8Array,
  creds: AuthenticationCreds,
  people: KnownPeople,
): { ours: Message | null; key: WAMessage['key'] } | null {
  try {
    const [me, lid] = [creds.me?.id ?? '', creds.me?.lid ?? '']
    const { fullMessage } = library.decodeMessageNode(stanza, me, lid)
    const decoded = library.proto.Message.decode(library.unpadRandomMax16(padded))
    const message: WAMessage = { ...fullMessage, message: decoded.deviceSentMessage?.message ?? decoded }
    library.cleanMessage(message, me, lid)
    return { ours: messageOf(message, library, creds, people), key: message.key }
  } catch {
    return null
  }
}

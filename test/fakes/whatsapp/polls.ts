/** Votes, sealed for whoever knows the poll's secret: the library opens them, and casts none. */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { aesEncryptGCM, jidNormalizedUser, proto, type WAMessage } from 'baileys'
import type { Contact } from './contact.ts'

export interface Vote {
  poll: WAMessage
  /** The names of the options; none takes an earlier vote back. */
  options: readonly string[]
  /** How both sides are named within the seal: by number, unless the chat goes by hidden ids. */
  creator: string
  voter: string
}

/** The voter's client casts it in the poll's chat; `secret` came with the poll. */
export async function vote(voter: Contact, secret: Uint8Array, { poll, options, creator, voter: name }: Vote): Promise<string> {
  const id = poll.key.id ?? ''
  const [by, from] = [jidNormalizedUser(name), jidNormalizedUser(creator)]
  const base = createHmac('sha256', Buffer.alloc(32)).update(secret).digest()
  const key = createHmac('sha256', base)
    .update(id)
    .update(from)
    .update(by)
    .update('Poll Vote')
    .update(Buffer.from([1]))
    .digest()
  const selectedOptions = options.map((option) => createHash('sha256').update(option).digest())
  const encIv = randomBytes(12)
  const encPayload = aesEncryptGCM(
    proto.Message.PollVoteMessage.encode({ selectedOptions }).finish(),
    key,
    encIv,
    Buffer.from(`${id}\u0000${by}`),
  )
  return voter.socket.relayMessage(
    poll.key.remoteJid ?? '',
    { pollUpdateMessage: { pollCreationMessageKey: poll.key, vote: { encPayload, encIv }, senderTimestampMs: Date.now() } },
    { additionalNodes: [{ tag: 'meta', attrs: { polltype: 'vote' } }] },
  )
}

/**
 * An account's phone, which is device 0: an unmodified library client that was never linked, and does for the linked devices what a phone
 * does for them.
 */
import { randomBytes } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { encodeBigEndian, generateMessageIDV2, normalizeMessageContent, proto, signedKeyPair, type WAMessage } from 'baileys'
import { jidOf } from './accounts.ts'
import { logIn, memoryAuth, type Contact } from './contact.ts'
import type { WhatsAppDouble } from './double.ts'
import type { MediaServer } from './media.ts'
import { node } from './nodes.ts'

export interface Phone extends Contact {
  /** Hands a linked device the keys of the chats' settings, without which it can read none. */
  shareKeys(deviceId?: number): Promise<void>
  /** Hands over older messages: sealed, put up at the media server and announced; `inline` within the announcement. */
  sendHistory(history: proto.IHistorySync, how?: { deviceId?: number; inline?: boolean; request?: string }): Promise<void>
  /** Answers a linked device that asks for older messages of a chat; null for none. */
  older: (request: proto.Message.PeerDataOperationRequestMessage.IHistorySyncOnDemandRequest) => proto.IHistorySync | null
  /** Older messages come within their announcement, where there is no media server to put them up at. */
  inline: boolean
}

const { Type } = proto.Message.ProtocolMessage
type ProtocolMessage = proto.Message.IProtocolMessage

/** Before anybody writes to the number: they send to the devices that they know of. */
export async function connectPhone(double: WhatsAppDouble, media: MediaServer, number: string): Promise<Phone> {
  const account = double.account(number)
  const auth = memoryAuth()
  Object.assign(auth.creds, {
    signedIdentityKey: account.identity,
    signedPreKey: signedKeyPair(account.identity, 1),
    me: { id: jidOf({ account, id: 0 }), name: account.name || 'Phone' },
    account: {
      details: Buffer.alloc(1),
      accountSignatureKey: Buffer.alloc(32),
      accountSignature: Buffer.alloc(64),
      deviceSignature: Buffer.alloc(64),
    },
  })
  account.devices.set(0, {
    ...{ account, id: 0, noiseKey: Buffer.from(auth.creds.noiseKey.public), identity: account.identity.public },
    ...{ registration: encodeBigEndian(auth.creds.registrationId), signedPreKey: null, preKeys: [], waiting: [], connection: null },
  })
  const [keyId, key] = [
    randomBytes(6),
    { keyData: randomBytes(32), fingerprint: { rawId: 1, currentIndex: 0, deviceIndexes: [0] }, timestamp: 1_700_000_000_000 },
  ]
  auth.creds.myAppStateKeyId = keyId.toString('base64')
  await auth.keys.set({ 'app-state-sync-key': { [auth.creds.myAppStateKeyId]: key } })
  const contact = await logIn(double, number, auth)
  const { socket } = contact

  /** To one linked device of the same account. */
  async function tell(deviceId: number, protocolMessage: ProtocolMessage): Promise<void> {
    const to = jidOf({ account, id: deviceId })
    await socket.assertSessions([to], false)
    const { nodes } = await socket.createParticipantNodes([to], { protocolMessage })
    const [sealed] = nodes
    if (!Array.isArray(sealed?.content)) throw new Error('the phone has no session with its device')
    await socket.sendNode(node('message', { id: generateMessageIDV2(), to, type: 'text', category: 'peer' }, sealed.content))
  }

  async function answer(message: WAMessage): Promise<void> {
    const request = message.message?.protocolMessage?.peerDataOperationRequestMessage
    const deviceId = [...account.devices.keys()].find((id) => id > 0) ?? 1
    const stanzaId = message.key.id ?? ''
    for (const { messageKey } of request?.placeholderMessageResendRequest ?? []) {
      // The device may ask before the phone itself has read the message.
      const found = await contact.message(({ key: { id } }) => id === messageKey?.id)
      const webMessageInfoBytes = proto.WebMessageInfo.encode(proto.WebMessageInfo.fromObject(found)).finish()
      await tell(deviceId, {
        type: Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
        peerDataOperationRequestResponseMessage: {
          stanzaId,
          peerDataOperationResult: [{ placeholderMessageResendResponse: { webMessageInfoBytes } }],
        },
      })
    }
    const older = request?.historySyncOnDemandRequest == null ? null : phone.older(request.historySyncOnDemandRequest)
    if (older !== null)
      await phone.sendHistory(
        { ...older, syncType: proto.HistorySync.HistorySyncType.ON_DEMAND },
        { deviceId, inline: phone.inline, request: stanzaId },
      )
  }

  const phone: Phone = {
    ...contact,
    older: () => null,
    inline: false,
    shareKeys: (deviceId = 1) =>
      tell(deviceId, { type: Type.APP_STATE_SYNC_KEY_SHARE, appStateSyncKeyShare: { keys: [{ keyId: { keyId }, keyData: key }] } }),
    async sendHistory(history, { deviceId = 1, inline = false, request } = {}) {
      const packed = deflateSync(proto.HistorySync.encode(proto.HistorySync.fromObject(history)).finish())
      const where = inline ? { initialHistBootstrapInlinePayload: packed } : await media.seal(packed, 'md-msg-hist')
      await tell(deviceId, {
        type: Type.HISTORY_SYNC_NOTIFICATION,
        historySyncNotification: {
          ...{ ...where, syncType: Number(history.syncType), chunkOrder: history.chunkOrder ?? 1, progress: history.progress ?? 100 },
          ...(request === undefined ? {} : { peerDataRequestSessionId: request }),
        },
      })
    },
  }
  socket.ev.on('messages.upsert', ({ messages }) => {
    for (const message of messages) answer(message).catch((error: unknown) => double.errors.push(error))
  })
  double.reuploads.answer(number, (messageId) => {
    const content = normalizeMessageContent(contact.messages.find(({ key: { id } }) => id === messageId)?.message)
    const file =
      content?.imageMessage ?? content?.videoMessage ?? content?.audioMessage ?? content?.documentMessage ?? content?.stickerMessage
    const directPath = media.again(file?.directPath ?? '')
    return file?.mediaKey == null || directPath === undefined ? null : { mediaKey: file.mediaKey, directPath }
  })
  return phone
}

/** Files that have run out: a device asks, the phone puts them up again, and the server says where. */
import { hkdfSync, randomBytes } from 'node:crypto'
import { aesEncryptGCM, proto, type BinaryNode } from 'baileys'
import { jidOf, type Device } from './accounts.ts'
import type { Deliveries } from './deliveries.ts'
import { child, node, seconds } from './nodes.ts'

export interface Reupload {
  mediaKey: Uint8Array
  directPath: string
}

export class Reuploads {
  readonly #deliveries: Deliveries
  readonly #phones = new Map<string, (messageId: string) => Reupload | null>()

  constructor(deliveries: Deliveries) {
    this.#deliveries = deliveries
  }

  /** The phone of this number answers; null for what it has not got either. */
  answer(number: string, again: (messageId: string) => Reupload | null): void {
    this.#phones.set(number, again)
  }

  /** A request of a device. Without a phone that is there nothing comes of it. */
  take({ attrs: { id = '' }, ...request }: BinaryNode, device: Device): void {
    const again = this.#phones.get(device.account.number)
    const wanted = child({ attrs: {}, ...request }, 'rmr')
    if (again === undefined || wanted === undefined) return
    const found = again(id)
    const attrs = { id, type: 'mediaretry', from: jidOf({ account: device.account, id: 0 }), t: seconds() }
    // 2 is "not found", of the phone.
    const answer = found === null ? node('error', { code: '2' }) : sealed(id, found)
    this.#deliveries.deliver(device, node('notification', attrs, [answer, wanted]))
  }
}

function sealed(id: string, { mediaKey, directPath }: Reupload): BinaryNode {
  const plain = proto.MediaRetryNotification.encode({
    ...{ stanzaId: id, directPath },
    result: proto.MediaRetryNotification.ResultType.SUCCESS,
  }).finish()
  const key = Buffer.from(hkdfSync('sha256', mediaKey, Buffer.alloc(0), 'WhatsApp Media Retry Notification', 32))
  const iv = randomBytes(12)
  return node('encrypt', {}, [node('enc_p', {}, aesEncryptGCM(plain, key, iv, Buffer.from(id))), node('enc_iv', {}, iv)])
}

/** The way from the server to a device: what is under way can be changed, garbled, withheld, or come once more. */
import type { BinaryNode } from 'baileys'
import type { Account, Device } from './accounts.ts'
import { node } from './nodes.ts'

type Change = (stanza: BinaryNode) => BinaryNode

/** Messages kept per device, for what comes once more. */
const mostKept = 200

export class Deliveries {
  readonly #changes: { number: string; change: Change; left: number; sparesPhone: boolean }[] = []
  readonly #delivered = new Map<Device, BinaryNode[]>()

  /** Hands over, or keeps until the device is there. */
  deliver(target: Device, stanza: BinaryNode): void {
    const changed = stanza.tag === 'message' ? this.#changed(target, stanza) : stanza
    if (changed.tag === 'message') this.#delivered.set(target, [...(this.#delivered.get(target) ?? []), changed].slice(-mostKept))
    target.waiting.push(changed)
    target.connection?.send(changed)
  }

  /** The next messages to the devices of this number are something else by the time they arrive. */
  change(number: string, change: Change, times = 1, { sparesPhone = false } = {}): void {
    this.#changes.push({ number, change, left: times, sparesPhone })
  }

  /** They cannot be decrypted; whoever asks for them again gets them in order. */
  garble(number: string, times = 1): void {
    this.change(number, garbled, times)
  }

  /**
   * They come without content to linked devices: what may be looked at once is for the phone alone, which is said in two ways; others (an
   * advertisement's first message) can be asked of the phone.
   */
  withhold(number: string, type?: 'view_once' | 'view_once_unavailable_fanout'): void {
    const bare = node('unavailable', type === undefined ? {} : { type })
    this.change(number, (stanza) => ({ ...stanza, content: [bare] }), 1, { sparesPhone: true })
  }

  /** They come as they come to one of many, from a broadcast list. */
  asBroadcast(number: string, list: string): void {
    this.change(number, ({ attrs: { from = '', sender_lid: lid, ...attrs }, ...stanza }) => ({
      ...stanza,
      attrs: { ...attrs, from: list, participant: from, ...(lid === undefined ? {} : { participant_lid: lid }) },
    }))
  }

  /** The same ciphertext once more, acknowledged or not. */
  again(account: Account, messageId: string): void {
    for (const device of account.devices.values()) {
      const stanza = this.#delivered.get(device)?.find(({ attrs }) => attrs['id'] === messageId)
      if (stanza !== undefined) device.connection?.send(stanza)
    }
  }

  #changed({ account: { number }, id }: Device, stanza: BinaryNode): BinaryNode {
    const found = this.#changes.find((each) => each.number === number && each.left > 0 && !(each.sparesPhone && id === 0))
    if (found === undefined) return stanza
    found.left -= 1
    return found.change(stanza)
  }
}

function garbled(stanza: BinaryNode): BinaryNode {
  if (!Array.isArray(stanza.content)) return stanza
  const content = stanza.content.map((part) => {
    if (part.tag !== 'enc' || !(part.content instanceof Uint8Array)) return part
    const bytes = Buffer.from(part.content)
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 255, bytes.length - 1)
    return { ...part, content: bytes }
  })
  return { ...stanza, content }
}

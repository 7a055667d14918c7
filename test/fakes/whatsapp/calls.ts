/** Calls that ring at a device, and how they end. */
import { randomBytes } from 'node:crypto'
import type { BinaryNode } from 'baileys'
import type { Accounts, Device } from './accounts.ts'
import { children, node, seconds, server } from './nodes.ts'
import type { Deliveries } from './deliveries.ts'

export interface Call {
  id: string
  caller: string
  callee: string
  /** `ringing` until somebody ends it. */
  state: 'ringing' | 'rejected' | 'ended'
}

export class Calls {
  readonly #accounts: Accounts
  readonly #deliveries: Deliveries
  readonly #calls = new Map<string, Call>()
  #lastId = 0

  constructor(accounts: Accounts, deliveries: Deliveries) {
    this.#accounts = accounts
    this.#deliveries = deliveries
  }

  /** It rings at all devices of the callee. */
  ring(caller: string, callee: string, { video = false, group }: { video?: boolean; group?: string } = {}): Call {
    const call: Call = { id: randomBytes(16).toString('hex').toUpperCase(), caller, callee, state: 'ringing' }
    this.#calls.set(call.id, call)
    this.#send(call, 'offer', group === undefined ? {} : { 'group-jid': group, type: 'group' }, [
      node('audio', { enc: 'opus', rate: '16000' }),
      ...(video ? [node('video', { enc: 'vp8', dec: 'H264' })] : []),
      node('net', { medium: '3' }),
    ])
    return call
  }

  /** Nobody has answered (`timeout`), or the caller has hung up. */
  end(call: Call, reason?: 'timeout'): void {
    call.state = 'ended'
    this.#send(call, 'terminate', reason === undefined ? {} : { reason }, [])
  }

  /** What a device says of a call is acknowledged. */
  take(stanza: BinaryNode, device: Device): void {
    const [what] = children(stanza)
    const { id = '', to = '' } = stanza.attrs
    device.connection?.send(node('ack', { class: 'call', id, from: to, ...(what === undefined ? {} : { type: what.tag }) }))
    const call = this.#calls.get(what?.attrs['call-id'] ?? '')
    if (what?.tag === 'reject' && call !== undefined) call.state = 'rejected'
  }

  #send(call: Call, what: string, attrs: Record<string, string>, content: BinaryNode[]): void {
    const from = `${call.caller}@${server}`
    for (const device of this.#accounts.of(call.callee).devices.values()) {
      this.#lastId += 1
      const info = { 'call-id': call.id, 'call-creator': from, caller_pn: from, ...attrs }
      this.#deliveries.deliver(device, node('call', { from, id: `call-${this.#lastId}`, t: seconds() }, [node(what, info, content)]))
    }
  }
}

/** Carries messages, receipts and typing between devices; what is inside stays sealed, as it does on the real server. */
import type { BinaryNode } from 'baileys'
import { jidOf, lidOf, type Accounts, type Device, type Group } from './accounts.ts'
import type { Deliveries } from './deliveries.ts'
import { child, children, node, seconds } from './nodes.ts'

export interface Roads {
  accounts: Accounts
  deliveries: Deliveries
}

export function acknowledgement({ attrs: { id = '', to = '' } }: BinaryNode, error: number | null): BinaryNode {
  return node('ack', { class: 'message', id, from: to, t: seconds(), ...(error === null ? {} : { error: String(error) }) })
}

export function routeMessage(message: BinaryNode, from: Device, { accounts, deliveries }: Roads): void {
  const { to = '', participant, id = '', type = 'text', edit, category } = message.attrs
  const extras = children(message).filter(({ tag }) => tag === 'device-identity' || tag === 'meta')
  const shared = children(message).filter(({ tag }) => tag === 'enc')
  const addressed = new Map(
    children(child(message, 'participants')).map((target) => [accounts.deviceByJid(target.attrs['jid'] ?? ''), children(target)]),
  )
  const group = accounts.group(to)
  for (const target of targetsOf()) {
    if (target === undefined || target === from) continue
    const attrs = {
      ...{ id, type, t: seconds() },
      ...(edit === undefined ? {} : { edit }),
      ...(category === undefined ? {} : { category }),
      ...(from.account.name === '' ? {} : { notify: from.account.name }),
      ...addressing(from, to, group, accounts),
      ...(target.account === from.account && group === undefined && category !== 'peer' && !to.endsWith('@broadcast')
        ? { recipient: to }
        : {}),
    }
    deliveries.deliver(target, node('message', attrs, [...(addressed.get(target) ?? []), ...shared, ...extras]))
  }

  function targetsOf(): (Device | undefined)[] {
    // Sent once more to a device that could not read it.
    if (participant !== undefined) return [accounts.deviceByJid(participant)]
    if (group !== undefined) return group.members.flatMap((number) => [...accounts.of(number).devices.values()])
    return addressed.size === 0 && shared.length > 0 ? [accounts.deviceByJid(to)] : [...addressed.keys()]
  }
}

/** Who it is from, as the chat names people. */
function addressing(from: Device, to: string, group: Group | undefined, accounts: Accounts): Record<string, string> {
  if (group === undefined && !to.endsWith('@broadcast')) {
    if (accounts.senders === 'number') return { from: jidOf(from), sender_lid: lidOf(from) }
    const number: Record<string, string> = accounts.senders === 'hidden-alone' ? {} : { sender_pn: jidOf(from) }
    return { from: lidOf(from), ...number, addressing_mode: 'lid' }
  }
  if (group?.hides === undefined) return { from: to, participant: jidOf(from), participant_lid: lidOf(from), addressing_mode: 'pn' }
  const number: Record<string, string> = group.hides === 'alone' ? {} : { participant_pn: jidOf(from) }
  return { from: to, participant: lidOf(from), ...number, addressing_mode: 'lid' }
}

export function routeReceipt(receipt: BinaryNode, from: Device, { accounts, deliveries }: Roads): void {
  const { id = '', to = '', type, participant } = receipt.attrs
  from.connection?.send(node('ack', { class: 'receipt', id, from: to, ...(type === undefined ? {} : { type }) }))
  const isShared = accounts.group(to) !== undefined || to.endsWith('@broadcast')
  // A receipt about a group's message goes to its author alone.
  const receiver = isShared ? (participant ?? '') : to
  const account = accounts.byJid(receiver)
  if (account === undefined || account === from.account) return
  const sender = receiver.endsWith('@lid') ? lidOf(from) : jidOf(from)
  const attrs = {
    id,
    t: seconds(),
    ...(type === undefined ? {} : { type }),
    ...(isShared ? { from: to, participant: sender } : { from: sender }),
  }
  const device = accounts.deviceByJid(receiver)
  for (const target of device === undefined ? account.devices.values() : [device])
    deliveries.deliver(target, node('receipt', attrs, receipt.content))
}

/** Typing reaches who is there now and is not kept. */
export function routeChatState(state: BinaryNode, from: Device, { accounts }: Roads): void {
  const to = state.attrs['to'] ?? ''
  const sender = (to.endsWith('@lid') ? lidOf(from) : jidOf(from)).replace(/:\d+/, '')
  const group = accounts.group(to)
  const readers = group === undefined ? [accounts.byJid(to)] : group.members.map((number) => accounts.of(number))
  for (const reader of readers) {
    if (reader === undefined || reader === from.account) continue
    for (const { connection } of reader.devices.values())
      connection?.send(node('chatstate', group === undefined ? { from: sender } : { from: to, participant: sender }, state.content))
  }
}

/** The library acknowledges a message that it has read by its receipt alone. */
export function acknowledgeByReceipt(receipt: BinaryNode, device: Device): void {
  if (receipt.attrs['type'] === 'retry') return
  const more = children(children(receipt)[0]).map(({ attrs }) => attrs['id'])
  const ids = new Set([receipt.attrs['id'], ...more])
  device.waiting = device.waiting.filter(({ tag, attrs }) => tag !== 'message' || !ids.has(attrs['id']))
}

/** The device has it. */
export function acknowledge(ack: BinaryNode, device: Device): void {
  device.waiting = device.waiting.filter(({ tag, attrs }) => !(attrs['id'] === ack.attrs['id'] && tag === ack.attrs['class']))
}

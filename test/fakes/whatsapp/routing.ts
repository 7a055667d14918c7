/** Carries messages, receipts and typing between devices; what is inside stays sealed, as it does on the real server. */
import type { BinaryNode } from 'baileys'
import { jidOf, lidOf, type Accounts, type Device } from './accounts.ts'
import { child, children, node, seconds, server } from './nodes.ts'

export function routeMessage(message: BinaryNode, from: Device, accounts: Accounts): void {
  const to = message.attrs['to'] ?? ''
  const id = message.attrs['id'] ?? ''
  from.connection?.send(node('ack', { class: 'message', id, from: to, t: seconds() }))
  const identity = child(message, 'device-identity')
  const shared = children(message).filter(({ tag }) => tag === 'enc')
  const addressed = new Map(
    children(child(message, 'participants')).map((target) => [accounts.deviceByJid(target.attrs['jid'] ?? ''), children(target)]),
  )
  const group = accounts.group(to)
  const targets = group === undefined ? [...addressed.keys()] : group.members.flatMap((number) => [...accounts.of(number).devices.values()])
  if (group === undefined && addressed.size === 0 && shared.length > 0) targets.push(accounts.deviceByJid(to))

  for (const target of targets) {
    if (target === undefined || target === from) continue
    const isOwn = target.account === from.account
    const attrs = {
      id,
      type: message.attrs['type'] ?? 'text',
      t: seconds(),
      ...(from.account.name === '' ? {} : { notify: from.account.name }),
      ...(group === undefined
        ? {
            ...(accounts.hidesNumbers
              ? { from: lidOf(from), sender_pn: jidOf(from), addressing_mode: 'lid' }
              : { from: jidOf(from), sender_lid: lidOf(from) }),
            ...(isOwn ? { recipient: to } : {}),
          }
        : { from: to, participant: jidOf(from), participant_lid: lidOf(from), addressing_mode: 'pn' }),
    }
    deliver(target, node('message', attrs, [...(addressed.get(target) ?? []), ...shared, ...(identity === undefined ? [] : [identity])]))
  }
}

export function routeReceipt(receipt: BinaryNode, from: Device, accounts: Accounts): void {
  const { id = '', to = '', type, participant } = receipt.attrs
  from.connection?.send(node('ack', { class: 'receipt', id, from: to, ...(type === undefined ? {} : { type }) }))
  const group = accounts.group(to)
  // A receipt about a group's message goes to its author alone.
  const account = accounts.byJid(group === undefined ? to : (participant ?? ''))
  if (account === undefined || account === from.account) return
  const attrs = {
    id,
    t: seconds(),
    ...(type === undefined ? {} : { type }),
    ...(group === undefined ? { from: jidOf(from) } : { from: to, participant: jidOf(from) }),
  }
  const receiver = accounts.deviceByJid(group === undefined ? to : (participant ?? ''))
  for (const target of receiver === undefined ? account.devices.values() : [receiver])
    deliver(target, node('receipt', attrs, receipt.content))
}

/** Typing and presence reach who is there now and are not kept. */
export function routeChatState(state: BinaryNode, from: Device, accounts: Accounts): void {
  const account = accounts.byJid(state.attrs['to'] ?? '')
  for (const target of account?.devices.values() ?? [])
    target.connection?.send(node('chatstate', { from: `${from.account.number}@${server}` }, state.content))
}

function deliver(target: Device, stanza: BinaryNode): void {
  target.waiting.push(stanza)
  target.connection?.send(stanza)
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

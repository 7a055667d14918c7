/** The server's answers to a linked device's requests. */
import type { BinaryNode } from 'baileys'
import type { Account, Accounts, Device } from './accounts.ts'
import type { Lookups } from './lookups.ts'
import type { Profiles } from './profiles.ts'
import { bytes, child, children, node, result, server } from './nodes.ts'

export interface IqContext {
  accounts: Accounts
  lookups: Lookups
  profiles: Pick<Profiles, 'about'>
  /** The parts that answer for their own subject. */
  parts: readonly { answer(request: BinaryNode, device: Device): BinaryNode | null }[]
  /** `host:port` of the media server, null while there is none. */
  mediaHost: string | null
  removeDevice(device: Device): void
}

export function answerIq(request: BinaryNode, device: Device, context: IqContext): BinaryNode {
  const refused = context.lookups.judge(request)
  if (refused !== null) return refused
  for (const part of context.parts) {
    const answer = part.answer(request, device)
    if (answer !== null) return answer
  }
  const [first] = children(request)
  const kind = `${request.attrs['xmlns']} ${request.attrs['type']} ${first?.tag ?? ''}`
  switch (kind) {
    case 'encrypt get count':
      return result(request, [node('count', { value: String(device.preKeys.length) })])
    case 'encrypt set registration':
      return storeKeys(request, device)
    case 'encrypt set rotate':
      device.signedPreKey = child(first, 'skey') ?? device.signedPreKey
      return result(request)
    case 'encrypt get digest':
      return result(request, [node('digest', {}, [node('registration', {}, device.registration)])])
    case 'encrypt get key':
      return result(request, [
        node(
          'list',
          {},
          children(first).map((user) => keyBundle(user, context.accounts)),
        ),
      ])
    case 'usync get usync':
      return usync(request, first, context)
    case 'abt get props':
      return result(request, [node('props', { hash: 'double' })])
    case 'w:m set media_conn':
      return result(request, [
        node(
          'media_conn',
          { auth: 'double', ttl: '3600', auth_ttl: '3600', max_buckets: '12' },
          context.mediaHost === null ? [] : [node('host', { hostname: context.mediaHost })],
        ),
      ])
    case 'md set remove-companion-device':
      setImmediate(() => context.removeDevice(device))
      return result(request)
    default:
      return result(request)
  }
}

function storeKeys(request: BinaryNode, device: Device): BinaryNode {
  device.registration = bytes(request, 'registration')
  device.identity = bytes(request, 'identity')
  device.signedPreKey = child(request, 'skey') ?? null
  device.preKeys.push(...children(child(request, 'list')).map((key) => ({ id: bytes(key, 'id'), value: bytes(key, 'value') })))
  return result(request)
}

/** Each one-time key is handed out once, as Signal wants it. */
function keyBundle({ attrs }: BinaryNode, accounts: Accounts): BinaryNode {
  const jid = attrs['jid'] ?? ''
  const device = accounts.deviceByJid(jid)
  if (device?.signedPreKey == null) return node('user', { jid }, [node('error', { code: '404', text: 'item-not-found' })])
  const key = device.preKeys.shift()
  return node('user', { jid }, [
    node('registration', {}, device.registration),
    node('type', {}, Buffer.from([5])),
    node('identity', {}, device.identity),
    device.signedPreKey,
    ...(key === undefined ? [] : [node('key', {}, [node('id', {}, key.id), node('value', {}, key.value)])]),
  ])
}

function usync(request: BinaryNode, query: BinaryNode | undefined, { accounts, lookups, profiles }: IqContext): BinaryNode {
  const asked = new Set(children(child(query, 'query')).map(({ tag }) => tag))
  if (lookups.heldBackWith !== null && asked.has('contact')) {
    const why = node('error', { code: String(lookups.heldBackWith), text: 'rate-overlimit' })
    return result(request, [node('usync', { ...query?.attrs }, [node('result', {}, [node('contact', {}, [why])]), node('list')])])
  }
  const users = children(child(query, 'list')).map((user) => {
    const phone = contentText(child(user, 'contact'))
    if (phone === undefined) {
      const jid = user.attrs['jid'] ?? ''
      const account = accounts.byJid(jid)
      return node('user', { jid }, account === undefined ? notThere(asked) : describe(account, asked, jid, profiles))
    }
    const number = lookups.canonicalOf(phone.replace(/^\+/, ''))
    const jid = `${number}@${server}`
    return node(
      'user',
      { jid },
      accounts.strangers.has(number) ? notThere(asked, phone) : describe(accounts.of(number), asked, jid, profiles, phone),
    )
  })
  return result(request, [node('usync', { ...query?.attrs }, [node('result'), node('list', {}, users)])])
}

function notThere(asked: Set<string>, phone?: string): BinaryNode[] {
  return asked.has('contact') ? [node('contact', { type: 'out' }, phone)] : []
}

function describe(account: Account, asked: Set<string>, jid: string, profiles: Pick<Profiles, 'about'>, phone?: string): BinaryNode[] {
  const devices = [...account.devices.values()].map(({ id }) => node('device', { id: String(id), 'key-index': String(id) }))
  return [
    ...(asked.has('contact') ? [node('contact', { type: 'in' }, phone)] : []),
    // Without it the library drops the number from what it fetches keys for.
    ...(asked.has('lid') && !jid.endsWith('@lid') ? [node('lid', { val: `${account.lid}@lid` })] : []),
    ...(asked.has('status') ? [profiles.about(account)] : []),
    ...(asked.has('devices') ? [node('devices', {}, [node('device-list', {}, devices)])] : []),
  ]
}

function contentText(found: BinaryNode | undefined): string | undefined {
  const content = found?.content
  if (typeof content === 'string') return content
  return content instanceof Uint8Array ? Buffer.from(content).toString() : undefined
}

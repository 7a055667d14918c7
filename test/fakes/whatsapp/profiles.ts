/** What people show of themselves, what a business says of itself, whom an account has blocked, and who sees what of it. */
import type { BinaryNode } from 'baileys'
import type { Account, Accounts, Device } from './accounts.ts'
import type { Deliveries } from './deliveries.ts'
import { child, children, node, refusal, result, seconds, server } from './nodes.ts'

export interface Profile {
  about?: string
  picture?: Buffer
  business?: { description: string; website?: string; email?: string; category?: string; address?: string }
  /** Asked for by others, it is refused with this. */
  hidesPicture?: number
}

export class Profiles {
  readonly #accounts: Accounts
  readonly #deliveries: Deliveries
  readonly #profiles = new Map<Account, Profile>()
  readonly #blocked = new Map<Account, Set<Account>>()
  readonly #privacy = new Map<Account, Map<string, string>>()
  /** Where the pictures are fetched; set by who serves them. */
  pictureUrl: (number: string) => string = () => ''
  #lastId = 0

  constructor(accounts: Accounts, deliveries: Deliveries) {
    this.#accounts = accounts
    this.#deliveries = deliveries
  }

  of(number: string): Profile {
    const account = this.#accounts.of(number)
    const profile = this.#profiles.get(account) ?? {}
    this.#profiles.set(account, profile)
    return profile
  }

  /** Who of them is blocked by whom. */
  isBlocked(by: Account, whom: Account): boolean {
    return this.#blocked.get(by)?.has(whom) === true
  }

  /** The person blocks or unblocks somebody on the phone. */
  blockOnPhone(number: string, whom: string, action: 'block' | 'unblock'): void {
    this.#block(this.#accounts.of(number), this.#accounts.of(whom), action, null)
  }

  /** Somebody has another picture. */
  changePicture(number: string, picture: Buffer, toldTo: string): void {
    this.of(number).picture = picture
    for (const device of this.#accounts.of(toldTo).devices.values())
      this.#notify(device, 'picture', `${number}@${server}`, [node('set', { jid: `${number}@${server}`, id: '1' })])
  }

  answer(request: BinaryNode, device: Device): BinaryNode | null {
    const { account } = device
    const [first] = children(request)
    switch (`${request.attrs['xmlns']} ${request.attrs['type']}`) {
      case 'w:profile:picture get':
        return this.#picture(request, account)
      case 'w:profile:picture set':
        return this.#setPicture(request, account)
      case 'status set':
        this.of(account.number).about = text(first)
        return result(request)
      case 'w:biz get':
        return this.#business(request)
      case 'blocklist get':
        return result(request, [node('list', {}, this.#blockedBy(account))])
      case 'blocklist set': {
        const whom = this.#accounts.byJid(first?.attrs['jid'] ?? '')
        if (whom === undefined) return refusal(request, 404, 'item-not-found')
        this.#block(account, whom, first?.attrs['action'] === 'block' ? 'block' : 'unblock', device)
        return result(request)
      }
      case 'privacy get':
        return result(request, [node('privacy', {}, this.#categories(account))])
      case 'privacy set': {
        for (const { attrs } of children(first)) this.#privacyOf(account).set(attrs['name'] ?? '', attrs['value'] ?? '')
        return result(request, [node('privacy', {}, this.#categories(account))])
      }
      default:
        return null
    }
  }

  /** In an answer about somebody. */
  about({ number }: Account): BinaryNode {
    const { about } = this.of(number)
    return about === undefined ? node('status', { code: '401' }) : node('status', { t: seconds() }, Buffer.from(about))
  }

  #picture(request: BinaryNode, asker: Account): BinaryNode {
    const whom = this.#accounts.byJid(request.attrs['target'] ?? '')
    const { picture, hidesPicture } = whom === undefined ? {} : this.of(whom.number)
    if (whom !== undefined && whom !== asker && hidesPicture !== undefined) return refusal(request, hidesPicture, 'not-authorized')
    if (whom === undefined || picture === undefined) return refusal(request, 404, 'item-not-found')
    return result(request, [node('picture', { id: '1', type: 'image', url: this.pictureUrl(whom.number) })])
  }

  #setPicture(request: BinaryNode, account: Account): BinaryNode {
    const content = child(request, 'picture')?.content
    const profile = this.of(account.number)
    if (content instanceof Uint8Array) profile.picture = Buffer.from(content)
    else delete profile.picture
    return result(request)
  }

  #business(request: BinaryNode): BinaryNode {
    const jid = children(children(request)[0])[0]?.attrs['jid'] ?? ''
    const account = this.#accounts.byJid(jid)
    const business = account === undefined ? undefined : this.of(account.number).business
    if (business === undefined) return result(request, [node('business_profile', {})])
    const { category, ...fields } = business
    return result(request, [
      node('business_profile', {}, [
        node('profile', { jid }, [
          ...Object.entries(fields).map(([name, value]) => node(name, {}, Buffer.from(value))),
          ...(category === undefined ? [] : [node('categories', {}, [node('category', { id: '1' }, Buffer.from(category))])]),
        ]),
      ]),
    ])
  }

  #blockedBy(account: Account): BinaryNode[] {
    return [...(this.#blocked.get(account) ?? [])].map(({ lid }) => node('item', { jid: `${lid}@lid` }))
  }

  #block(account: Account, whom: Account, action: 'block' | 'unblock', by: Device | null): void {
    const blocked = this.#blocked.get(account) ?? new Set()
    this.#blocked.set(account, blocked)
    if (action === 'block') blocked.add(whom)
    else blocked.delete(whom)
    for (const device of account.devices.values())
      if (device !== by)
        this.#notify(device, 'account_sync', `${account.number}@${server}`, [
          node('blocklist', {}, [node('item', { jid: `${whom.lid}@lid`, action })]),
        ])
  }

  #privacyOf(account: Account): Map<string, string> {
    const known =
      this.#privacy.get(account) ??
      new Map([
        ['readreceipts', 'all'],
        ['last', 'contacts'],
      ])
    this.#privacy.set(account, known)
    return known
  }

  #categories(account: Account): BinaryNode[] {
    return [...this.#privacyOf(account)].map(([name, value]) => node('category', { name, value }))
  }

  #notify(device: Device, type: string, from: string, content: BinaryNode[]): void {
    this.#lastId += 1
    this.#deliveries.deliver(device, node('notification', { from, type, id: `profile-${this.#lastId}`, t: seconds() }, content))
  }
}

function text(found: BinaryNode | undefined): string {
  return found?.content instanceof Uint8Array ? Buffer.from(found.content).toString() : ''
}

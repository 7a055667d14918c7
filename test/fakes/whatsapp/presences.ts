/** Who is there and who writes: told to whoever has asked, and kept for nobody. */
import type { BinaryNode } from 'baileys'
import { jidOf, lidOf, type Account, type Accounts, type Device } from './accounts.ts'
import { node } from './nodes.ts'

export class Presences {
  readonly #accounts: Accounts
  /** Who is asked about, by whom. */
  readonly #watchers = new Map<Account, Set<Device>>()
  readonly #states = new Map<Account, Record<string, string>>()

  constructor(accounts: Accounts) {
    this.#accounts = accounts
  }

  take({ attrs }: BinaryNode, device: Device): void {
    const { account } = device
    const { name, type, to } = attrs
    if (name !== undefined) account.name = name
    const watched = this.#accounts.byJid(to ?? '')
    if (type === 'subscribe' && watched !== undefined) {
      this.#watchers.set(watched, (this.#watchers.get(watched) ?? new Set()).add(device))
      const state = this.#states.get(watched)
      if (state !== undefined) this.#tell(watched, device, state)
    } else if (type === 'available' || type === 'unavailable') this.say(account.number, type)
  }

  /** Somebody comes, or goes; when they were last here (s since 1970) is left out by those who do not tell. */
  say(number: string, type: 'available' | 'unavailable', last?: number): void {
    const account = this.#accounts.of(number)
    const state: Record<string, string> = type === 'available' ? {} : { type, last: last === undefined ? 'deny' : String(last) }
    this.#states.set(account, state)
    for (const device of this.#watchers.get(account) ?? []) this.#tell(account, device, state)
  }

  #tell(account: Account, device: Device, state: Record<string, string>): void {
    const from = (this.#accounts.senders === 'number' ? jidOf : lidOf)({ account, id: 0 })
    device.connection?.send(node('presence', { from, ...state }))
  }
}

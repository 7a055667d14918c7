/** What WhatsApp holds an account back from: beginning chats with strangers, for a time. */
import { QueryIds, XWAPaths, type BinaryNode } from 'baileys'
import type { Account, Device } from './accounts.ts'
import type { Deliveries } from './deliveries.ts'
import { mexNotice, mexQuery, mexResult } from './mex.ts'
import { seconds } from './nodes.ts'

export class Restrictions {
  readonly #deliveries: Deliveries
  readonly #locks = new Map<Account, object>()
  #lastId = 0

  constructor(deliveries: Deliveries) {
    this.#deliveries = deliveries
  }

  /** The account may not begin chats until then (s since 1970); its devices are told. */
  lock(account: Account, ends: number, type = 'DEFAULT'): void {
    this.#say(account, { is_active: true, time_enforcement_ends: String(ends), enforcement_type: type })
  }

  lift(account: Account): void {
    this.#say(account, { is_active: false, time_enforcement_ends: '0', enforcement_type: 'DEFAULT' })
  }

  /** So many new chats are still allowed. */
  cap(account: Account, used: number, quota: number): void {
    const info = { total_quota: quota, used_quota: used, capping_status: used >= quota ? 'CAPPED' : 'SECOND_WARNING' }
    this.#tell(account, 'MessageCappingInfoNotification', { xwa2_notify_new_chat_messages_capping_info_update: info })
  }

  answer(request: BinaryNode, { account }: Device): BinaryNode | null {
    if (mexQuery(request)?.id !== QueryIds.REACHOUT_TIMELOCK) return null
    const none = { is_active: false, time_enforcement_ends: '0', enforcement_type: 'DEFAULT' }
    return mexResult(request, { [XWAPaths.xwa2_fetch_account_reachout_timelock]: this.#locks.get(account) ?? none })
  }

  #say(account: Account, lock: object): void {
    this.#locks.set(account, lock)
    this.#tell(account, 'NotificationUserReachoutTimelockUpdate', { xwa2_notify_account_reachout_timelock: lock })
  }

  #tell(account: Account, operation: string, data: object): void {
    this.#lastId += 1
    for (const device of account.devices.values())
      this.#deliveries.deliver(device, mexNotice(`restriction-${this.#lastId}`, operation, data, seconds()))
  }
}

/** How logins end before they have begun. */
import type { BinaryNode, proto } from 'baileys'
import { node } from './nodes.ts'
import { Turns } from './turns.ts'

export interface LoginFailure {
  /** Of a ban: 101 wrote to too many strangers, 102 blocked by too many, 103 too many groups, 104 too often the same, 106 broadcasts. */
  code?: number
  /** Of a temporary ban: seconds until its end. */
  expire?: number
}

export class Logins {
  readonly #answers = new Turns<BinaryNode>()
  /** The third number of the oldest version of the program that is let in (null: any), and of the newest, as its page names it. */
  oldestVersion: number | null = null
  newestVersion: number | null = null

  /**
   * So many logins fail: 401 unlinked, 402 banned for a time, 403 the account is gone, 405 the client is too old, 406 banned for good, 409
   * a client that is not known, 500 and 503 try later.
   */
  refuse(reason: number, { times = Infinity, code, expire }: LoginFailure & { times?: number } = {}): void {
    const attrs = { ...(code === undefined ? {} : { code: String(code) }), ...(expire === undefined ? {} : { expire: String(expire) }) }
    this.#answers.set(node('failure', { reason: String(reason), location: 'loopback', ...attrs }), times)
  }

  /** So many logins are told to begin again (515). */
  restart(times: number): void {
    this.#answers.set(node('stream:error', { code: '515' }), times)
  }

  allow(): void {
    this.#answers.end()
  }

  judge({ userAgent }: proto.IClientPayload): BinaryNode | null {
    const version = userAgent?.appVersion?.tertiary ?? 0
    if (this.oldestVersion !== null && version < this.oldestVersion) return node('failure', { reason: '405', location: 'loopback' })
    return this.#answers.take()
  }
}

/** What the server says of the messages that it is handed. */
import { Turns } from './turns.ts'

export type Verdict = { ack: 'none' | 'plain' | number; isDelivered: boolean }

export class Acks {
  readonly #verdicts = new Turns<Verdict>()
  readonly #ofChats = new Map<string, number>()

  /**
   * So many messages are acknowledged with this error and reach nobody: 400 malformed, 429 too fast, 463 the account is restricted (no
   * token of the contact), 479 malformed or stale addressing, 503 busy.
   */
  refuse(code: number, times = Infinity): void {
    this.#verdicts.set({ ack: code, isDelivered: false }, times)
  }

  /** The same for one chat alone, until a code of 0 ends it. */
  refuseIn(chat: string, code: number): void {
    this.#ofChats.set(chat, code)
  }

  /** So many messages are taken without a word and reach nobody. */
  swallow(times: number): void {
    this.#verdicts.set({ ack: 'none', isDelivered: false }, times)
  }

  /** So many messages reach their readers, and the acknowledgement is lost on the way back. */
  lose(times: number): void {
    this.#verdicts.set({ ack: 'none', isDelivered: true }, times)
  }

  judge(chat: string): Verdict {
    const code = this.#ofChats.get(chat) ?? 0
    if (code !== 0) return { ack: code, isDelivered: false }
    return this.#verdicts.take() ?? { ack: 'plain', isDelivered: true }
  }
}

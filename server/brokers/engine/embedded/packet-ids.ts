/** The packet ids of one MQTT session: which are in use, and by what. */

const largest = 65_535

export class PacketIds {
  /** Of what the client was, or is about to be, sent and has not acknowledged. */
  readonly sent = new Set<number>()
  /** Of messages it has received with quality 2 and whose release it has not confirmed. */
  readonly releasing = new Set<number>()
  /** Its own: of messages it published with quality 2 and has not released. */
  readonly receiving = new Set<number>()
  #last = 0

  get hasFree(): boolean {
    return this.sent.size + this.releasing.size < largest
  }

  /** An id that nothing uses, in use from now on; 0 when there is none. */
  take(): number {
    if (!this.hasFree) return 0
    do this.#last = this.#last >= largest ? 1 : this.#last + 1
    while (this.sent.has(this.#last) || this.releasing.has(this.#last))
    this.sent.add(this.#last)
    return this.#last
  }
}

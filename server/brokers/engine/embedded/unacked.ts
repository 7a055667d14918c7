/**
 * What a subscriber has not acknowledged, the oldest first. A client acknowledges by message id, and a publisher may use an id again for
 * something new while the old one still waits: both are held, and each acknowledgement ends one.
 */

/** What it has to know of a delivery. */
interface Waiting {
  readonly message: { readonly id: string; readonly seq: number }
}

export class Unacked<Delivery extends Waiting> {
  /** By message id; by sequence where an older one had the id. */
  readonly #deliveries = new Map<string | number, Delivery>()
  /** Those by sequence, by their message id: nearly always empty. */
  readonly #repeated = new Map<string, Delivery[]>()

  get size(): number {
    return this.#deliveries.size
  }

  values(): IterableIterator<Delivery> {
    return this.#deliveries.values()
  }

  add(delivery: Delivery): void {
    const { id, seq } = delivery.message
    const others = this.#repeated.get(id)
    if (others === undefined && !this.#deliveries.has(id)) {
      this.#deliveries.set(id, delivery)
      return
    }
    this.#deliveries.set(seq, delivery)
    this.#repeated.set(id, [...(others ?? []), delivery])
  }

  delete(delivery: Delivery): void {
    const { id, seq } = delivery.message
    // By identity: under the same id another one may wait.
    if (this.#deliveries.get(id) === delivery) {
      this.#deliveries.delete(id)
      return
    }
    if (!this.#deliveries.delete(seq)) return
    const others = this.#repeated.get(id)?.filter((other) => other !== delivery) ?? []
    if (others.length > 0) this.#repeated.set(id, others)
    else this.#repeated.delete(id)
  }

  /** All that wait under this message id, the oldest first. */
  under(id: string): Delivery[] {
    const first = this.#deliveries.get(id)
    const others = this.#repeated.get(id)
    if (first === undefined) return others ?? []
    return others === undefined ? [first] : [first, ...others]
  }

  /** Whether this very message waits, not another of its id. */
  holds(message: Delivery['message']): boolean {
    return this.find(message) !== undefined
  }

  /** The delivery of this very message. */
  find(message: Delivery['message']): Delivery | undefined {
    const first = this.#deliveries.get(message.id)
    if (first?.message === message) return first
    const later = this.#deliveries.get(message.seq)
    return later?.message === message ? later : undefined
  }
}

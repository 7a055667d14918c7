/** The topics a session has anything to do with, each as often as it is held: how many there are is known without counting. */
export class TopicNames {
  readonly #held = new Map<string, number>()

  get size(): number {
    return this.#held.size
  }

  values(): IterableIterator<string> {
    return this.#held.keys()
  }

  hold(topic: string): void {
    this.#held.set(topic, (this.#held.get(topic) ?? 0) + 1)
  }

  letGo(topic: string): void {
    const left = (this.#held.get(topic) ?? 0) - 1
    if (left > 0) this.#held.set(topic, left)
    else this.#held.delete(topic)
  }
}

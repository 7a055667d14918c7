/** Cuts a stream of bytes into lines without copying what it has already looked at. */
export class LineReader {
  #parts: Buffer[] = []
  #held = 0
  readonly #onLine: (line: Buffer) => void
  readonly #cutAt: number
  #skipping = false

  /** A line longer than `cutAt` bytes is handed out cut, so that a server that never ends one cannot fill the memory. */
  constructor(onLine: (line: Buffer) => void, { cutAt = 64 * 1_048_576 }: { cutAt?: number } = {}) {
    this.#onLine = onLine
    this.#cutAt = cutAt
  }

  push(chunk: Buffer): void {
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      this.#finish(chunk.subarray(start, end))
      start = end + 1
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start))
  }

  #finish(last: Buffer): void {
    if (this.#skipping) {
      this.#skipping = false
      return
    }
    const line = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last])
    this.#parts = []
    this.#held = 0
    this.#onLine(line.at(-1) === 13 ? line.subarray(0, -1) : line)
  }

  #hold(part: Buffer): void {
    if (this.#skipping) return
    this.#parts.push(part)
    this.#held += part.length
    if (this.#held <= this.#cutAt) return
    this.#finish(Buffer.alloc(0))
    this.#skipping = true
  }
}

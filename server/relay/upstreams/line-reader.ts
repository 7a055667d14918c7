/** Bytes of a line that are kept in memory. */
export const longestLine = 64 * 1_048_576
/** Bytes that are left of either end of a longer one. */
const kept = 512

export interface LongLine {
  head: Buffer
  tail: Buffer
  length: number
}

/** Cuts a stream of bytes into lines without copying what it has already looked at. */
export class LineReader {
  #parts: Buffer[] = []
  #held = 0
  readonly #onLine: (line: Buffer) => void
  readonly #cutAt: number
  readonly #onLong: ((line: LongLine) => void) | undefined
  /** What is left of a line that is longer; undefined within one that is not. */
  #long: LongLine | undefined

  /**
   * A line longer than `cutAt` bytes is not kept, so that a server that never ends one cannot fill the memory: it is handed out cut or,
   * with `onLong`, at its end and without its middle.
   */
  constructor(onLine: (line: Buffer) => void, { cutAt = longestLine, onLong }: { cutAt?: number; onLong?: (line: LongLine) => void } = {}) {
    this.#onLine = onLine
    this.#cutAt = cutAt
    this.#onLong = onLong
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
    if (this.#long !== undefined) {
      this.#lengthen(this.#long, last)
      this.#onLong?.(this.#long)
      this.#long = undefined
      return
    }
    const line = this.#taken(last)
    this.#onLine(line.at(-1) === 13 ? line.subarray(0, -1) : line)
  }

  #hold(part: Buffer): void {
    if (this.#long !== undefined) return this.#lengthen(this.#long, part)
    this.#parts.push(part)
    this.#held += part.length
    if (this.#held <= this.#cutAt) return
    const line = this.#taken()
    // Copies: a view would keep all of it.
    this.#long = { head: Buffer.from(line.subarray(0, kept)), tail: Buffer.from(line.subarray(-kept)), length: line.length }
    if (this.#onLong === undefined) this.#onLine(line)
  }

  #taken(last?: Buffer): Buffer {
    const parts = last === undefined ? this.#parts : [...this.#parts, last]
    this.#parts = []
    this.#held = 0
    const [only] = parts
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
  }

  #lengthen(line: LongLine, part: Buffer): void {
    line.tail = Buffer.from(Buffer.concat([line.tail, part.subarray(-kept)]).subarray(-kept))
    line.length += part.length
  }
}

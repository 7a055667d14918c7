/**
 * What one reader of a live tail is sent: lines, in their order. A reader that does not keep up loses messages, and is told how many,
 * instead of having them wait here.
 */
import type { TailLine } from '../contract/messages.ts'
import type { Message } from '../engine/types.ts'
import { messageView } from './message-view.ts'

export interface TailReader {
  /** `written` is called once the text has left this process, or never will. */
  write(text: string, written: () => void): void
  end(reason: EndOfTail): void
}

export type EndOfTail = Extract<TailLine, { type: 'ended' }>['reason']

/** Bytes that may wait for a reader; one message more where that is larger. */
export const mostUnsent = 1_048_576

export class Tail {
  readonly #reader: TailReader
  readonly #mayRead: () => boolean
  readonly #left: () => void
  /** What was said in this turn goes out as one. */
  #lines: string[] = []
  /** Bytes said and not yet sent. */
  #unsent = 0
  #skipped = 0
  #remaining: number
  #isOver = false

  /** `mayRead` is asked before anything goes out; `left` is called once, when it is over. */
  constructor(reader: TailReader, { mayRead, left, count = Infinity }: { mayRead(): boolean; left(): void; count?: number | undefined }) {
    this.#reader = reader
    this.#mayRead = mayRead
    this.#left = left
    this.#remaining = count
  }

  message(message: Message, kept: boolean): void {
    if (this.#isOver) return
    if (this.#unsent >= mostUnsent) {
      this.#skipped += 1
      return
    }
    this.#tellSkipped()
    this.#say({ type: 'message', ...messageView(message, kept) })
    this.#remaining -= 1
    if (this.#remaining <= 0) this.end('done')
  }

  end(reason: EndOfTail): void {
    if (this.#isOver) return
    if (reason === 'key-revoked') this.#lines = []
    this.#tellSkipped()
    this.#say({ type: 'ended', reason })
    this.#write()
    this.leave()
    this.#reader.end(reason)
  }

  /** The reader is gone. */
  leave(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#lines = []
    this.#left()
  }

  #tellSkipped(): void {
    if (this.#skipped === 0) return
    this.#say({ type: 'skipped', count: this.#skipped })
    this.#skipped = 0
  }

  #say(line: TailLine): void {
    const text = `${JSON.stringify(line)}\n`
    if (this.#lines.length === 0) setImmediate(() => this.#flush())
    this.#lines.push(text)
    this.#unsent += Buffer.byteLength(text)
  }

  #flush(): void {
    if (this.#isOver || this.#lines.length === 0) return
    if (this.#mayRead()) this.#write()
    else this.end('key-revoked')
  }

  #write(): void {
    const text = this.#lines.join('')
    this.#lines = []
    const bytes = Buffer.byteLength(text)
    this.#reader.write(text, () => {
      this.#unsent -= bytes
      if (!this.#isOver && this.#unsent < mostUnsent) this.#tellSkipped()
    })
  }
}

/**
 * What was left of answers that were too large to be handed out at once, by a handle that only the session that was answered can use. In
 * memory, bounded, and gone a quarter of an hour after it was last read.
 */
import type { Clock } from '../../clock.ts'
import { randomToken } from '../../secrets/random.ts'

export interface Rest {
  sessionId: string
  /** All of the answer as text. */
  text: string
  /** Characters that have been handed out. */
  read: number
  /** Characters that are handed out at once. */
  step: number
}

/** A part of it, and the handle for what comes after; null at the end. */
export interface RestPart {
  text: string
  from: number
  of: number
  next: number | null
}

const keepFor = 900_000
const keepAtMost = 64 * 1_048_576

export class Rests {
  readonly #clock: Pick<Clock, 'monotonic'>
  /** The one that was read longest ago first. */
  readonly #byHandle = new Map<string, { rest: Rest; until: number }>()
  #size = 0

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** Its handle; null for one that is larger than all there is room for. */
  keep(rest: Rest): string | null {
    if (rest.text.length > keepAtMost) return null
    this.#dropOld()
    while (this.#size + rest.text.length > keepAtMost) this.#drop(this.#byHandle.keys().next().value)
    const handle = `rest-${randomToken(18)}`
    this.#byHandle.set(handle, { rest, until: this.#clock.monotonic() + keepFor })
    this.#size += rest.text.length
    return handle
  }

  /** From there, or where the last part ended; null when there is none of this handle for this session. */
  read(sessionId: string, handle: string, from?: number): RestPart | null {
    this.#dropOld()
    const kept = this.#byHandle.get(handle)
    if (kept === undefined || kept.rest.sessionId !== sessionId) return null
    const { rest } = kept
    const begin = Math.min(Math.max(0, from ?? rest.read), rest.text.length)
    const text = partOf(rest.text, begin, rest.step)
    const end = begin + text.length
    rest.read = end
    this.#byHandle.delete(handle)
    this.#byHandle.set(handle, { rest, until: this.#clock.monotonic() + keepFor })
    return { text, from: begin, of: rest.text.length, next: end < rest.text.length ? end : null }
  }

  /** Of a session that is over. */
  forget(sessionId: string): void {
    for (const [handle, { rest }] of this.#byHandle) if (rest.sessionId === sessionId) this.#drop(handle)
  }

  /** Characters kept now. */
  get size(): number {
    return this.#size
  }

  #dropOld(): void {
    const now = this.#clock.monotonic()
    for (const [handle, { until }] of this.#byHandle) {
      if (until > now) return
      this.#drop(handle)
    }
  }

  #drop(handle: string | undefined): void {
    const kept = handle === undefined ? undefined : this.#byHandle.get(handle)
    if (handle === undefined || kept === undefined) return
    this.#byHandle.delete(handle)
    this.#size -= kept.rest.text.length
  }
}

/** Characters from there, about so many bytes, to the end of a line where one is near; no character is halved. */
export function partOf(text: string, from: number, bytes: number): string {
  let end = from
  let size = 0
  while (end < text.length && size < bytes) {
    const code = text.codePointAt(end) ?? 0
    const wide = code > 0xffff ? 4 : code > 0x7ff ? 3 : code > 0x7f ? 2 : 1
    if (size + wide > bytes) break
    size += wide
    end += code > 0xffff ? 2 : 1
  }
  if (end === from && end < text.length) end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1
  if (end === text.length) return text.slice(from)
  const line = text.lastIndexOf('\n', end - 1)
  return text.slice(from, line > from + (end - from) * 0.8 ? line + 1 : end)
}

/** Answers of reads, kept for a while: in memory, bounded, the one used longest ago gives way. */
import type { Clock } from '../../clock.ts'
import type { Json } from '../upstreams/connection.ts'
import { orderedJson } from './ordered-json.ts'

export interface CacheKey {
  upstreamId: string
  tool: string
  /** Of the tool's definition: a changed tool answers something else. */
  hash: string
  args: Json | undefined
  /** Null for what all sessions share. */
  sessionId: string | null
}

interface Kept {
  upstreamId: string
  sessionId: string | null
  answer: Json
  bytes: number
  at: number
}

const keepAtMost = 32 * 1_048_576
const mostEach = 1_048_576

export class AnswerCache {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #kept = new Map<string, Kept>()
  /** How often what a server answered was thrown away. */
  readonly #generations = new Map<string, number>()
  #bytes = 0

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** Not older than this, ms. */
  find(key: CacheKey, maxAge: number): { answer: Json; age: number } | null {
    const text = textOf(key)
    const kept = this.#kept.get(text)
    if (kept === undefined) return null
    const age = this.#clock.monotonic() - kept.at
    if (age > maxAge) return null
    this.#kept.delete(text)
    this.#kept.set(text, kept)
    return { answer: kept.answer, age }
  }

  /** To be taken before the server is asked, and given when its answer is kept. */
  generation(upstreamId: string): number {
    return this.#generations.get(upstreamId) ?? 0
  }

  /** Keeps an answer, unless its server was started again meanwhile or it is very large. */
  keep(key: CacheKey, answer: Json, generation: number): void {
    if (generation !== this.generation(key.upstreamId)) return
    const text = textOf(key)
    // What was asked is kept as well, and may be larger than its answer.
    const bytes = Buffer.byteLength(text) + Buffer.byteLength(JSON.stringify(answer))
    if (bytes > mostEach) return
    this.#drop(text)
    while (this.#bytes + bytes > keepAtMost) this.#drop(this.#kept.keys().next().value)
    this.#kept.set(text, { upstreamId: key.upstreamId, sessionId: key.sessionId, answer, bytes, at: this.#clock.monotonic() })
    this.#bytes += bytes
  }

  /** The server was started again, or offers something else. */
  forgetServer(upstreamId: string): void {
    this.#generations.set(upstreamId, this.generation(upstreamId) + 1)
    for (const [text, kept] of this.#kept) if (kept.upstreamId === upstreamId) this.#drop(text)
  }

  forgetSession(sessionId: string): void {
    for (const [text, kept] of this.#kept) if (kept.sessionId === sessionId) this.#drop(text)
  }

  get bytes(): number {
    return this.#bytes
  }

  #drop(text: string | undefined): void {
    const kept = text === undefined ? undefined : this.#kept.get(text)
    if (text === undefined || kept === undefined) return
    this.#kept.delete(text)
    this.#bytes -= kept.bytes
  }
}

function textOf({ upstreamId, tool, hash, args, sessionId }: CacheKey): string {
  return orderedJson([upstreamId, sessionId, tool, hash, args ?? {}])
}

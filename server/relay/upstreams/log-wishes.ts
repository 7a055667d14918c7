/**
 * From which level on clients want to hear what servers log. On a connection that many share a server is told the lowest of what those
 * want who reach it, and each client is passed on what it asked for itself.
 */
import type { Message, UpstreamConnection } from './connection.ts'

/** From the least to the gravest. */
const levels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']
/** Where nobody wants a particular one any more. */
const usual = 'info'

export function isLevelOrAbove(level: string, least: string): boolean {
  return levels.indexOf(level) >= levels.indexOf(least)
}

export interface LogWish {
  level: string
  reaches(server: object): boolean
}

export class LogWishes {
  readonly #wishes = new Set<LogWish>()

  /** Returns what takes it back. Servers are told by whoever changes it. */
  add(wish: LogWish): () => void {
    this.#wishes.add(wish)
    return () => void this.#wishes.delete(wish)
  }

  /** Undefined while nobody wants a particular one. */
  lowestFor(server: object): string | undefined {
    let lowest: string | undefined
    for (const { level, reaches } of this.#wishes)
      if ((lowest === undefined || !isLevelOrAbove(level, lowest)) && reaches(server)) lowest = level
    return lowest
  }
}

export interface ToldLevelParts {
  connection(): UpstreamConnection | undefined
  lowest(): string | undefined
  request(message: Message): Promise<unknown>
  note(text: string): void
}

/** What a server has been told over its shared connection. */
export class ToldLevel {
  readonly #parts: ToldLevelParts
  #told: { connection: UpstreamConnection; level: string } | undefined
  #everTold = false

  constructor(parts: ToldLevelParts) {
    this.#parts = parts
  }

  /** What a client hears that has asked for nothing: all that the server says by itself, unless others made it say more. */
  get unasked(): string | undefined {
    return this.#everTold ? usual : undefined
  }

  /** Tells the server what is wanted now, where it has not been told; a new connection knows of nothing. */
  async tell(): Promise<void> {
    const connection = this.#parts.connection()
    const level = this.#parts.lowest() ?? (this.#everTold ? usual : undefined)
    if (connection === undefined || level === undefined || !takesLevels(connection)) return
    if (this.#told?.connection === connection && this.#told.level === level) return
    this.#told = { connection, level }
    this.#everTold = true
    await this.#parts
      .request(settingOf(level))
      .catch((error: unknown) => this.#parts.note(`it does not take a log level: ${String(error)}`))
  }
}

/** One of the stateless era is told with each request. */
export function takesLevels({ era, capabilities }: UpstreamConnection): boolean {
  return era === 'legacy' && capabilities.logging !== undefined
}

export function settingOf(level: string): Message {
  return { method: 'logging/setLevel', params: { level } }
}

/** Messages in a file, one JSON object per line as the tail has them: written while they come, read to be published again. */
import type { BrokerMessage } from '../../../../server/brokers/contract/index.ts'

export const recordingBounds = { messages: 100_000, size: 64 * 1_048_576 }

export const lineOf = (message: BrokerMessage): string => JSON.stringify({ type: 'message', ...message })

export class Recording {
  readonly #lines: string[] = []
  readonly #bounds: typeof recordingBounds
  #size = 0
  /** Messages that were not sent to this window while it recorded. */
  skipped = 0
  /** A bound was reached: what comes now is not in it. */
  isFull = false

  constructor(bounds = recordingBounds) {
    this.#bounds = bounds
  }

  get count(): number {
    return this.#lines.length
  }

  add(message: BrokerMessage): void {
    if (this.isFull) return
    const line = lineOf(message)
    this.#lines.push(line)
    this.#size += line.length
    this.isFull = this.#lines.length >= this.#bounds.messages || this.#size >= this.#bounds.size
  }

  text(): string {
    return this.#lines.map((line) => `${line}\n`).join('')
  }
}

export type RecordedMessage = Pick<BrokerMessage, 'topic' | 'data'> & Partial<BrokerMessage>

/** Lines of other types are passed over. Throws with the number of the first line that is no message. */
export function readRecording(text: string): RecordedMessage[] {
  const messages = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    const value = parse(line)
    if (value === null) throw new Error(`Line ${index + 1} is no JSON object`)
    if (value['type'] !== undefined && value['type'] !== 'message') return []
    if (typeof value['topic'] !== 'string' || value['topic'] === '' || value['data'] === undefined)
      throw new Error(`Line ${index + 1} has no topic or no data`)
    // Topic and data were looked at; the rest the server looks at when it is published.
    return [value as unknown as RecordedMessage]
  })
  if (messages.length === 0) throw new Error('There is no message in it')
  return messages
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** What is published of it: under an id of its own and with the time of now. */
export function publicationOf({ topic, data, encoding, source, qos, retain, headers, properties }: RecordedMessage) {
  return {
    ...{ topic, data, retain: retain ?? false },
    ...(encoding === undefined ? {} : { encoding }),
    ...(source === undefined ? {} : { source }),
    ...(qos === undefined ? {} : { qos }),
    ...(headers === undefined ? {} : { headers }),
    ...(properties === undefined ? {} : { properties }),
  }
}

export interface Replay {
  publish(message: RecordedMessage): Promise<unknown>
  /** Resolves after so many ms, or rejects when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>
  onPublished(count: number): void
  /** At the pace at which they were recorded, or one right after the other. */
  paced: boolean
  signal: AbortSignal
}

/** In their order; the first that is refused ends it. Throws what `publish` and `wait` throw. */
export async function replay(messages: readonly RecordedMessage[], { publish, wait, onPublished, paced, signal }: Replay): Promise<void> {
  let before: number | null = null
  for (const [index, message] of messages.entries()) {
    const at = Date.parse(message.at ?? '')
    if (paced && before !== null && at > before) await wait(at - before, signal)
    if (!Number.isNaN(at)) before = at
    signal.throwIfAborted()
    await publish(message)
    onPublished(index + 1)
  }
}

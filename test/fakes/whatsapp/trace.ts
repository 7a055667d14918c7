/** What goes over one device's connections, node by node and both ways, as JSON lines that `replay.ts` plays to a client again. */
import type { BinaryNode } from 'baileys'
import type { Device } from './accounts.ts'
import type { Connection } from './connection.ts'

export interface TraceHead {
  library: string
  /** The device's link as it was before, with its keys: those of a test. null when they were left out. */
  auth: string | null
}

export interface TraceLine {
  /** Ms since the first. */
  at: number
  from: 'client' | 'server'
  node: BinaryNode
}

export interface Trace {
  head: TraceHead
  lines: TraceLine[]
}

export class TraceRecorder {
  readonly #device: Device
  readonly #head: TraceHead
  readonly #now: () => number
  readonly #lines: TraceLine[] = []
  #startedAt: number | null = null

  constructor(device: Device, head: TraceHead, now: () => number = () => performance.now()) {
    this.#device = device
    this.#head = head
    this.#now = now
  }

  take(over: Connection, from: 'client' | 'server', node: BinaryNode): void {
    if (over !== this.#device.connection) return
    this.#startedAt ??= this.#now()
    this.#lines.push({ at: Math.round(this.#now() - this.#startedAt), from, node })
  }

  /** `redacted`: to be read, not replayed; instead of keys and sealed bytes it says how many there were. */
  text({ redacted = false } = {}): string {
    const head = redacted ? { ...this.#head, auth: null } : this.#head
    const lines = this.#lines.map(({ at, from, node }) => ({ at, from, node: written(node, redacted) }))
    return [head, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('')
  }
}

export function parseTrace(text: string): Trace {
  const [head = '', ...lines] = text.trimEnd().split('\n')
  return {
    // Both as `text` writes them.
    head: JSON.parse(head) as TraceHead,
    lines: lines.map((line) => {
      const { node, ...more } = JSON.parse(line) as Omit<TraceLine, 'node'> & { node: WrittenNode }
      return { ...more, node: read(node) }
    }),
  }
}

type WrittenContent = string | { base64: string } | { bytes: number } | WrittenNode[]

interface WrittenNode {
  tag: string
  attrs: Record<string, string>
  content?: WrittenContent
}

/** The same node is always the same text. */
function written({ tag, attrs, content }: BinaryNode, redacted: boolean): WrittenNode {
  const sorted = Object.fromEntries(Object.entries(attrs).toSorted(([one], [other]) => (one < other ? -1 : 1)))
  if (content === undefined) return { tag, attrs: sorted }
  if (typeof content === 'string') return { tag, attrs: sorted, content }
  if (Array.isArray(content)) return { tag, attrs: sorted, content: content.map((each) => written(each, redacted)) }
  return { tag, attrs: sorted, content: redacted ? { bytes: content.length } : { base64: Buffer.from(content).toString('base64') } }
}

function read({ tag, attrs, content }: WrittenNode): BinaryNode {
  if (content === undefined) return { tag, attrs }
  if (typeof content === 'string') return { tag, attrs, content }
  if (Array.isArray(content)) return { tag, attrs, content: content.map(read) }
  if (!('base64' in content)) throw new Error('a redacted trace cannot be replayed')
  return { tag, attrs, content: Buffer.from(content.base64, 'base64') }
}

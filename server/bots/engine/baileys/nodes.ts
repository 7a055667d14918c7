/** Small words for binary nodes. */
import type { BinaryNode } from 'baileys'

export function childrenOf(parent: BinaryNode | undefined, tag?: string): BinaryNode[] {
  const children = Array.isArray(parent?.content) ? parent.content : []
  return tag === undefined ? children : children.filter((each) => each.tag === tag)
}

export function childOf(parent: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  return childrenOf(parent, tag)[0]
}

export function textOf(node: BinaryNode | undefined): string {
  const content = node?.content
  if (typeof content === 'string') return content
  return content instanceof Uint8Array ? Buffer.from(content).toString() : ''
}

/** Seconds, as a stanza says them; null for what is no time, or one that no calendar has. */
export function msOf(seconds: string | undefined): number | null {
  const time = new Date(Number(seconds || NaN) * 1_000)
  return Number.isNaN(time.getTime()) ? null : time.getTime()
}

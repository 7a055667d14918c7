/** Small words for binary nodes. */
import type { BinaryNode } from 'baileys'

export const server = 's.whatsapp.net'

export function node(tag: string, attrs: Record<string, string> = {}, content?: BinaryNode['content']): BinaryNode {
  return content === undefined ? { tag, attrs } : { tag, attrs, content }
}

export function result(to: BinaryNode, content?: BinaryNode['content']): BinaryNode {
  return node('iq', { from: server, type: 'result', id: to.attrs['id'] ?? '' }, content)
}

export function refusal(to: BinaryNode, code: number, text: string): BinaryNode {
  return node('iq', { from: server, type: 'error', id: to.attrs['id'] ?? '' }, [node('error', { code: String(code), text })])
}

export function children(parent: BinaryNode | undefined): BinaryNode[] {
  return Array.isArray(parent?.content) ? parent.content : []
}

export function child(parent: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  return children(parent).find((each) => each.tag === tag)
}

export function bytes(parent: BinaryNode | undefined, tag: string): Uint8Array {
  const content = child(parent, tag)?.content
  if (!(content instanceof Uint8Array)) throw new Error(`the node has no ${tag}`)
  return content
}

export const seconds = (): string => String(Math.floor(Date.now() / 1_000))

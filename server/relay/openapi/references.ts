/** What a document says once and points to from many places. */
import type { Json } from '../upstreams/connection.ts'
import { isObject } from './document.ts'

/** A reference that leads to a reference may do so for ever. */
const maxSteps = 16

/** What a reference within the document leads to; undefined for one that leads nowhere, or out of the document. */
export function resolved(document: Json, value: unknown): Json | undefined {
  let current = value
  for (let step = 0; step < maxSteps && isObject(current); step += 1) {
    const reference = current['$ref']
    if (typeof reference !== 'string') return current
    current = at(document, reference)
  }
  return undefined
}

/** By a JSON Pointer in a fragment (RFC 6901). */
export function at(document: Json, reference: string): unknown {
  if (reference === '#') return document
  if (!reference.startsWith('#/')) return undefined
  let current: unknown = document
  for (const part of reference.slice(2).split('/')) {
    const name = unescaped(part)
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name)) return undefined
    current = (current as Json)[name]
  }
  return current
}

function unescaped(part: string): string {
  const text = part.replaceAll('~1', '/').replaceAll('~0', '~')
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

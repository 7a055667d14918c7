/** Which server a resource is of. */
import type { Upstream } from '../upstreams/upstream.ts'
import type { View } from './view.ts'

/** The server that has a resource: by its list, then by its templates, then the only one there is. */
export function upstreamOfResource(view: View, uri: string): Upstream | undefined {
  const listed = view.resources.get(uri)
  if (listed !== undefined) return listed
  const matching = view.listedTemplates.find(({ uriTemplate = '' }) => fitsTemplate(uriTemplate, uri))
  if (matching !== undefined) return matching.upstream
  const able = view.upstreams.filter(({ capabilities }) => capabilities.resources !== undefined)
  return able.length === 1 ? able[0] : undefined
}

/**
 * Each expression of a template stands for some text without spaces; enough to tell servers apart, the server itself reads it exactly.
 * No regular expression: one with several such expressions takes as long as the client that sends the address likes, and everybody waits.
 */
function fitsTemplate(template: string, uri: string): boolean {
  const [head = '', ...literals] = template.split(/\{[^{}]*\}/)
  const tail = literals.pop()
  if (tail === undefined) return uri === head
  if (!uri.startsWith(head) || !uri.endsWith(tail) || /\s/.test(uri)) return false
  let at = head.length
  for (const literal of literals) {
    const found = uri.indexOf(literal, at)
    if (found === -1) return false
    at = found + literal.length
  }
  return at <= uri.length - tail.length
}

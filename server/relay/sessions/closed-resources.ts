/** Resources and templates that are off, or held back: not to be had by another spelling of their address either. */
import type { Upstream } from '../upstreams/upstream.ts'

export class ClosedResources {
  readonly #unlisted: boolean
  readonly #byServer = new Map<string, { addresses: Set<string>; templates: string[] }>()

  /** `unlisted`: whether the session may ask for addresses that no server lists. */
  constructor(unlisted: boolean) {
    this.#unlisted = unlisted
  }

  add({ definition: { id } }: Upstream, kind: 'resource' | 'template', name: string): void {
    const of = this.#byServer.get(id) ?? { addresses: new Set(), templates: [] }
    this.#byServer.set(id, of)
    if (kind === 'template') of.templates.push(name)
    else of.addresses.add(spelled(name))
  }

  has({ definition: { id } }: Upstream, uri: string): boolean {
    const of = this.#byServer.get(id)
    return of !== undefined && (of.addresses.has(spelled(uri)) || of.templates.some((template) => fitsTemplate(template, uri)))
  }

  /** Where something is closed, an address that nobody lists could be another name for it. */
  mayAskUnlisted({ definition: { id } }: Upstream): boolean {
    return this.#unlisted && !this.#byServer.has(id)
  }
}

/** The same for addresses that a server is likely to take for one. */
function spelled(uri: string): string {
  try {
    const url = new URL(uri)
    url.hash = ''
    if (url.protocol === 'file:') url.search = ''
    return decodeURIComponent(url.href)
  } catch {
    return uri
  }
}

/**
 * Each expression of a template stands for some text without spaces; enough to tell servers apart, the server itself reads it exactly.
 * No regular expression: one with several such expressions takes as long as the client that sends the address likes, and everybody waits.
 */
export function fitsTemplate(template: string, uri: string): boolean {
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

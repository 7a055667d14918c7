/** A session as a person gives it: its id, or its address; and the relay it is at. */

export interface GivenSession {
  secret: string
  /** The relay it is at, where the address says so. */
  relay: string | null
}

const idPattern = /^[\w-]{36}$/

/** Null for what is neither. */
export function readSession(given: string): GivenSession | null {
  const text = given.trim()
  if (idPattern.test(text)) return { secret: text, relay: null }
  const url = URL.parse(text)
  const [, prefix, secret] = /^(.*?)\/mcp\/([\w-]{36})(?:\/(?:mcp|sse))?\/?$/.exec(url?.pathname ?? '') ?? []
  if (url === null || !isWeb(url) || prefix === undefined || secret === undefined) return null
  return { secret, relay: `${url.origin}${prefix}` }
}

/** Where messages go at the relay that a person names, in whichever form: its root, or one of the addresses there. Null for no address. */
export function gatewayOf(relay: string): URL | null {
  const url = URL.parse(relay.trim())
  if (url === null || !isWeb(url) || url.search !== '' || url.username !== '') return null
  return new URL(`${url.origin}${url.pathname.replace(/\/+$/, '').replace(/\/(mcp|sse)$/, '')}/mcp`)
}

function isWeb({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:'
}

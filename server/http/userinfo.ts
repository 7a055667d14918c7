/**
 * Names and passwords inside addresses (`https://user:password@host/`). They are secrets and an address is not: it is listed, told in
 * events and kept as it is. Whoever needs them keeps them apart and sealed; all others go without. No Node import here: contracts use it.
 */

export interface SplitAddress {
  /** As it was given when it carries none. */
  url: string
  /** `user:password`, decoded; null when there is none. */
  userinfo: string | null
}

/** Text that is no address stays what it is. */
export function splitUserinfo(address: string): SplitAddress {
  const url = URL.parse(address)
  if (url === null || (url.username === '' && url.password === '')) return { url: address, userinfo: null }
  const userinfo = `${decoded(url.username)}:${decoded(url.password)}`
  url.username = ''
  url.password = ''
  // Otherwise as it was written, which `href` is not: a profile's addresses hold braces to be filled in.
  const written = address.replace(/^([^:/?#]*:[\\/]*)[^\\/?#]*@/, '$1')
  return { url: URL.parse(written)?.href === url.href ? written : url.href, userinfo }
}

export function withoutUserinfo(address: string): string {
  return splitUserinfo(address).url
}

/** An address for events and for people: without what may be a secret, a name and password, a query, a fragment, and not endless. */
export function addressToTell(address: string): string {
  return withoutUserinfo(address)
    .replace(/[?#][^]*$/, '')
    .slice(0, 300)
}

/** The value of an `Authorization` header. */
export function basicAuthorization(userinfo: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(userinfo)))}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A lone percent sign is part of the password.
    return text
  }
}

/** What is recorded holds no secret: no password in an address, no token in its query, nothing that the session signs in with. */
import { withoutUserinfo } from '../../http/userinfo.ts'

/** Stands where something was left out. */
export const blank = '***'

const longestAddress = 2_000
const longestText = 500
/** A shorter one would blank half of every text. */
const shortestSecret = 4

/** Names of query values that open something, or were typed by a person as one. */
const secretName =
  /pass|pwd|secret|token|jwt|key|auth|credential|signature|^sig$|session|^sid$|^code$|otp|^pin$|ticket|assertion|saml|nonce|^state$|cookie|captcha/i
/** Three parts in base64url with a dot between them, the first of which begins a JSON object. */
const jsonWebToken = /eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*/g
/** In a text: `password=…`, `"token": "…"`, `Bearer …`. */
const namedValue = /((?:pass(?:word|wd)?|pwd|secret|token|api[_-]?key|authorization|cookie)["']?\s*[:=]\s*["']?)[^\s"'&,;}]+/gi
const bearer = /\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/g

/** Takes out of a text what this session alone knows, e.g. its password. */
export type Blanker = (text: string) => string

export function createBlanker(secrets: () => readonly (string | undefined)[]): Blanker {
  return (text) => {
    let blanked = text
    for (const secret of secrets()) {
      if (secret === undefined || secret.length < shortestSecret) continue
      for (const written of new Set([secret, encodeURIComponent(secret), encodeURIComponent(secret).replaceAll('%20', '+')]))
        blanked = blanked.replaceAll(written, blank)
    }
    return blanked
  }
}

/** An address as it may be shown and exported: which values it had is told, not what they were. */
export function safeAddress(address: string, blanker: Blanker): string {
  const whole = withoutUserinfo(address.slice(0, 2 * longestAddress))
  const [, path = '', query = '', fragment = ''] = /^([^?#]*)(\?[^#]*)?(#[^]*)?$/.exec(whole) ?? [whole, whole]
  const shown = path.replace(jsonWebToken, blank) + safePairs(query) + safePairs(fragment)
  return blanker(shown).slice(0, longestAddress)
}

/** What a page says, e.g. on its console. */
export function safeText(text: string, blanker: Blanker): string {
  const addresses = text.slice(0, 4 * longestText).replace(/https?:\/\/[^\s"'<>)]+/g, (address) => safeAddress(address, blanker))
  const blanked = addresses.replace(jsonWebToken, blank).replace(bearer, `$1 ${blank}`).replace(namedValue, `$1${blank}`)
  return blanker(blanked).slice(0, longestText)
}

/** A whole document: of its addresses, what opens something is left out; of its text, what `safeText` leaves out, however long it is. */
export function safeMarkup(markup: string, blanker: Blanker): string {
  const paired = markup.replace(/([?&#;])([\w.-]{1,60})=([^&"'\s<>#]+)/g, (pair, before: string, name: string) =>
    secretName.test(name) ? `${before}${name}=${blank}` : pair,
  )
  return blanker(
    paired
      .replace(/(https?:\/\/)[^\s"'<>/@]+@/g, '$1')
      .replace(jsonWebToken, blank)
      .replace(bearer, `$1 ${blank}`),
  )
}

function safePairs(part: string): string {
  if (!part.includes('=')) return part.replace(jsonWebToken, blank)
  const mark = part.slice(0, 1)
  return (
    mark +
    part
      .slice(1)
      .split('&')
      .map((pair) => {
        const [name = '', ...value] = pair.split('=')
        if (value.length === 0) return pair
        return secretName.test(decoded(name)) ? `${name}=${blank}` : pair.replace(jsonWebToken, blank)
      })
      .join('&')
  )
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** Of a request or an answer: those that say what it is, and no other, because any header may carry a secret. */
const shownHeaders = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'age',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-type',
  'date',
  'etag',
  'expires',
  'last-modified',
  'origin',
  'retry-after',
  'server',
  'user-agent',
  'vary',
  'x-content-type-options',
])

export interface Header {
  name: string
  value: string
}

export function safeHeaders(headers: Readonly<Record<string, string>> | undefined, blanker: Blanker): Header[] {
  return Object.entries(headers ?? {})
    .filter(([name]) => shownHeaders.has(name.toLowerCase()))
    .map(([name, value]) => ({ name, value: blanker(value.slice(0, 300)) }))
}

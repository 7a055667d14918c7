/** What went wrong with a server: which mishap it was, and in words for a person. */

/** 404 to a request that carried a session id, as the transport's own specification has it; some servers say 400 or 410 and why. */
export function isLostSession(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'SdkHttpError' || !('status' in error)) return false
  return error.status === 404 || ((error.status === 400 || error.status === 410) && /session|not initialized/i.test(error.message))
}

/** The token there is does not allow this call. */
export function isInsufficientScope(error: unknown): error is Error & { requiredScope?: string } {
  return error instanceof Error && error.name === 'InsufficientScopeError'
}

const networkWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'The connection was cut',
  ENOTFOUND: 'There is no such host',
  EAI_AGAIN: 'The host’s name cannot be looked up at the moment',
  ETIMEDOUT: 'It does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'It does not answer',
  CERT_HAS_EXPIRED: 'Its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'Its certificate is signed by itself',
}
const longestReason = 240

/** `fetch failed` says nothing; what it failed of stands in its causes, or only in the text of them. */
export function reasonOf(error: unknown): string {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    const words = 'code' in each ? networkWords[String(each.code)] : undefined
    if (words !== undefined) return words
    if (each instanceof AggregateError) each.cause ??= each.errors[0]
  }
  const text = error instanceof Error ? error.message : String(error)
  const named = Object.entries(networkWords).find(([code]) => text.includes(code))
  return named?.[1] ?? text.slice(0, longestReason)
}

const nobody = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
])

/** Nobody there was reached at all, so it has not been asked anything either. */
export function isNobodyThere(error: unknown): boolean {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    if (each instanceof AggregateError) each.cause ??= each.errors[0]
    if ('code' in each && nobody.has(String(each.code))) return true
  }
  return false
}

/** What `fetch` throws when there is nobody at the other end. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'fetch failed'
}

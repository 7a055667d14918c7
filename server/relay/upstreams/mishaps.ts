/** Why a server could not be started or was lost, and who can mend that: time, another try, or a person. */
import { KernelFault } from '../../fault.ts'
import { reasonOf } from './errors.ts'

export interface Mishap {
  /** In words for a person. */
  reason: string
  /** `away` ends by itself, however long that takes; what is `broken` is tried a few times more; the rest waits for a `person`. */
  kind: 'away' | 'broken' | 'person'
  /** What a person can do about it; null when nobody needs to. */
  remedy: string | null
}

/** What decides who can mend it, beside the error. */
export interface Reached {
  /** Over a network, so that it can be away without being broken. */
  remote: boolean
  /** It is given an `Authorization` header of its own. */
  authorized: boolean
}

const awayCodes = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN'],
  ...['ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'],
  'UND_ERR_SOCKET',
])
const certificateCodes = new Set([
  ...['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_REVOKED'],
])
/** Statuses below 500 that say "later". */
const laterStatuses = new Set([408, 409, 421, 425, 429])

const certificateRemedy = 'Renew its certificate, or have this machine trust who signed it'
const addressRemedy = 'Look at its address: the path is often /mcp or /sse'
const egressRemedy = 'Give an address on the internet, or allow its network in the settings'
const startRemedy = 'Read its log, mend what it says, then start it again'

export function mishapOf(error: unknown, { remote, authorized }: Reached): Mishap {
  const reason = reasonOf(error)
  const away: Mishap = { reason, kind: 'away', remedy: null }
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    if (KernelFault.is(each, 'address-refused')) return { reason: each.message, kind: 'person', remedy: egressRemedy }
    const code = 'code' in each ? String(each.code) : ''
    if (!remote && (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR'))
      return { reason, kind: 'person', remedy: programRemedy(code) }
    if (certificateCodes.has(code)) return { reason, kind: 'person', remedy: certificateRemedy }
    if (remote && awayCodes.has(code)) return away
    const status = statusOf(each)
    if (remote && status !== null) return ofStatus(status, reason, authorized)
  }
  // Only the text of some errors has the code that tells them apart.
  const text = String(error)
  if ([...certificateCodes].some((code) => text.includes(code))) return { reason, kind: 'person', remedy: certificateRemedy }
  if (
    remote &&
    ([...awayCodes].some((code) => text.includes(code)) || /timed? ?out|does not answer|connection was c(ut|losed)/i.test(text))
  )
    return away
  return { reason, kind: 'broken', remedy: startRemedy }
}

/** Its process ended, or its stream was cut. */
export function lossOf(reason: string, { remote }: Pick<Reached, 'remote'>): Mishap {
  return remote ? { reason, kind: 'away', remedy: null } : { reason, kind: 'broken', remedy: startRemedy }
}

function programRemedy(code: string): string {
  if (code === 'EACCES') return 'Make the program executable, or run it by its interpreter'
  return 'Install the program, or give the whole path to it; its working directory has to exist as well'
}

function ofStatus(status: number, reason: string, authorized: boolean): Mishap {
  if (status >= 500 || laterStatuses.has(status)) return { reason: `It answers ${status}`, kind: 'away', remedy: null }
  if (status === 401 || status === 403) {
    const remedy = authorized
      ? 'Its Authorization header is good no more: give it another one'
      : 'Give it an Authorization header, or sign in where it offers that'
    return { reason: `It refuses us with ${status}`, kind: 'person', remedy }
  }
  if (status === 404 || status === 410)
    return { reason: `There is nothing at its address (${status})`, kind: 'person', remedy: addressRemedy }
  if (status >= 300 && status < 400) return { reason, kind: 'person', remedy: 'Give the address that it leads to' }
  if (status === 405 || status === 406 || status === 415)
    return { reason: `Its address takes no such requests (${status})`, kind: 'person', remedy: 'Try the other transport, HTTP or SSE' }
  return { reason, kind: 'broken', remedy: addressRemedy }
}

/** The HTTP status in an error of the SDK; the older transport has it in place of a code. */
function statusOf(error: Error): number | null {
  if ('status' in error && typeof error.status === 'number') return error.status
  if (error.name === 'UnauthorizedError') return 401
  const isStatus = 'code' in error && typeof error.code === 'number' && error.code >= 300 && error.code < 600
  return isStatus ? Number(error.code) : null
}

/** Why a bridge could not connect or lost its connection, in words that a person can act on. */
import { KernelFault } from '../../fault.ts'
import { reasonOf } from '../../isolation.ts'
import type { BridgeProblemCode } from '../contract/bridges.ts'

/** A connection that did not come about, or ended. */
export class LineProblem extends Error {
  override readonly name = 'LineProblem'
  readonly code: BridgeProblemCode

  constructor(code: BridgeProblemCode, message: string) {
    super(message)
    this.code = code
  }

  /** Trying again soon would only be refused again. */
  get isFinal(): boolean {
    return finals.has(this.code)
  }
}

const finals: ReadonlySet<BridgeProblemCode> = new Set([
  'address-refused',
  'no-tls',
  'certificate-not-trusted',
  'certificate-expired',
  'certificate-of-another',
  'client-certificate-refused',
  'tls-failed',
  'no-websocket',
  'not-mqtt',
  'version-refused',
  'client-id-refused',
  'wrong-password',
  'not-authorized',
  'moved',
  'taken-over',
])

type Words = readonly [BridgeProblemCode, string]

const byCode: Readonly<Record<string, Words>> = {
  ENOTFOUND: ['name-not-found', 'There is no host of that name'],
  EAI_AGAIN: ['name-not-found', 'The host’s name could not be looked up: the name server does not answer'],
  ECONNREFUSED: ['connection-refused', 'Nobody listens on that port: the connection was refused'],
  ECONNRESET: ['closed', 'The connection was cut'],
  EPIPE: ['closed', 'The connection was cut'],
  EHOSTUNREACH: ['unreachable', 'The host cannot be reached from here'],
  ENETUNREACH: ['unreachable', 'The network of the host cannot be reached from here'],
  ETIMEDOUT: ['timed-out', 'The host does not answer'],
  CERT_HAS_EXPIRED: ['certificate-expired', 'The certificate of the other broker has expired'],
  CERT_NOT_YET_VALID: ['certificate-expired', 'The certificate of the other broker is not valid yet: are both clocks right?'],
  CERT_REVOKED: ['certificate-not-trusted', 'The certificate of the other broker was revoked'],
  CERT_SIGNATURE_FAILURE: ['certificate-not-trusted', 'The certificate of the other broker is not signed by the authority it names'],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    'certificate-not-trusted',
    'The other broker signed its certificate itself: give that certificate as the authority to trust',
  ],
  SELF_SIGNED_CERT_IN_CHAIN: [
    'certificate-not-trusted',
    'The authority of the other broker’s certificate is not trusted here: give its certificate',
  ],
  UNABLE_TO_GET_ISSUER_CERT: [
    'certificate-not-trusted',
    'The authority of the other broker’s certificate is not known here: give its certificate',
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    'certificate-not-trusted',
    'The authority of the other broker’s certificate is not known here: give its certificate',
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'certificate-not-trusted',
    'The authority of the other broker’s certificate is not known here: give its certificate',
  ],
  ERR_SSL_WRONG_VERSION_NUMBER: ['no-tls', 'No TLS is spoken on that port'],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ['no-tls', 'No TLS is spoken on that port'],
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: ['client-certificate-refused', 'The other broker does not know the authority of our certificate'],
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: ['client-certificate-refused', 'The other broker wants a client certificate'],
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: ['client-certificate-refused', 'The other broker does not take our certificate'],
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: ['client-certificate-refused', 'The other broker does not take our certificate'],
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: ['client-certificate-refused', 'Our certificate has expired'],
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: ['client-certificate-refused', 'Our certificate was revoked'],
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: ['client-certificate-refused', 'The other broker does not let our certificate in'],
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: [
    'client-certificate-refused',
    'The other broker ended the TLS handshake: it may want a client certificate',
  ],
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: ['tls-failed', 'The other broker speaks none of the protocols named for ALPN'],
}

/** Of what opening a connection throws. */
export function problemOf(error: unknown): LineProblem {
  if (error instanceof LineProblem) return error
  if (KernelFault.is(error, 'address-refused')) return new LineProblem('address-refused', error.message)
  // Where a name has several addresses, the first one’s failure stands for all.
  if (error instanceof AggregateError && error.errors.length > 0) return problemOf(error.errors[0])
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const known = byCode[code]
  if (known !== undefined) return new LineProblem(...known)
  const reason = reasonOf(error)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return new LineProblem('certificate-of-another', `The certificate of the other broker bears another name: ${reason}`)
  if (/^Unexpected server response|Invalid Sec-WebSocket|Server sent (no|an invalid) subprotocol|Invalid Upgrade header/.test(reason))
    return new LineProblem('no-websocket', `No MQTT over WebSocket is spoken at that address: ${reason}`)
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return new LineProblem('tls-failed', `TLS failed: ${reason}`)
  if (code.startsWith('HPE_')) return new LineProblem('no-websocket', 'No WebSocket is spoken at that address')
  return new LineProblem('fault', reason)
}

const refusals: Readonly<Record<number, Words>> = {
  0x01: ['version-refused', 'The other broker does not speak this version of MQTT'],
  0x02: ['client-id-refused', 'The other broker does not take the client id'],
  0x03: ['unavailable', 'The other broker lets nobody in at the moment'],
  0x04: ['wrong-password', 'User name or password is wrong'],
  0x05: ['not-authorized', 'The other broker does not let this user or client id in'],
  0x80: ['unavailable', 'The other broker refused without a reason'],
  0x81: ['not-mqtt', 'The other broker did not understand us'],
  0x82: ['not-mqtt', 'The other broker did not understand us'],
  0x83: ['unavailable', 'The other broker refused for a reason of its own'],
  0x84: ['version-refused', 'The other broker does not speak this version of MQTT'],
  0x85: ['client-id-refused', 'The other broker does not take the client id'],
  0x86: ['wrong-password', 'User name or password is wrong'],
  0x87: ['not-authorized', 'The other broker does not let this user or client id in'],
  0x88: ['unavailable', 'The other broker lets nobody in at the moment'],
  0x89: ['unavailable', 'The other broker is busy'],
  0x8a: ['not-authorized', 'The other broker has banned this client'],
  0x8b: ['unavailable', 'The other broker is being shut down'],
  0x8c: ['not-authorized', 'The other broker wants another way of authentication'],
  0x8d: ['silent', 'The other broker did not hear from us in time'],
  0x8e: ['taken-over', 'Another client took over the client id'],
  0x93: ['quota-exceeded', 'The other broker was sent more at once than it takes'],
  0x96: ['quota-exceeded', 'The other broker was sent messages too fast'],
  0x97: ['quota-exceeded', 'A limit of the other broker is exceeded'],
  0x98: ['unavailable', 'Somebody ended the connection in the other broker'],
  0x9c: ['moved', 'The other broker says to use another server for now'],
  0x9d: ['moved', 'The other broker has moved'],
  0x9f: ['unavailable', 'The other broker lets nobody in so fast'],
}

/** Of a CONNACK or DISCONNECT that says why. `words` are those of the other broker. */
export function refusalOf(reasonCode: number, words: string | undefined, server: string | undefined): LineProblem {
  const [code, text] = refusals[reasonCode] ?? ['unavailable', `The other broker refused with code 0x${reasonCode.toString(16)}`]
  const more = [words, server === undefined ? undefined : `use ${server}`].filter((each) => each !== undefined && each !== '')
  return new LineProblem(code, more.length === 0 ? text : `${text}: ${more.join('; ').slice(0, 200)}`)
}

/** What a message or a subscription was refused for. */
export function refusalWords(reasonCode: number, words?: string): string {
  const known: Readonly<Record<number, string>> = {
    0x80: 'refused',
    0x83: 'refused for a reason of its own',
    0x87: 'not authorized',
    0x8f: 'the filter is not taken',
    0x90: 'the topic is not taken',
    0x95: 'too large',
    0x97: 'a limit is exceeded',
    0x99: 'the payload is not of the format it names',
    0x9e: 'no shared subscriptions',
    0xa1: 'no subscription identifiers',
    0xa2: 'no wildcards',
  }
  const text = known[reasonCode] ?? `code 0x${reasonCode.toString(16)}`
  return words === undefined || words === '' ? text : `${text}: ${words.slice(0, 200)}`
}

/** The service's public keys: what they signed can be read here, what they did not is refused here. */
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { createVerifier } from 'fast-jwt'

/** What the token of a session says, as far as a gateway needs it. Times in seconds. */
export interface TokenClaims {
  sid: string
  iat: number
  exp: number
  user_id: string
  username: string
  role_name: string
  /** Left out where there are too many for a header. */
  permissions?: readonly string[]
  /** Left out where it is not. */
  remember_me?: boolean
}

export interface KeySet {
  /** Nothing that was known counts until it is read again. */
  reload(): Promise<void>
  /**
   * `refused`: it names a key that is known here and was not signed by it. null: no key known here, e.g. the shared secret of the service.
   */
  read(token: string): TokenClaims | 'refused' | null
}

/** Whether a token that the service has called good is a remembered one. */
export function isRemembered(token: string): boolean {
  const claims = jsonOf(token.split('.')[1] ?? '')
  return typeof claims === 'object' && claims !== null && 'remember_me' in claims && claims.remember_me === true
}

export function createKeySet(base: string, timeout: number): KeySet {
  let verifiers = new Map<string, (token: string) => unknown>()
  let readings = 0

  return {
    async reload() {
      readings += 1
      const own = readings
      // A key that was taken back must not serve while the others are asked for.
      verifiers = new Map()
      try {
        const response = await fetch(`${base}/.well-known/jwks.json`, { signal: AbortSignal.timeout(timeout) })
        // RFC 7517, as the service publishes it.
        const { keys } = (await response.json()) as { keys: (JsonWebKey & { kid: string; alg: string })[] }
        if (own !== readings) return
        verifiers = new Map(
          keys.flatMap((jwk) => (jwk.alg === 'EdDSA' || jwk.alg === 'ES256' ? [[jwk.kid, verifierOf(jwk, jwk.alg)] as const] : [])),
        )
      } catch {
        // Without keys every token is asked about: slower, never wrong.
      }
    },
    read(token) {
      const verify = verifiers.get(keyIdOf(token) ?? '')
      if (verify === undefined) return null
      try {
        // Signed by the service, so of its form.
        return verify(token) as TokenClaims
      } catch {
        return 'refused'
      }
    },
  }
}

function verifierOf(jwk: JsonWebKey, algorithm: 'EdDSA' | 'ES256'): (token: string) => unknown {
  const key = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
  // Time is looked at by the service's clock, not by this machine's.
  return createVerifier({ key, algorithms: [algorithm], allowedIss: 'wheelhouse', allowedAud: 'wheelhouse-logins', ignoreExpiration: true })
}

function keyIdOf(token: string): string | null {
  const header = jsonOf(token.slice(0, token.indexOf('.')))
  return typeof header === 'object' && header !== null && 'kid' in header && typeof header.kid === 'string' ? header.kid : null
}

function jsonOf(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    return null
  }
}

/** The service's public keys, to refuse here what they did not sign. */
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { createVerifier } from 'fast-jwt'

export interface KeySet {
  reload(): Promise<void>
  /** True when the token says it was signed by a key that is known here, and was not. */
  refuses(token: string): boolean
}

export function createKeySet(base: string, timeout: number): KeySet {
  let verifiers = new Map<string, (token: string) => unknown>()

  return {
    async reload() {
      try {
        const response = await fetch(`${base}/.well-known/jwks.json`, { signal: AbortSignal.timeout(timeout) })
        // RFC 7517, as the service publishes it.
        const { keys } = (await response.json()) as { keys: (JsonWebKey & { kid: string; alg: string })[] }
        verifiers = new Map(keys.flatMap((jwk) => (jwk.alg === 'EdDSA' || jwk.alg === 'ES256' ? [[jwk.kid, verifierOf(jwk, jwk.alg)] as const] : [])))
      } catch {
        // Without keys every token is asked about: slower, never wrong.
        verifiers = new Map()
      }
    },
    refuses(token) {
      const verify = verifiers.get(keyIdOf(token) ?? '')
      if (verify === undefined) return false
      try {
        verify(token)
        return false
      } catch {
        return true
      }
    },
  }
}

function verifierOf(jwk: JsonWebKey, algorithm: 'EdDSA' | 'ES256'): (token: string) => unknown {
  const key = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
  // Time is the service's matter: this machine's clock may be another.
  return createVerifier({ key, algorithms: [algorithm], ignoreExpiration: true })
}

function keyIdOf(token: string): string | null {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString('utf8'))
    return typeof header === 'object' && header !== null && 'kid' in header && typeof header.kid === 'string' ? header.kid : null
  } catch {
    return null
  }
}

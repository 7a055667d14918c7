/** A key that signs and verifies tokens. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { createSigner, createVerifier } from 'fast-jwt'
import { randomBase62 } from '../../secrets/random.ts'
import { audience, issuer, type Claims } from '../tokens/claims.ts'
import type { KeyRecord, SigningAlgorithm } from './keys-store.ts'

export interface KeyView {
  id: string
  algorithm: SigningAlgorithm
  createdAt: number
  verifyUntil: number | null
  signs: boolean
}

export interface UsableKey extends KeyView {
  sign(claims: Claims): string
  /** What the token says; throws when it was not signed with this key, or not here for here. Time is not looked at. */
  verify(token: string): unknown
  /** RFC 7517; null for a shared secret. */
  jwk: Record<string, unknown> | null
}

export function newKey(algorithm: SigningAlgorithm, now: number): KeyRecord {
  const secret =
    algorithm === 'HS256'
      ? randomBytes(64)
      : pkcs8(
          algorithm === 'EdDSA' ? generateKeyPairSync('ed25519').privateKey : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
        )
  return { id: `key_${randomBase62(16)}`, algorithm, secret, createdAt: now, verifyUntil: null }
}

function pkcs8(key: KeyObject): Buffer {
  return key.export({ type: 'pkcs8', format: 'der' })
}

export function usableKey({ id, algorithm, secret, createdAt, verifyUntil }: KeyRecord): UsableKey {
  const checks = { algorithms: [algorithm], allowedIss: issuer, allowedAud: audience, ignoreExpiration: true }
  const signed = { algorithm, kid: id, header: { typ: 'JWT', alg: algorithm } }
  const view = { id, algorithm, createdAt, verifyUntil, signs: false }
  if (algorithm === 'HS256') {
    return { ...view, sign: createSigner({ ...signed, key: secret }), verify: createVerifier({ ...checks, key: secret }), jwk: null }
  }
  const privateKey = createPrivateKey({ key: secret, type: 'pkcs8', format: 'der' })
  const publicKey = createPublicKey(privateKey)
  const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return {
    ...view,
    sign: createSigner({ ...signed, key: privatePem }),
    verify: createVerifier({ ...checks, key: publicPem }),
    jwk: { ...publicKey.export({ format: 'jwk' }), kid: id, alg: algorithm, use: 'sig' },
  }
}

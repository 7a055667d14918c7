/** Says what a token is worth by its key alone: signature, algorithm, issuer and audience. Time is the session's matter. */
import { createLruCache } from '../lru-cache.ts'
import type { UsableKey } from './usable-key.ts'

export type TokenProblem = 'malformed' | 'unknown-key' | 'locked-key' | 'wrong-algorithm' | 'bad-signature' | 'not-ours'
export type Verified = { ok: true; token: VerifiedToken } | { ok: false; problem: TokenProblem }

/** Of what a good token says, that which its session is held against. Times in seconds since the epoch, as it has them. */
export interface VerifiedToken {
  sessionId: string
  tokenId: string
  userId: string
  issuedAt: number
  expiresAt: number
}

export interface TokenVerifier {
  /** `counts` says whether a key may still verify. */
  verify(token: string, counts: (key: UsableKey) => boolean): Verified
  /** To be called when the keys have changed: one that is gone must not live on in what it verified. */
  forget(): void
}

/**
 * Tokens whose signature was found good, by their whole text: a signature takes ten to some hundred microseconds, looking it up less than
 * one. Half as many are kept in any case, so a hundred thousand that are in use in turns are verified once; a token takes about 1 kB.
 */
const verdictsKept = 200_000
/** Longer than any header a server accepts. */
const longestToken = 16_384

export function createTokenVerifier({
  keyOf,
  isLocked,
}: {
  keyOf(id: string): UsableKey | undefined
  /** Whether it is one of ours that does not open. */
  isLocked(id: string): boolean
}): TokenVerifier {
  const verdicts = createLruCache<{ key: UsableKey; verdict: Verified }>(verdictsKept)

  return {
    verify(text, counts) {
      const known = verdicts.get(text)
      if (known !== undefined && counts(known.key)) return known.verdict
      const header = headerOf(text)
      if (header === null) return { ok: false, problem: 'malformed' }
      const key = typeof header.kid === 'string' ? keyOf(header.kid) : undefined
      if (key === undefined && typeof header.kid === 'string' && isLocked(header.kid)) return { ok: false, problem: 'locked-key' }
      if (key === undefined || !counts(key)) return { ok: false, problem: 'unknown-key' }
      if (header.alg !== key.algorithm) return { ok: false, problem: 'wrong-algorithm' }
      try {
        const token = tokenOf(key.verify(text))
        if (token === null) return { ok: false, problem: 'not-ours' }
        const verdict = { ok: true, token } as const
        verdicts.set(text, { key, verdict })
        return verdict
      } catch (error) {
        return { ok: false, problem: problemOf(error) }
      }
    },
    forget: verdicts.clear,
  }
}

/** Headers repeat: all tokens of one key share theirs, so it is read once. */
const knownHeaders = new Map<string, { kid: unknown; alg: unknown }>()

function headerOf(token: string): { kid: unknown; alg: unknown } | null {
  if (token.length > longestToken) return null
  const dot = token.indexOf('.')
  if (dot <= 0) return null
  const text = token.slice(0, dot)
  const known = knownHeaders.get(text)
  if (known !== undefined) return known
  try {
    const header: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (typeof header !== 'object' || header === null) return null
    const { kid, alg } = header as { kid?: unknown; alg?: unknown } // checked where they are used
    if (knownHeaders.size >= 100) knownHeaders.clear()
    knownHeaders.set(text, { kid, alg })
    return { kid, alg }
  } catch {
    return null
  }
}

function tokenOf(claims: unknown): VerifiedToken | null {
  if (typeof claims !== 'object' || claims === null) return null
  const { sid, jti, user_id, iat, exp } = claims as Record<string, unknown> // looked at one by one
  if (typeof sid !== 'string' || typeof jti !== 'string' || typeof user_id !== 'string' || typeof exp !== 'number') return null
  return { sessionId: sid, tokenId: jti, userId: user_id, issuedAt: typeof iat === 'number' ? iat : Number.NaN, expiresAt: exp }
}

function problemOf(error: unknown): TokenProblem {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : ''
  if (code === 'FAST_JWT_INVALID_CLAIM_VALUE' || code === 'FAST_JWT_MISSING_REQUIRED_CLAIM') return 'not-ours'
  if (code === 'FAST_JWT_MALFORMED' || code === 'FAST_JWT_INVALID_PAYLOAD' || code === 'FAST_JWT_INVALID_TYPE') return 'malformed'
  return 'bad-signature'
}

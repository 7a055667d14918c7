/**
 * The keys that sign login tokens: one signs, those before it verify until every token they signed is over.
 *
 * The algorithm belongs to the key, never to the token: what a token's header says is compared with it and nothing else.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { createSigner, createVerifier } from 'fast-jwt'
import type { Clock } from '../clock.ts'
import type { EventSink } from '../events/event.ts'
import { Fault } from '../fault.ts'
import { randomBase62 } from '../secrets/random.ts'
import { createRecent } from './recent.ts'
import type { KeyRecord, KeyStore, SigningAlgorithm } from './keys-store.ts'

export const issuer = 'wheelhouse'
export const audience = 'wheelhouse-logins'

/** What a token says. `session_id`, `user_id` and `role_name` are the contract's words, `sid` and `sub` the standards'. */
export interface Claims {
  iss: string
  aud: string
  sub: string
  sid: string
  jti: string
  /** Seconds since the epoch. */
  iat: number
  exp: number
  session_id: string
  user_id: string
  username: string
  role_name: string
  permissions?: readonly string[]
  /** Left out where it is not; a gateway renews the token accordingly. */
  remember_me?: true
}

export interface KeyView {
  id: string
  algorithm: SigningAlgorithm
  createdAt: number
  verifyUntil: number | null
  signs: boolean
}

export type TokenProblem = 'malformed' | 'unknown-key' | 'wrong-algorithm' | 'bad-signature' | 'not-ours'
export type Verified = { ok: true; claims: Claims } | { ok: false; problem: TokenProblem }

export interface SigningKeys {
  start(): Promise<void>
  sign(claims: Claims): string
  /** Signature, algorithm, issuer and audience; time is the session's matter. */
  verify(token: string): Verified
  /** The same, and a key whose own time is over counts: what is ended must stay so when the clock goes back. */
  verifyForEnding(token: string): Verified
  /**
   * Reads the keys again where other servers may have changed them, and resolves once they are known as they were at the time of the call
   * or later. Any stranger can send tokens of unknown keys, so all who ask share one reading, and readings are some time apart.
   */
  reload(): Promise<void>
  /** The one that signs first, then the youngest. */
  list(): KeyView[]
  rotate(algorithm: SigningAlgorithm, oldVerifyUntil: number, actor: string): Promise<KeyView>
  /** Ends what a key verifies at once. Throws `key-not-found`, and `key-in-use` for the key that signs. */
  remove(id: string, actor: string): Promise<void>
  /** RFC 7517: the public keys; a shared secret has none. */
  jwks(): { keys: Record<string, unknown>[] }
  onChange(listener: () => void): () => void
  stop(): void
}

interface UsableKey extends KeyView {
  sign(claims: Claims): string
  verify(token: string): unknown
  jwk: Record<string, unknown> | null
}

/** Tokens whose signature was found good, by their whole text: a signature takes ten to some hundred microseconds, looking it up less than one. */
const verdictsKept = 30_000
/** Longer than any header a server accepts. */
const longestToken = 16_384
/** Ms between two readings that strangers can ask for. */
const reloadEvery = 100

export function createSigningKeys({ store, clock, events }: { store: KeyStore; clock: Clock; events: EventSink }): SigningKeys {
  let keys = new Map<string, UsableKey>()
  let signing: UsableKey | undefined
  let reloadedAt = -Infinity
  let reloading: Promise<void> | undefined
  const verdicts = createRecent<{ key: UsableKey; verdict: Verified }>(verdictsKept)
  const listeners = new Set<() => void>()

  const isUsable = ({ verifyUntil }: UsableKey): boolean => verifyUntil === null || verifyUntil > clock.now()

  async function load(): Promise<void> {
    const records = await store.load()
    if (isKnown(records)) return
    const usable = records.map((record) => keys.get(record.id) ?? usableKey(record))
    keys = new Map(usable.map((key, index) => [key.id, Object.assign(key, { verifyUntil: records[index]?.verifyUntil ?? null })]))
    signing = [...keys.values()].filter(({ verifyUntil }) => verifyUntil === null).at(-1)
    for (const key of keys.values()) key.signs = key === signing
    // A key that is gone must not live on in what it verified.
    verdicts.clear()
    for (const listener of listeners) listener()
  }

  /** Nothing is forgotten and nobody told when a reading brings nothing new. */
  function isKnown(records: readonly KeyRecord[]): boolean {
    return records.length === keys.size && records.every(({ id, verifyUntil }) => keys.get(id)?.verifyUntil === verifyUntil)
  }

  function verify(token: string, counts: (key: UsableKey) => boolean): Verified {
    const known = verdicts.get(token)
    if (known !== undefined && counts(known.key)) return known.verdict
    const header = headerOf(token)
    if (header === null) return { ok: false, problem: 'malformed' }
    const key = typeof header.kid === 'string' ? keys.get(header.kid) : undefined
    if (key === undefined || !counts(key)) return { ok: false, problem: 'unknown-key' }
    if (header.alg !== key.algorithm) return { ok: false, problem: 'wrong-algorithm' }
    try {
      const claims = key.verify(token)
      if (!isClaims(claims)) return { ok: false, problem: 'not-ours' }
      const verdict = { ok: true, claims } as const
      verdicts.set(token, { key, verdict })
      return verdict
    } catch (error) {
      return { ok: false, problem: problemOf(error) }
    }
  }

  const stopWatching = store.onChange(() => void load().catch(() => undefined))

  return {
    async start() {
      await load()
      if (signing !== undefined) return
      await store.add(newKey('HS256', clock.now()), clock.now(), true)
      await load()
    },

    sign(claims) {
      if (signing === undefined) throw new Fault('store-unavailable', 'The signing keys cannot be read')
      return signing.sign(claims)
    },

    verify: (token) => verify(token, isUsable),
    verifyForEnding: (token) => verify(token, () => true),

    reload() {
      if (!store.shared) return Promise.resolve()
      reloading ??= pause(reloadedAt + reloadEvery - clock.monotonic()).then(() => {
        reloadedAt = clock.monotonic()
        // Whoever asks from now on needs a reading that begins later.
        reloading = undefined
        return load()
      })
      return reloading
    },

    list: () => [...keys.values()].map(({ id, algorithm, createdAt, verifyUntil, signs }) => ({ id, algorithm, createdAt, verifyUntil, signs })).toSorted((a, b) => Number(b.signs) - Number(a.signs) || b.createdAt - a.createdAt),

    async rotate(algorithm, oldVerifyUntil, actor) {
      const next = newKey(algorithm, clock.now())
      await store.add(next, oldVerifyUntil, false)
      await load()
      events.emit({ room: 'logins', type: 'key-rotated', title: 'Signing key rotated', subject: next.id, actor, data: { algorithm } })
      return { id: next.id, algorithm, createdAt: next.createdAt, verifyUntil: null, signs: true }
    },

    async remove(id, actor) {
      const key = keys.get(id)
      if (key === undefined) throw new Fault('key-not-found', 'There is no such key')
      if (key.signs) throw new Fault('key-in-use', 'This key signs new tokens; rotate first')
      await store.remove(id)
      await load()
      events.emit({ room: 'logins', type: 'key-removed', title: 'Signing key removed', subject: id, actor, tone: 'attention', data: { algorithm: key.algorithm } })
    },

    jwks: () => ({ keys: [...keys.values()].flatMap(({ jwk, verifyUntil }) => (jwk === null || (verifyUntil !== null && verifyUntil <= clock.now()) ? [] : [jwk])) }),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    stop: stopWatching,
  }
}

function pause(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms))
}

function newKey(algorithm: SigningAlgorithm, now: number): KeyRecord {
  const secret = algorithm === 'HS256' ? randomBytes(64) : pkcs8(algorithm === 'EdDSA' ? generateKeyPairSync('ed25519').privateKey : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  return { id: `key_${randomBase62(16)}`, algorithm, secret, createdAt: now, verifyUntil: null }
}

function pkcs8(key: KeyObject): Buffer {
  return key.export({ type: 'pkcs8', format: 'der' })
}

function usableKey({ id, algorithm, secret, createdAt, verifyUntil }: KeyRecord): UsableKey {
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

function isClaims(value: unknown): value is Claims {
  if (typeof value !== 'object' || value === null) return false
  const { sid, jti, exp, user_id } = value as Partial<Record<keyof Claims, unknown>>
  return typeof sid === 'string' && typeof jti === 'string' && typeof exp === 'number' && typeof user_id === 'string'
}

function problemOf(error: unknown): TokenProblem {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : ''
  if (code === 'FAST_JWT_INVALID_CLAIM_VALUE' || code === 'FAST_JWT_MISSING_REQUIRED_CLAIM') return 'not-ours'
  if (code === 'FAST_JWT_MALFORMED' || code === 'FAST_JWT_INVALID_PAYLOAD' || code === 'FAST_JWT_INVALID_TYPE') return 'malformed'
  return 'bad-signature'
}

/** Hashing and comparing secrets. */
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import type { RandomBytes } from './random.ts'

/**
 * SHA-256 of a secret that we made ourselves with 128 bits of randomness or more. A slow hash defends secrets that can be guessed;
 * these cannot, and the hash is on the path of every request. For passwords use `hashPassword`.
 */
export function hashSecret(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Compares in a time that tells nothing about where, or by how much in length, the two differ. */
export function sameSecret(a: string | Uint8Array, b: string | Uint8Array): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

/** N = 2^17, r = 8, p = 1: OWASP's first choice for scrypt, 128 MiB for about a quarter of a second. */
const cost = { N: 131_072, r: 8, p: 1 }
const hashBytes = 32

/** Hashes what a person may have chosen. The text carries its parameters, so they can be raised later: `scrypt$N$r$p$salt$hash`. */
export async function hashPassword(password: string, random: RandomBytes = randomBytes): Promise<string> {
  const salt = Buffer.from(random(16))
  const hash = await derive(password, salt, cost)
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

/** False for a wrong password and for a text that is no hash of ours. */
export async function checkPassword(password: string, stored: string): Promise<boolean> {
  const match = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([\w-]{22})\$([\w-]{43})$/.exec(stored)
  if (match === null) return false
  const [, N, r, p, salt = '', hash = ''] = match
  try {
    const derived = await derive(password, Buffer.from(salt, 'base64url'), { N: Number(N), r: Number(r), p: Number(p) })
    return timingSafeEqual(derived, Buffer.from(hash, 'base64url'))
  } catch {
    // Parameters that scrypt refuses; not written by us.
    return false
  }
}

function digest(secret: string | Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest()
}

function derive(password: string, salt: Buffer, { N, r, p }: { N: number; r: number; p: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // NFKC, so that the same password typed on another keyboard or system gives the same bytes.
    const text = password.normalize('NFKC')
    scrypt(text, salt, hashBytes, { N, r, p, maxmem: 256 * 1024 * 1024 }, (error, key) => (error === null ? resolve(key) : reject(error)))
  })
}

/** How keys travel under the eight characters that somebody types. */
import { createCipheriv, createDecipheriv, hkdfSync, pbkdf2Sync, randomBytes } from 'node:crypto'

/** Salt, IV, then the key in AES-CTR under PBKDF2 of the code. */
export function wrap(key: Uint8Array, code: string): Buffer {
  const [salt, iv] = [randomBytes(32), randomBytes(16)]
  const cipher = createCipheriv('aes-256-ctr', codeKey(code, salt), iv)
  return Buffer.concat([salt, iv, cipher.update(key), cipher.final()])
}

export function unwrap(wrapped: Uint8Array, code: string): Buffer {
  const decipher = createDecipheriv('aes-256-ctr', codeKey(code, wrapped.subarray(0, 32)), wrapped.subarray(32, 48))
  return Buffer.concat([decipher.update(wrapped.subarray(48, 80)), decipher.final()])
}

function codeKey(code: string, salt: Uint8Array): Buffer {
  return pbkdf2Sync(code, salt, 131_072, 32, 'sha256')
}

/** The companion's bundle; undefined when it was sealed under another code. */
export function openBundle(bundle: Uint8Array, shared: Uint8Array): Buffer | undefined {
  const key = Buffer.from(hkdfSync('sha256', shared, bundle.subarray(0, 32), 'link_code_pairing_key_bundle_encryption_key', 32))
  const decipher = createDecipheriv('aes-256-gcm', key, bundle.subarray(32, 44))
  decipher.setAuthTag(bundle.subarray(-16))
  try {
    return Buffer.concat([decipher.update(bundle.subarray(44, -16)), decipher.final()])
  } catch {
    return undefined
  }
}

/** AES-256-GCM sealing: `version (1 byte) | nonce (12) | tag (16) | ciphertext`. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { RandomBytes } from './random.ts'
import type { Sealer } from './sealer.ts'

const version = 1
const nonceBytes = 12
const tagBytes = 16
const headerBytes = 1 + nonceBytes + tagBytes

/** A sealer under a 32-byte key. Nonces are random, which is safe for some four thousand million seals under one key. */
export function createSealer(key: Uint8Array, random: RandomBytes = randomBytes): Sealer {
  if (key.length !== 32) throw new TypeError('the sealing key has 32 bytes')
  return {
    seal(plain, context) {
      const nonce = random(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
      cipher.setAAD(boundData(context))
      const text = [cipher.update(plain), cipher.final()]
      return Buffer.concat([Uint8Array.of(version), nonce, cipher.getAuthTag(), ...text])
    },

    open(sealed, context) {
      if (sealed.length < headerBytes) throw new Error('the sealed text is too short')
      if (sealed[0] !== version) throw new Error(`sealed with format ${sealed[0]}, this program knows ${version}`)
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + nonceBytes), { authTagLength: tagBytes })
      decipher.setAAD(boundData(context))
      decipher.setAuthTag(sealed.subarray(1 + nonceBytes, headerBytes))
      return Buffer.concat([decipher.update(sealed.subarray(headerBytes)), decipher.final()])
    },
  }
}

/** The version is authenticated too, so that a later format cannot be passed off as this one. */
function boundData(context: string): Buffer {
  return Buffer.from(`wheelhouse-seal:${version}:${context}`)
}

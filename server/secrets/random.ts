/** Random texts. The source is a parameter so that a test can know them. */
import { randomBytes } from 'node:crypto'

export type RandomBytes = (count: number) => Uint8Array

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** `bytes` random bytes as base64url; 32 bytes are 43 characters. */
export function randomToken(bytes = 32, random: RandomBytes = randomBytes): string {
  return Buffer.from(random(bytes)).toString('base64url')
}

/** `length` letters and digits, 5.95 bits each. Never `-` or `_`, so a double click selects all of it. */
export function randomBase62(length: number, random: RandomBytes = randomBytes): string {
  let text = ''
  while (text.length < length) {
    for (const byte of random(length - text.length + 8)) {
      // 248 is the largest multiple of 62 in a byte; taking larger ones too would make the first letters likelier.
      if (byte < 248 && text.length < length) text += base62.charAt(byte % 62)
    }
  }
  return text
}

import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkPassword, hashSecret, sameSecret } from '../../../server/secrets/hash.ts'
import { randomBase62, randomToken } from '../../../server/secrets/random.ts'
import { createSealer } from '../../../server/secrets/seal.ts'

const key = Uint8Array.from({ length: 32 }, (_, index) => index)

describe('sealing', () => {
  const sealer = createSealer(key)

  test('gives back any text and any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (plain, context) => {
        expect(sealer.open(sealer.seal(plain, context), context)).toEqual(Buffer.from(plain))
      }),
    )
    expect(sealer.open(sealer.seal('geheim · 秘密', 'a'), 'a').toString()).toBe('geheim · 秘密')
  })

  test('refuses a text in which any one bit was changed', () => {
    const sealed = sealer.seal('cookies', 'bots:auth:1')
    fc.assert(
      fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
        const changed = Buffer.from(sealed)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(() => sealer.open(changed, 'bots:auth:1')).toThrow()
      }),
    )
  })

  test('refuses another place, another key, and a text that is cut', () => {
    const sealed = sealer.seal('cookies', 'bots:auth:1')
    expect(() => sealer.open(sealed, 'bots:auth:2')).toThrow()
    expect(() => createSealer(randomBytes(32)).open(sealed, 'bots:auth:1')).toThrow()
    for (let length = 0; length < sealed.length; length += 1) expect(() => sealer.open(sealed.subarray(0, length), 'bots:auth:1')).toThrow()
  })

  test('names a format it does not know', () => {
    const sealed = sealer.seal('x', 'a')
    sealed[0] = 9
    expect(() => sealer.open(sealed, 'a')).toThrow('sealed with format 9, this program knows 1')
  })

  test('has the layout that is written down: version, nonce, tag, text', () => {
    const nonce = Buffer.alloc(12, 7)
    const sealed = createSealer(key, () => nonce).seal('hello', 'a')
    expect(sealed.length).toBe(1 + 12 + 16 + 5)
    expect(sealed[0]).toBe(1)
    expect(sealed.subarray(1, 13)).toEqual(nonce)
    expect(sealer.open(sealed, 'a').toString()).toBe('hello')
  })

  test('gives the same text another look each time', () => {
    expect(sealer.seal('x', 'a')).not.toEqual(sealer.seal('x', 'a'))
  })

  test('takes no key of another length', () => {
    expect(() => createSealer(new Uint8Array(16))).toThrow('32 bytes')
  })
})

describe('random texts', () => {
  test('have the length and letters they promise', () => {
    expect(randomToken(32)).toMatch(/^[\w-]{43}$/)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), (length) => {
        expect(randomBase62(length)).toMatch(new RegExp(`^[0-9A-Za-z]{${length}}$`))
      }),
    )
  })

  test('leave out the bytes that would make the first letters likelier', () => {
    const bytes = [255, 248, 247, 0, 61, 62]
    expect(randomBase62(4, (count) => Uint8Array.from({ length: count }, (_, index) => bytes[index % bytes.length] ?? 0))).toBe('z0z0')
  })

  test('use every letter about equally often', () => {
    const counts = new Map<string, number>()
    for (const letter of randomBase62(62_000)) counts.set(letter, (counts.get(letter) ?? 0) + 1)
    expect(counts.size).toBe(62)
    // 1,000 expected; a letter outside 800 to 1,200 would be six standard deviations away.
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(200)
  })
})

describe('secrets', () => {
  test('are hashed with SHA-256', () => {
    expect(hashSecret('abc').toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  test('are the same only when every byte is', () => {
    expect(sameSecret('abc', Buffer.from('abc'))).toBe(true)
    for (const other of ['abd', 'ab', 'abcd', '']) expect(sameSecret('abc', other)).toBe(false)
  })
})

describe('passwords', () => {
  test('are not checked against a text that is no hash of ours', async () => {
    for (const stored of [
      '',
      'scrypt$',
      'plain',
      `scrypt$3$8$1$${'a'.repeat(22)}$${'b'.repeat(43)}`,
      `scrypt$99999999$8$1$${'a'.repeat(22)}$${'b'.repeat(43)}`,
    ])
      expect(await checkPassword('x', stored), stored).toBe(false)
  })
})

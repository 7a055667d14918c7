import { expect, test } from 'vitest'
import { findKeyProtector } from '../../../main/key-protector.ts'
import { FakeSafeStorage } from '../../fakes/electron.ts'

test('a key comes back as it went in, whatever its bytes, and is not readable in between', async () => {
  const protector = await findKeyProtector(new FakeSafeStorage(), 'darwin')
  const key = Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 37 + 128) % 256))
  const sealed = await protector?.protect(key)
  expect(sealed?.includes(key)).toBe(false)
  expect(sealed && (await protector?.unprotect(sealed))).toEqual(key)
})

test('without a key store there is none', async () => {
  const storage = new FakeSafeStorage()
  storage.available = false
  expect(await findKeyProtector(storage, 'win32')).toBeUndefined()
})

test.each(['basic_text', 'unknown'] as const)('on Linux %s is no key store, since its key is public', async (backend) => {
  const storage = new FakeSafeStorage()
  storage.backend = backend
  expect(await findKeyProtector(storage, 'linux')).toBeUndefined()
  expect(await findKeyProtector(storage, 'darwin')).toBeDefined()
})

import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadSealingKey, sealingKeyFile, type KeyProtector } from '../../../server/secrets/sealing-key.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'

/** A key store that, like the real ones, gives back only what it wrapped itself. */
function keyStore(): KeyProtector & { wrapped: number } {
  const store = {
    wrapped: 0,
    protect: async (plain: Buffer) => {
      store.wrapped += 1
      return Buffer.from(plain.map((byte) => byte ^ 0x5a))
    },
    unprotect: async (sealed: Buffer) => Buffer.from(sealed.map((byte) => byte ^ 0x5a)),
  }
  return store
}

test('the first start makes a key that later starts find again', async () => {
  const folder = join(temporaryFolder(), 'data')
  const key = await loadSealingKey(folder)
  expect(key.length).toBe(32)
  expect(await loadSealingKey(folder)).toEqual(key)
  expect(readdirSync(folder)).toEqual([sealingKeyFile])
  expect(statSync(join(folder, sealingKeyFile)).mode & 0o777).toBe(0o600)
})

test('twenty starts at once agree on one key', async () => {
  const folder = temporaryFolder()
  const keys = await Promise.all(Array.from({ length: 20 }, () => loadSealingKey(folder, keyStore())))
  expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1)
  expect(readdirSync(folder)).toEqual([sealingKeyFile])
})

test('a plain key becomes a protected one once there is a key store, and stays the same key', async () => {
  const folder = temporaryFolder()
  const key = await loadSealingKey(folder)
  const store = keyStore()
  expect(await loadSealingKey(folder, store)).toEqual(key)

  const content = readFileSync(join(folder, sealingKeyFile), 'utf8')
  expect(JSON.parse(content)).toMatchObject({ version: 1, kind: 'protected' })
  expect(content).not.toContain(Buffer.from(key).toString('base64'))
  expect(await loadSealingKey(folder, store)).toEqual(key)
  expect(store.wrapped).toBe(1)
})

test('a protected key without its key store says what to do and is not replaced', async () => {
  const folder = temporaryFolder()
  await loadSealingKey(folder, keyStore())
  const before = readFileSync(join(folder, sealingKeyFile))
  await expect(loadSealingKey(folder)).rejects.toMatchObject({
    code: 'sealing-key-protected',
    message: expect.stringContaining('start the app'),
  })
  expect(readFileSync(join(folder, sealingKeyFile))).toEqual(before)
})

test('a key store that does not give back what it took does not get the key', async () => {
  const folder = temporaryFolder()
  const key = await loadSealingKey(folder)
  const forgetful: KeyProtector = { protect: async (plain) => plain, unprotect: async () => Buffer.alloc(32) }
  await expect(loadSealingKey(folder, forgetful)).rejects.toMatchObject({ code: 'sealing-key-broken' })
  expect(await loadSealingKey(folder)).toEqual(key)
})

test.each(['', '{', '{"version":1,"kind":"plain","key":"c2hvcnQ="}', '{"version":2}'])(
  'a broken key file (%j) is refused and left alone',
  async (content) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, sealingKeyFile), content)
    await expect(loadSealingKey(folder)).rejects.toMatchObject({ code: 'sealing-key-broken' })
    expect(readFileSync(join(folder, sealingKeyFile), 'utf8')).toBe(content)
  },
)

test('a key file that others could read is closed to them', async () => {
  const folder = temporaryFolder()
  await loadSealingKey(folder)
  chmodSync(join(folder, sealingKeyFile), 0o644)
  await loadSealingKey(folder)
  expect(statSync(join(folder, sealingKeyFile)).mode & 0o777).toBe(0o600)
})

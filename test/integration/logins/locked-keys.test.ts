/** Signing keys that do not open: the key they were sealed under was lost, or is another one. */
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { KernelFault } from '../../../server/fault.ts'
import { createSealer } from '../../../server/secrets/seal.ts'
import type { Sealer } from '../../../server/secrets/sealer.ts'
import { ownerKey, startLogins, type TestLogins } from '../../fakes/logins.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'
import { connectStream } from '../../fakes/revocation-stream.ts'
import { lockedInWords } from '../../fakes/words.ts'

const key = { 'x-api-key': ownerKey }
const algorithmOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).alg
const create = (logins: TestLogins) => logins.call('POST', '/api/v1/sessions', { user_id: 'a', username: 'a', role_name: 'a' })

interface House {
  token: string
  right: Uint8Array
  /** Starts again, with the right key or without. */
  start(sealer?: Sealer | Uint8Array): Promise<TestLogins>
}

/** A house with a login whose token an ES256 key signed, stopped. */
async function stoppedHouse(): Promise<House> {
  const databaseFile = `${temporaryFolder()}/house.sqlite`
  const right = randomBytes(32)
  const start = (sealer: Sealer | Uint8Array = right): Promise<TestLogins> =>
    startLogins({
      databaseFile,
      sealer: sealer instanceof Uint8Array ? createSealer(sealer) : sealer,
      variables: { sessionStorageType: 'database' },
    })
  const logins = await start()
  await logins.call('POST', '/v1/keys', { algorithm: 'ES256' }, key)
  const { token } = await logins.login()
  await logins.stop()
  return { token, right, start }
}

test('the room starts, and says what is locked in every answer that needs it, in its health and to the house', async () => {
  const house = await stoppedHouse()
  const logins = await house.start(randomBytes(32))
  expect(await create(logins)).toMatchObject({
    status: 503,
    body: { success: false, error_code: 'signing_keys_locked', message: expect.stringContaining('Put that key back, or give up') },
  })
  expect(await logins.call('GET', '/api/v1/sessions/health')).toMatchObject({
    status: 503,
    body: { success: false, status: 'unhealthy', message: expect.stringContaining('locked') },
  })
  expect(await logins.call('GET', '/api/v1/auth/health')).toMatchObject({ status: 503, body: { error_code: 'signing_keys_locked' } })
  expect((await logins.call('GET', '/v1/status', undefined, key)).body).toMatchObject({ up: true, signing: 'locked', lockedKeys: 2 })
  // The house names it under attention, with the ways out.
  expect(lockedInWords(logins.room.locked?.())).toEqual(['2 signing keys of logins'])
  expect((await logins.call('POST', '/v1/inspect-token', { token: house.token }, key)).body).toMatchObject({
    valid: false,
    checks: expect.arrayContaining([{ name: 'Key', result: 'failed', text: expect.stringContaining('sealed under another key') }]),
  })
})

test('a token of a locked key is neither good nor bad: it is not called unknown, and an end that cannot be written is not called done', async () => {
  const house = await stoppedHouse()
  const logins = await house.start(randomBytes(32))
  const locked = { status: 503, body: { error_code: 'signing_keys_locked' } }
  expect(await logins.validate(house.token)).toMatchObject(locked)
  expect(await logins.call('POST', '/introspect', { token: house.token })).toMatchObject(locked)
  expect(await logins.call('POST', '/api/v1/sessions/logout', { token: house.token })).toMatchObject(locked)
  expect(await logins.call('POST', '/revoke', { token: house.token })).toMatchObject(locked)
  // What is no token of ours is that still.
  expect((await logins.validate('a.b.c')).status).toBe(401)
})

test('all is as it was when the key is put back', async () => {
  const house = await stoppedHouse()
  await (await house.start(randomBytes(32))).stop()
  const logins = await house.start()
  expect((await logins.validate(house.token)).body.is_valid).toBe(true)
  expect(algorithmOf((await create(logins)).body.token)).toBe('ES256')
  expect([logins.room.attention(), logins.room.locked?.()]).toEqual([[], []])
})

test('given up, a new key of the same algorithm signs, what the locked ones signed is refused, and nobody is told of a loss', async () => {
  const house = await stoppedHouse()
  const logins = await house.start(randomBytes(32))
  const stream = await connectStream(logins.url)
  expect((await logins.call('POST', '/v1/keys/give-up', undefined, key)).body).toEqual({ keys: 2 })
  await stream.until(({ type }) => type === 'keys')
  expect(algorithmOf((await create(logins)).body.token)).toBe('ES256')
  expect(await logins.validate(house.token)).toMatchObject({ status: 401, body: { error_code: 'session_not_found' } })
  expect((await logins.call('GET', '/api/v1/sessions/health')).status).toBe(200)
  expect([logins.room.attention(), logins.room.locked?.()]).toEqual([[], []])
  // Its session takes no place any more.
  expect((await logins.call('GET', '/api/v1/sessions/stats')).body.stats).toMatchObject({ active_sessions: 1, ended_sessions: 1 })
  expect(logins.events.emitted).toContainEqual(expect.objectContaining({ type: 'keys-given-up', data: { keys: 2, removed: true } }))
})

test('where nothing can be sealed nothing is given up, and a room that is stopped and started again reads the keys that were put back', async () => {
  const house = await stoppedHouse()
  let sealer: Sealer = {
    ...createSealer(randomBytes(32)),
    seal: () => {
      throw new KernelFault('sealed-locked', 'Nothing can be sealed: the key is missing')
    },
  }
  const logins = await house.start({ seal: (...given) => sealer.seal(...given), open: (...given) => sealer.open(...given) })
  expect(await logins.call('POST', '/v1/keys/give-up', undefined, key)).toMatchObject({
    status: 503,
    body: { error_code: 'sealed_locked' },
  })
  expect(lockedInWords(logins.room.locked?.())).toEqual(['2 signing keys of logins'])
  sealer = createSealer(house.right)
  await logins.room.stop()
  await logins.room.start()
  expect((await logins.validate(house.token)).body.is_valid).toBe(true)
  const stream = await connectStream(logins.url)
  await logins.call('POST', '/api/v1/sessions/logout', { token: house.token })
  await stream.until(({ type }) => type === 'ended')
})

test('older keys that are locked keep nobody from logging in, and are named', async () => {
  const house = await stoppedHouse()
  const lost = await house.start(randomBytes(32))
  const other = randomBytes(32)
  await lost.stop()
  const logins = await house.start(other)
  // Rotated while locked: the locked ones only verify from now on.
  expect((await logins.call('POST', '/v1/keys', { algorithm: 'EdDSA' }, key)).status).toBe(201)
  const fresh = await create(logins)
  expect(algorithmOf(fresh.body.token)).toBe('EdDSA')
  expect(lockedInWords(logins.room.locked?.())).toEqual(['2 signing keys of logins'])
  expect((await logins.validate(house.token)).status).toBe(503)
  await logins.room.giveUpLocked?.()
  expect(lockedInWords(logins.room.locked?.())).toEqual([])
  expect((await logins.validate(fresh.body.token)).body.is_valid).toBe(true)
  expect((await logins.validate(house.token)).status).toBe(401)
})

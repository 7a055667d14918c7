/** A disk that refuses while the room runs: what only reads goes on, what has to be written says why it is not. */
import { expect, test } from 'vitest'
import { bearer, ownerKey, startLogins, type TestLogins } from '../../fakes/logins.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'

const key = { 'x-api-key': ownerKey }
const create = (logins: TestLogins, more: object = {}) =>
  logins.call('POST', '/api/v1/sessions', { user_id: 'a', username: 'a', role_name: 'a', ...more })
/** In the contract's shape, with the words of the disk. */
const refused = (words: string) => ({
  status: 507,
  body: {
    success: false,
    error_code: 'storage_refused',
    error_message: expect.stringContaining(words),
    message: expect.stringContaining(words),
  },
})

/** Each makes the database refuse, and returns what makes it take writes again. */
const disks: [string, string, (logins: TestLogins) => () => void][] = [
  [
    'full',
    'the disk is full',
    ({ database }) => {
      // No page is left, so that the next row that needs one is refused.
      database.pragma(`max_page_count = ${Number(database.pragma('page_count', { simple: true }))}`)
      return () => void database.pragma('max_page_count = 1000000')
    },
  ],
  [
    'read-only',
    'the disk is read-only',
    ({ database }) => {
      database.pragma('query_only = ON')
      return () => void database.pragma('query_only = OFF')
    },
  ],
]

test.each(disks)('a %s disk: logins and endings answer 507, validation goes on, and nothing is half done', async (_, words, refuse) => {
  const logins = await startLogins({
    databaseFile: `${temporaryFolder()}/house.sqlite`,
    variables: { sessionStorageType: 'database' },
    settings: { idleTimeout: 300 },
  })
  const { token } = await logins.login()
  const mend = refuse(logins)
  // Large ones, so that each needs a page of its own.
  const permissions = Array.from({ length: 500 }, (_unused, index) => `a-permission-with-a-long-name-of-its-own-${index}`)
  expect(await create(logins, { permissions })).toMatchObject(refused(words))
  // After a pause that is worth a write of its own: what cannot be written is kept, and asks nobody to log in again.
  logins.clock.advance(100_000)
  expect((await logins.validate(token)).body).toMatchObject({
    is_valid: true,
    session: { last_activity: new Date(logins.clock.now()).toISOString() },
  })
  expect((await logins.call('GET', '/api/v1/sessions/stats')).body.stats).toMatchObject({ total_sessions: 1, active_sessions: 1 })
  mend()
  expect((await create(logins, { permissions })).status).toBe(201)
  expect((await logins.call('POST', '/api/v1/sessions/logout', undefined, bearer(token))).status).toBe(200)
})

test('an ending that the disk refuses is not called done, and the token stays what it was', async () => {
  const logins = await startLogins({ databaseFile: `${temporaryFolder()}/house.sqlite`, variables: { sessionStorageType: 'database' } })
  const { token, session_id } = await logins.login()
  logins.database.pragma('query_only = ON')
  const calls: [string, string, unknown, Record<string, string>][] = [
    ['POST', '/api/v1/sessions/logout', { token }, {}],
    ['POST', '/api/v1/auth/logout', undefined, bearer(token)],
    ['POST', '/revoke', { token }, {}],
    ['DELETE', `/api/v1/sessions/${session_id}`, undefined, key],
    ['DELETE', '/api/v1/sessions/user/user-uuid', undefined, key],
    ['POST', '/v1/revoke', { filter: {} }, key],
    ['POST', '/v1/revoke', { ids: [session_id] }, key],
    ['POST', '/v1/keys', { algorithm: 'ES256' }, key],
    ['POST', '/v1/users', { username: 'ann', role: 'clerk', password: 'a long enough password' }, key],
  ]
  for (const [method, path, body, headers] of calls)
    expect([path, await logins.call(method, path, body, headers)]).toMatchObject([path, refused('read-only')])
  expect((await logins.validate(token)).body.is_valid).toBe(true)
  logins.database.pragma('query_only = OFF')
  expect((await logins.call('POST', '/api/v1/sessions/logout', { token })).status).toBe(200)
  expect((await logins.validate(token)).body).toMatchObject({ is_valid: false, error_code: 'session_inactive' })
})

test('logins in memory go on beside a disk that refuses', async () => {
  const logins = await startLogins({ databaseFile: `${temporaryFolder()}/house.sqlite` })
  await logins.call('POST', '/v1/users', { username: 'ann', role: 'clerk', password: 'a long enough password' }, key)
  logins.database.pragma('query_only = ON')
  expect((await create(logins)).status).toBe(201)
  expect((await logins.call('POST', '/api/v1/auth/login', { username: 'ann', password: 'a long enough password' })).status).toBe(200)
})

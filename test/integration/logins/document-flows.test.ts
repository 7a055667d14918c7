/**
 * The three flows of the published document, word for word as functions of what they use. Only `fetch` is ours: the document's address
 * leads to the server under test, since its own port may be taken.
 */
import { expect, test } from 'vitest'
import { startLogins } from '../../fakes/logins.ts'

type Fetch = (address: string, init: RequestInit) => Promise<Response>

const loginFlow = new Function(
  'fetch',
  'userProfile',
  `return (async () => {
  const sessionResponse = await fetch('http://localhost:8081/api/v1/sessions', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      user_id: userProfile.id,
      username: userProfile.username,
      role_name: userProfile.role,
      permissions: userProfile.permissions,
      remember_me: false
    })
  });

  const sessionData = await sessionResponse.json();
  return sessionData.token
})()`,
) as (fetch: Fetch, userProfile: object) => Promise<string>

const validationFlow = new Function(
  'fetch',
  'requestToken',
  `return (async () => {
  const validationResponse = await fetch('http://localhost:8081/api/v1/sessions/validate', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      token: requestToken
    })
  });

  const validation = await validationResponse.json();

  if (validation.is_valid) {
    const userContext = validation.session;
    return { userContext, newToken: validation.new_token }
  } else {
    return null
  }
})()`,
) as (fetch: Fetch, requestToken: string) => Promise<{ userContext: object; newToken: string | undefined } | null>

const logoutFlow = new Function(
  'fetch',
  'userToken',
  `return (async () => {
  return await fetch('http://localhost:8081/api/v1/sessions/logout', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'Authorization': \`Bearer \${userToken}\`
    }
  });
})()`,
) as (fetch: Fetch, userToken: string) => Promise<Response>

test('a gateway written from the document logs in, validates, takes the renewed token and logs out', async () => {
  const logins = await startLogins()
  const reach: Fetch = (address, init) => fetch(address.replace('http://localhost:8081', logins.url), init)
  const token = await loginFlow(reach, { id: 'user-uuid', username: 'john_doe', role: 'admin', permissions: ['read', 'write', 'admin'] })
  expect(await validationFlow(reach, token)).toMatchObject({
    userContext: { user_id: 'user-uuid', username: 'john_doe', role_name: 'admin', permissions: ['read', 'write', 'admin'] },
    newToken: undefined,
  })
  logins.clock.advance(26 * 60_000)
  const renewed = (await validationFlow(reach, token))?.newToken ?? ''
  expect(await validationFlow(reach, renewed)).toMatchObject({ userContext: { user_id: 'user-uuid' } })
  const reply = await logoutFlow(reach, renewed)
  expect([reply.status, await reply.json()]).toEqual([200, { success: true, message: 'Session revoked successfully' }])
  expect(await validationFlow(reach, renewed)).toBeNull()
  expect(await validationFlow(reach, token)).toBeNull()
})

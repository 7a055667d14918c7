import { describe, expect, it } from 'vitest'
import { browsersContract } from '../../../server/browsers/contract/index.ts'
import { controlContract } from '../../../server/control/contract/index.ts'
import { ApiError } from '../../../renderer/api/api-error.ts'
import { createClient } from '../../../renderer/api/client.ts'
import { FakeTransport, refusal, reply } from '../support/fake-transport.ts'

describe('the client made from a contract', () => {
  it('calls the control API at its own paths, with parameters percent-encoded', async () => {
    const server = new FakeTransport().on('DELETE /control/v1/site-profiles/a%2Fb', () => reply(204))
    await createClient(controlContract, server).removeSiteProfile({ params: { name: 'a/b' } })
    expect(server.requests).toEqual([{ method: 'DELETE', path: '/control/v1/site-profiles/a%2Fb' }])
  })

  it('calls a room under its prefix on the control port', async () => {
    const server = new FakeTransport().on('GET /browsers/v1/browser-sessions', () => ({
      sessions: [],
      capacity: 10,
      nextEvicted: null,
      spareReady: false,
    }))
    const { capacity } = await createClient(browsersContract, server).browserSessions()
    expect(capacity).toBe(10)
  })

  it('turns a control failure into an error with code, message and the fields it is about', async () => {
    const server = new FakeTransport().on('POST /control/v1/keys', () =>
      refusal(400, 'invalid-body', 'A field is not accepted', [{ field: 'name', message: 'too long' }]),
    )
    const failure = await createClient(controlContract, server)
      .createKey({ body: { name: 'x', scopes: [{ room: 'browsers', verb: 'read' }] } })
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ApiError)
    expect(failure).toMatchObject({ status: 400, code: 'invalid-body', message: 'A field is not accepted', requestId: 'r1' })
    expect((failure as ApiError).issue('name')).toBe('too long')
  })

  it('reads the published shape of the browsers API as well', async () => {
    const server = new FakeTransport().on('POST /browsers/get_session', () =>
      reply(401, { success: false, error: 'Authentication failed', details: 'Invalid credentials' }),
    )
    const call = createClient(browsersContract, server).getSession({ body: { username: 'u', password: 'p', captcha_api_key: 'k' } })
    await expect(call).rejects.toMatchObject({ status: 401, code: 'http-401', message: 'Authentication failed: Invalid credentials' })
  })

  it('keeps a failure readable when the body is no error of any API', async () => {
    const server = new FakeTransport().on('GET /control/v1/keys', () => reply(502, '<html>'))
    await expect(createClient(controlContract, server).keys()).rejects.toMatchObject({ status: 502, message: 'The server answered 502' })
  })
})

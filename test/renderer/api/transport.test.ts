import { afterEach, describe, expect, it, vi } from 'vitest'
import { createHttpTransport } from '../../../renderer/api/transport.ts'

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json; charset=utf-8' } })

describe('the HTTP transport', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('sends the token in Electron and leaves cookies out', async () => {
    const calls: [string, RequestInit][] = []
    const transport = createHttpTransport({
      server: { base: 'http://127.0.0.1:7700', token: 'secret' },
      fetch: async (url, init) => (calls.push([String(url), init ?? {}]), json({ ok: true })),
    })
    await transport.request({ method: 'POST', path: '/control/v1/keys', query: { limit: 5, before: undefined }, body: { name: 'x' } })
    expect(calls[0]?.[0]).toBe('http://127.0.0.1:7700/control/v1/keys?limit=5')
    expect(calls[0]?.[1]).toMatchObject({
      method: 'POST',
      body: '{"name":"x"}',
      credentials: 'omit',
      headers: { authorization: 'Bearer secret', 'content-type': 'application/json' },
    })
  })

  it('sends the cookie and no token in a browser', async () => {
    const calls: RequestInit[] = []
    const transport = createHttpTransport({
      server: { base: 'http://127.0.0.1:7700', token: null },
      fetch: async (_, init) => (calls.push(init ?? {}), json({})),
    })
    await transport.request({ method: 'GET', path: '/control/v1/keys' })
    expect(calls[0]).toMatchObject({ credentials: 'same-origin', body: null })
    expect(calls[0]?.headers).not.toHaveProperty('authorization')
  })

  it('follows the server to a new address', async () => {
    const urls: string[] = []
    const server = { base: 'http://127.0.0.1:7700', token: 'a' }
    const transport = createHttpTransport({ server, fetch: async (url) => (urls.push(String(url)), json({})) })
    await transport.request({ method: 'GET', path: '/x' })
    server.base = 'http://127.0.0.1:7701'
    await transport.request({ method: 'GET', path: '/x' })
    expect(urls).toEqual(['http://127.0.0.1:7700/x', 'http://127.0.0.1:7701/x'])
  })

  it('calls a server that does not answer unreachable, and a caller who went away not at all', async () => {
    const transport = createHttpTransport({
      server: { base: 'http://127.0.0.1:9', token: null },
      fetch: async (_, init) => {
        init?.signal?.throwIfAborted()
        throw new TypeError('fetch failed')
      },
    })
    await expect(transport.request({ method: 'GET', path: '/x' })).rejects.toMatchObject({ status: 0, code: 'unreachable' })
    await expect(transport.request({ method: 'GET', path: '/x', signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    })
  })

  it('hands out bytes for what is not JSON and null for an empty reply', async () => {
    const replies = [
      new Response(new Uint8Array([1, 2]), { headers: { 'content-type': 'image/png' } }),
      new Response(null, { status: 204 }),
    ]
    const transport = createHttpTransport({ server: { base: '', token: null }, fetch: async () => replies.shift() ?? json({}) })
    expect((await transport.request({ method: 'GET', path: '/x' })).body).toEqual(new Uint8Array([1, 2]))
    expect((await transport.request({ method: 'GET', path: '/x' })).body).toBeNull()
  })

  it('carries the token of a WebSocket as a sub-protocol, never in the address', () => {
    const opened: [string, string[]][] = []
    vi.stubGlobal(
      'WebSocket',
      class {
        constructor(url: string, protocols: string[]) {
          opened.push([url, protocols])
        }
      },
    )
    createHttpTransport({ server: { base: 'https://host:7700', token: 'secret' } }).openSocket('/control/v1/events', { since: 7 })
    createHttpTransport({ server: { base: 'http://host:7700', token: null } }).openSocket('/control/v1/events')
    expect(opened).toEqual([
      ['wss://host:7700/control/v1/events?since=7', ['wheelhouse', 'bearer.secret']],
      ['ws://host:7700/control/v1/events', ['wheelhouse']],
    ])
  })
})

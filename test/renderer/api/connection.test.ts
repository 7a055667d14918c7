import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { flushPromises } from '@vue/test-utils'
import { ApiError } from '../../../renderer/api/api-error.ts'
import { provideApi } from '../../../renderer/api/api.ts'
import { useConnection } from '../../../renderer/api/connection.ts'
import { takeSignInCode } from '../../../renderer/sign-in-code.ts'
import { refusal } from '../support/fake-transport.ts'
import { standardServer } from '../support/mount.ts'

describe('the connection', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    setActivePinia(createPinia())
  })
  afterEach(() => {
    useConnection().stop()
    vi.useRealTimers()
  })

  it('is connected once the event stream is open, and knows who is signed in', async () => {
    const server = standardServer()
    provideApi(server)
    const connection = useConnection()
    await connection.start()
    expect(connection.state).toBe('connecting')
    server.socket.open()
    expect(connection.state).toBe('connected')
    expect(connection.actor).toBe('owner')
  })

  it('is signed out when nobody is known, and opens no socket', async () => {
    const server = standardServer().on('GET /control/v1/session', () => refusal(401, 'key-required', 'Sign in first'))
    provideApi(server)
    await useConnection().start()
    expect(useConnection().state).toBe('signed-out')
    expect(server.sockets).toEqual([])
  })

  it('signs in with a key and then connects', async () => {
    let known = false
    const server = standardServer()
      .on('GET /control/v1/session', () =>
        known ? { actor: 'key:desk', scopes: [], rights: ['browsers:use'] } : refusal(401, 'key-required', 'Sign in first'),
      )
      .on('POST /control/v1/session', () => ((known = true), { actor: 'key:desk' }))
    provideApi(server)
    const connection = useConnection()
    await connection.start()
    await connection.signIn({ key: 'whk_x' })
    server.socket.open()
    expect(connection.state).toBe('connected')
    expect(server.sent('POST /control/v1/session')).toEqual([{ key: 'whk_x' }])
  })

  it('keeps trying while the server cannot be reached, and connects as soon as it is back', async () => {
    const server = standardServer()
    server.down()
    provideApi(server)
    const connection = useConnection()
    await connection.start()
    expect(connection.state).toBe('unreachable')
    await vi.advanceTimersByTimeAsync(500)
    expect(connection.state).toBe('unreachable')
    server.down(false)
    await vi.advanceTimersByTimeAsync(1_000)
    server.socket.open()
    expect(connection.state).toBe('connected')
    expect(connection.retryAt).toBeNull()
  })

  it('is connected by the try that came through, though an older one fails only then', async () => {
    const older = Promise.withResolvers<never>()
    const server = standardServer().on('GET /control/v1/session', () => older.promise)
    provideApi(server)
    const connection = useConnection()
    const started = connection.start()
    await flushPromises()
    server.on('GET /control/v1/session', () => ({ actor: 'owner', scopes: null, rights: null }))
    await connection.retryNow()
    server.socket.open()
    older.reject(new ApiError(0, 'unreachable', 'Wheelhouse cannot be reached'))
    await started
    await vi.advanceTimersByTimeAsync(60_000)
    expect([connection.state, connection.retryAt]).toEqual(['connected', null])
  })

  it('tells a lost server from a lost sign-in, and reads everything again once back', async () => {
    const server = standardServer()
    provideApi(server)
    const connection = useConnection()
    await connection.start({ random: () => 0.5 })
    server.socket.open()
    let refreshes = 0
    connection.onRefresh(() => (refreshes += 1))

    server.down()
    server.socket.close()
    await flushPromises()
    expect(connection.state).toBe('unreachable')
    expect(connection.wasConnected).toBe(true)

    server.down(false)
    await vi.advanceTimersByTimeAsync(400)
    server.socket.open()
    expect(connection.state).toBe('connected')
    expect(refreshes).toBe(1)

    server.on('GET /control/v1/session', () => refusal(401, 'key-refused', 'This key was revoked'))
    server.socket.close()
    await flushPromises()
    expect(connection.state).toBe('signed-out')
    const opened = server.sockets.length
    await vi.advanceTimersByTimeAsync(60_000)
    expect(server.sockets).toHaveLength(opened)
  })

  it.each([
    ['fails', () => Promise.reject(new ApiError(0, 'unreachable', 'Wheelhouse cannot be reached'))],
    ['is refused', () => refusal(401, 'key-required', 'Sign in first')],
  ])('is connected by its stream, though what was asked after a loss %s only then', async (_, outcome) => {
    const server = standardServer()
    provideApi(server)
    const connection = useConnection()
    await connection.start({ random: () => 0.5 })
    server.socket.open()
    const asked = Promise.withResolvers<void>()
    server.on('GET /control/v1/session', () => asked.promise.then(outcome))
    server.socket.close()
    await vi.advanceTimersByTimeAsync(400)
    server.socket.open()
    asked.resolve()
    await flushPromises()
    expect(connection.state).toBe('connected')
    expect(server.sockets).toHaveLength(2)
  })

  it('asks again where the server is after a loss, since a changed port moves it', async () => {
    const server = standardServer()
    provideApi(server)
    const connection = useConnection()
    let asked = 0
    await connection.start({ locate: async () => void (asked += 1), random: () => 0.5 })
    server.socket.open()
    server.socket.close()
    await flushPromises()
    expect(asked).toBe(2)
  })

  it('stays calm and tries again when the desktop cannot say where the server is', async () => {
    provideApi(standardServer())
    const connection = useConnection()
    let up = false
    await connection.start({
      locate: async () => {
        if (!up) throw new Error('The server did not start')
      },
    })
    expect(connection.state).toBe('unreachable')
    up = true
    await vi.advanceTimersByTimeAsync(500)
    expect(connection.actor).toBe('owner')
  })

  it('takes the one-time code out of the address before anything else reads it', () => {
    const page = { hash: '#sign-in=a%2Bb', pathname: '/', search: '' } as Location
    const replaced: unknown[] = []
    const past = { replaceState: (...args: unknown[]) => replaced.push(args) } as unknown as History
    expect(takeSignInCode(page, past)).toBe('a+b')
    expect(replaced).toEqual([[null, '', '/#/']])
    expect(takeSignInCode({ ...page, hash: '#/keys' }, past)).toBeNull()
    expect(replaced).toHaveLength(1)
  })
})

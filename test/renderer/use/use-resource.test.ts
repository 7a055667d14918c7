/** What is read from the server and kept fresh: when it is read, and which answers count. */
import { flushPromises } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref, type EffectScope } from 'vue'
import { provideApi } from '../../../renderer/api/api.ts'
import { useConnection } from '../../../renderer/api/connection.ts'
import { useResource, type ResourceOptions } from '../../../renderer/use/use-resource.ts'
import type { FakeTransport } from '../support/fake-transport.ts'
import { standardServer } from '../support/mount.ts'
import { event } from '../support/samples.ts'

describe('a resource', () => {
  let server: FakeTransport
  let scope: EffectScope
  beforeEach(async () => {
    server = standardServer()
    provideApi(server)
    setActivePinia(createPinia())
    scope = effectScope()
    await useConnection().start({ nextFrame: (run) => run(), random: () => 0.5 })
    server.socket.open()
  })
  afterEach(() => {
    scope.stop()
    useConnection().stop()
    vi.useRealTimers()
  })

  interface Asked {
    key: string
    signal: AbortSignal
    answer(value: string): Promise<void>
    fail(error: Error): Promise<void>
  }
  /** A resource whose reads are answered by the test. */
  function make(options: Omit<ResourceOptions<string, string>, 'read'> = {}) {
    const asked: Asked[] = []
    const found = scope.run(() =>
      useResource<string, string>({
        ...options,
        read(signal, key) {
          const { promise, resolve, reject } = Promise.withResolvers<string>()
          const settle = async (then: () => void): Promise<void> => {
            then()
            await flushPromises()
          }
          asked.push({ key, signal, answer: (value) => settle(() => resolve(value)), fail: (error) => settle(() => reject(error)) })
          return promise
        },
      }),
    )
    if (found === undefined) throw new Error('the scope has ended')
    return { ...found, asked }
  }

  it('is read at once where the window is connected, and again when the connection returns', async () => {
    const { value, loading, asked } = make()
    expect([asked.length, value.value, loading.value]).toEqual([1, null, true])
    await asked[0]?.answer('first')
    expect([value.value, loading.value]).toEqual(['first', false])
    server.socket.open()
    expect(asked).toHaveLength(2)
  })

  it('is read again when it changed and after events that concern it, and after no others', async () => {
    const { asked } = make({ resources: ['bots'], concerns: ({ room }) => room === 'bots' })
    await asked[0]?.answer('first')
    server.socket.say({ type: 'changed', resource: 'brokers' })
    server.socket.say({ type: 'event', event: event(1, { room: 'logins' }) })
    expect(asked).toHaveLength(1)
    server.socket.say({ type: 'changed', resource: 'bots' })
    await asked[1]?.answer('second')
    server.socket.say({ type: 'event', event: event(2, { room: 'bots' }) })
    expect(asked).toHaveLength(3)
  })

  it('is read once more, however often it was asked for meanwhile', async () => {
    const { value, refresh, asked } = make()
    void refresh()
    void refresh()
    expect(asked).toHaveLength(1)
    await asked[0]?.answer('first')
    expect(asked).toHaveLength(2)
    await asked[1]?.answer('second')
    expect([asked.length, value.value]).toEqual([2, 'second'])
  })

  it('is there, as it is now, for whoever asked while an older read was under way', async () => {
    const { value, refresh, asked } = make()
    const found: unknown[] = []
    for (let time = 0; time < 2; time += 1) void refresh().then(() => found.push(value.value))
    await asked[0]?.answer('before the change')
    expect(found).toEqual([])
    await asked[1]?.answer('after it')
    expect(found).toEqual(['after it', 'after it'])
  })

  it('keeps what it had when a read fails, and says why', async () => {
    const { value, error, refresh, asked } = make()
    await asked[0]?.answer('first')
    void refresh()
    await asked[1]?.fail(new Error('The server is busy'))
    expect([value.value, error.value]).toEqual(['first', 'The server is busy'])
    void refresh()
    await asked[2]?.answer('third')
    expect([value.value, error.value]).toEqual(['third', null])
  })

  it('of another key drops what it had, and the answer that is still on its way', async () => {
    const key = ref<string | null>('one')
    const { value, loading, asked } = make({ key: () => key.value })
    await asked[0]?.answer('of one')
    key.value = 'two'
    await nextTick()
    expect([value.value, loading.value, asked.map((read) => read.key)]).toEqual([null, true, ['one', 'two']])
    key.value = 'three'
    await nextTick()
    expect(asked[1]?.signal.aborted).toBe(true)
    await asked[2]?.answer('of three')
    await asked[1]?.answer('of two')
    expect([value.value, loading.value]).toEqual(['of three', false])
  })

  it('of an earlier key fails for nobody', async () => {
    const key = ref('one')
    const { error, asked } = make({ key: () => key.value })
    key.value = 'two'
    await nextTick()
    await asked[0]?.fail(new Error('one is gone'))
    expect(error.value).toBeNull()
  })

  it('of no key is not read', async () => {
    const key = ref<string | null>(null)
    const { value, refresh, asked } = make({ key: () => key.value })
    await refresh()
    expect(asked).toHaveLength(0)
    key.value = 'one'
    await nextTick()
    await asked[0]?.answer('of one')
    key.value = null
    await nextTick()
    expect([value.value, asked.length]).toEqual([null, 1])
  })

  it('is read now and then where it makes no event', async () => {
    vi.useFakeTimers()
    const { asked } = make({ every: 2_000 })
    await asked[0]?.answer('first')
    vi.advanceTimersByTime(2_000)
    expect(asked).toHaveLength(2)
  })

  it('ends with what asked for it', async () => {
    vi.useFakeTimers()
    const { value, asked } = make({ every: 2_000, resources: ['bots'] })
    scope.stop()
    expect(asked[0]?.signal.aborted).toBe(true)
    await asked[0]?.answer('too late')
    server.socket.say({ type: 'changed', resource: 'bots' })
    vi.advanceTimersByTime(10_000)
    expect([value.value, asked.length]).toEqual([null, 1])
  })
})

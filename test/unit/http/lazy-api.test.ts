/** An API is loaded once, with its first call. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, test } from 'vitest'
import type { Api } from '../../../server/http/api.ts'
import { LazyApi } from '../../../server/http/lazy-api.ts'

const api = {} as Api // What it is made of is nobody's business here.

test('it is loaded once, however many call at the same time, and not before', async () => {
  let times = 0
  const lazy = new LazyApi(async () => {
    times += 1
    return api
  })
  expect([lazy.loaded, times]).toEqual([undefined, 0])
  expect(await Promise.all([lazy.load(), lazy.load()])).toEqual([api, api])
  expect(await lazy.load()).toBe(lazy.loaded)
  expect(times).toBe(1)
})

test('what it starts is of whoever made it, and not of the first that calls', async () => {
  const scope = new AsyncLocalStorage<string>()
  let within: string | undefined
  const lazy = scope.run(
    'room',
    () =>
      new LazyApi(async () => {
        within = scope.getStore()
        return api
      }),
  )
  await scope.run('client', () => lazy.load())
  expect(within).toBe('room')
})

test('one that could not be loaded is tried anew with the next call', async () => {
  const outcomes = [() => Promise.reject(new Error('the disk is gone')), () => Promise.resolve(api)]
  const lazy = new LazyApi(() => outcomes.shift()?.() ?? Promise.reject(new Error('asked too often')))
  await expect(Promise.all([lazy.load(), lazy.load()])).rejects.toThrow('the disk is gone')
  expect(lazy.loaded).toBeUndefined()
  expect(await lazy.load()).toBe(api)
})

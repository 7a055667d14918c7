import { expect, test } from 'vitest'
import { createLruCache } from '../../../server/logins/lru-cache.ts'

test('what was used lately stays, what was not is forgotten, and there are never too many', () => {
  const recent = createLruCache<number>(10)
  recent.set('used', 0)
  for (let index = 0; index < 100; index += 1) {
    recent.set(`other-${index}`, index)
    expect(recent.get('used')).toBe(0)
  }
  expect(recent.get('other-0')).toBeUndefined()
  expect(recent.get('other-99')).toBe(99)
  const left = Array.from({ length: 100 }, (_, index) => recent.get(`other-${index}`)).filter((value) => value !== undefined)
  expect(left.length).toBeLessThanOrEqual(10)
})

test('a newer value wins over an older generation, and what is deleted is gone from both', () => {
  const recent = createLruCache<string>(4)
  recent.set('a', 'old')
  recent.set('b', '')
  recent.set('c', '')
  recent.set('a', 'new')
  expect(recent.get('a')).toBe('new')
  recent.delete('a')
  expect(recent.get('a')).toBeUndefined()
})

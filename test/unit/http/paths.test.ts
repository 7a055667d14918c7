import { describe, expect, test } from 'vitest'
import { createPathIndex, matchPath } from '../../../server/http/paths.ts'

describe('the index of paths', () => {
  const index = createPathIndex<string>()
  for (const [method, pattern] of [
    ['GET', '/things'],
    ['GET', '/things/:id'],
    ['DELETE', '/things/:id'],
    ['GET', '/things/special'],
    ['GET', '/things/:id/parts/:part'],
    ['GET', '/.well-known/keys.json'],
  ] as const)
    index.add(method, pattern, `${method} ${pattern}`)

  test('finds a route by method and path, with its parameters decoded', () => {
    expect(index.find('GET', '/things')).toEqual({ value: 'GET /things', params: {} })
    expect(index.find('DELETE', '/things/a%20b')).toEqual({ value: 'DELETE /things/:id', params: { id: 'a b' } })
    expect(index.find('GET', '/things/1/parts/2')).toEqual({ value: 'GET /things/:id/parts/:part', params: { id: '1', part: '2' } })
    expect(index.find('GET', '/.well-known/keys.json')?.value).toBe('GET /.well-known/keys.json')
  })

  test('prefers a path without parameters, whatever was added first', () => {
    expect(index.find('GET', '/things/special')?.value).toBe('GET /things/special')
  })

  test('leaves to the router what is not plainly one of its paths', () => {
    for (const path of ['/things/', '/Things', '/things/1/', '/things/%zz', '/things//parts/2', '/nothing', ''])
      expect(index.find('GET', path)).toBeNull()
    expect(index.find('PUT', '/things')).toBeNull()
    expect(createPathIndex<string>().add('GET', '/files/{*path}', '')).toBe(false)
  })
})

test('a parameter keeps what was encoded in it, slashes too', () => {
  expect(matchPath('/a/:b', '/a/c%2Fd')).toEqual({ b: 'c/d' })
})

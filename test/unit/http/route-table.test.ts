import { describe, expect, test } from 'vitest'
import { RouteTable } from '../../../server/http/route-table.ts'

function tableOf(...routes: (readonly [method: string, path: string])[]): RouteTable<string> {
  const table = new RouteTable<string>()
  for (const [method, path] of routes) table.add(method, path, `${method} ${path}`)
  return table
}

describe('the route table', () => {
  const table = tableOf(
    ['GET', '/things'],
    ['GET', '/things/:id'],
    ['DELETE', '/things/:id'],
    ['GET', '/things/special'],
    ['GET', '/things/:id/parts/:part'],
    ['GET', '/.well-known/keys.json'],
  )

  test('finds a route by method and path, with its parameters decoded', () => {
    expect(table.find('GET', '/things')).toEqual({ target: 'GET /things', params: {} })
    expect(table.find('DELETE', '/things/a%20b')).toEqual({ target: 'DELETE /things/:id', params: { id: 'a b' } })
    expect(table.find('GET', '/things/1/parts/2')).toEqual({ target: 'GET /things/:id/parts/:part', params: { id: '1', part: '2' } })
    expect(table.find('GET', '/.well-known/keys.json')?.target).toBe('GET /.well-known/keys.json')
  })

  test('prefers a path without parameters, whatever was added first and however it is written', () => {
    for (const path of ['/things/special', '/things/special/', '/Things/Special'])
      expect(table.find('GET', path)?.target).toBe('GET /things/special')
  })

  test('takes a slash at the end, other case and what cannot be decoded', () => {
    expect(table.find('GET', '/things/')?.target).toBe('GET /things')
    expect(table.find('GET', '/Things')?.target).toBe('GET /things')
    expect(table.find('GET', '/things/A/')).toEqual({ target: 'GET /things/:id', params: { id: 'A' } })
    expect(table.find('GET', '/things/%zz')).toEqual({ target: 'GET /things/:id', params: { id: '%zz' } })
  })

  test('finds nothing for an empty parameter, another path or another method', () => {
    for (const path of ['/things//parts/2', '/nothing', '']) expect(table.find('GET', path)).toBeNull()
    expect(table.find('PUT', '/things')).toBeNull()
  })

  test('answers HEAD where it answers GET, and names the methods of a path', () => {
    expect(table.find('HEAD', '/things/1')?.target).toBe('GET /things/:id')
    expect(table.methodsOf('/things/1').toSorted()).toEqual(['DELETE', 'GET', 'HEAD'])
    expect(table.methodsOf('/nothing')).toEqual([])
  })
})

test('a parameter keeps what was encoded in it, slashes too', () => {
  expect(tableOf(['GET', '/a/:b']).find('GET', '/a/c%2Fd')?.params).toEqual({ b: 'c/d' })
})

test('a pattern that only the router reads is found where nothing else fits', () => {
  const table = tableOf(['GET', '/files/one'], ['GET', '/{*rest}'])
  expect(table.find('GET', '/files/one')?.target).toBe('GET /files/one')
  for (const path of ['/', '/files', '/files/two/three']) expect(table.find('GET', path)?.target).toBe('GET /{*rest}')
})

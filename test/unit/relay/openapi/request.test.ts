import { describe, expect, test } from 'vitest'
import type { Operation, Parameter } from '../../../../server/relay/openapi/operations.ts'
import { requestOf } from '../../../../server/relay/openapi/request.ts'

const parameter = (name: string, more: Partial<Parameter> = {}): Parameter => ({
  ...{ argument: name, name, in: 'query', required: false, style: 'form', explode: true, json: false },
  ...more,
})
const inPath = (name: string, more: Partial<Parameter> = {}) =>
  parameter(name, { in: 'path', style: 'simple', explode: false, required: true, ...more })
const operation = (more: Partial<Operation>): Operation => ({
  ...{ id: 'GET /slots', name: 'slots', method: 'GET', path: '/slots', summary: '', description: '', deprecated: false },
  ...{ parameters: [], body: null, inputSchema: {} },
  ...more,
})
const own = { base: new URL('https://yard.test/v1/?key=k-1'), headers: {} }
const urlOf = (more: Partial<Operation>, args: Record<string, unknown>): string => requestOf(operation(more), args, own).url.href

describe('the request of a call', () => {
  test('goes below the base address, whose own parameters stay', () => {
    expect(urlOf({ path: '/slots/{id}', parameters: [inPath('id')] }, { id: 'C 14/3' })).toBe(
      'https://yard.test/v1/slots/C%2014%2F3?key=k-1',
    )
  })

  test.each(['..', '.', ''])('never leaves its path by an argument “%s”', (id) => {
    expect(() => urlOf({ path: '/slots/{id}', parameters: [inPath('id')] }, { id })).toThrow(/may be neither|may not be empty/)
  })

  test.each<[string, Partial<Parameter>, unknown, string]>([
    ['a text', {}, 'a b&c', 'q=a%20b%26c'],
    ['a list, a pair for each', {}, ['a', 'b'], 'q=a&q=b'],
    ['a list in one', { explode: false }, ['a,x', 'b'], 'q=a%2Cx,b'],
    ['a list with spaces between', { style: 'spaceDelimited', explode: false }, ['a', 'b'], 'q=a%20b'],
    ['a list with bars between', { style: 'pipeDelimited', explode: false }, ['a', 'b'], 'q=a|b'],
    ['an object', {}, { x: 1, y: true }, 'x=1&y=true'],
    ['an object in depth', { style: 'deepObject' }, { x: { y: 1 }, z: ['a'] }, 'q%5Bx%5D%5By%5D=1&q%5Bz%5D%5B%5D=a'],
    ['JSON', { json: true }, { x: 1 }, 'q=%7B%22x%22%3A1%7D'],
  ])('writes %s', (_, more, q, query) => {
    expect(urlOf({ parameters: [parameter('q', more)] }, { q })).toBe(`https://yard.test/v1/slots?${query}&key=k-1`)
  })

  test('says which argument is missing, or not known', () => {
    expect(() => urlOf({ parameters: [parameter('q', { required: true })] }, {})).toThrow('The argument q is missing')
    expect(() => urlOf({ parameters: [parameter('q')] }, { p: 1 })).toThrow('There is no argument p; it takes q')
  })

  test('carries headers and cookies, and no argument takes the place of a credential', () => {
    const parameters = [
      parameter('X-Key', { in: 'header', style: 'simple' }),
      parameter('lang', { in: 'cookie' }),
      parameter('X-Line', { in: 'header', style: 'simple' }),
    ]
    const { headers } = requestOf(
      operation({ parameters }),
      { 'X-Key': 'mine', lang: 'pl', 'X-Line': [1, 2] },
      { ...own, headers: { 'x-key': 'sealed', cookie: 'sid=1' } },
    )
    expect([headers.get('x-key'), headers.get('cookie'), headers.get('x-line')]).toEqual(['sealed', 'sid=1; lang=pl', '1,2'])
    expect(() => requestOf(operation({ parameters }), { 'X-Line': 'a\r\nb' }, own)).toThrow('cannot be sent as a header')
  })

  test('carries a body as its operation takes it', () => {
    const sent = (type: string, body: unknown) => requestOf(operation({ method: 'POST', body: { type, required: true } }), { body }, own)
    expect(sent('application/json', { a: 1 })).toMatchObject({ body: '{"a":1}' })
    expect(sent('application/x-www-form-urlencoded', { a: 'x y', b: [1, 2] })).toMatchObject({ body: 'a=x+y&b=1&b=2' })
    expect(sent('text/plain', 'hi')).toMatchObject({ body: 'hi' })
    expect(sent('application/pdf', 'JVBERg==').body).toEqual(Uint8Array.from(Buffer.from('%PDF')))
    const form = sent('multipart/form-data', { note: 'n', scan: { data: 'JVBERg==', filename: 'a.pdf', type: 'application/pdf' } })
      .body as FormData
    expect(form.get('note')).toBe('n')
    expect(form.get('scan')).toMatchObject({ name: 'a.pdf', type: 'application/pdf', size: 4 })
    expect(() => sent('application/json', undefined)).toThrow('body is missing')
  })
})

test('descriptions as they are in the field make tools that can be called', async () => {
  const { planFrom } = await import('../../../../server/relay/openapi/read-plan.ts')
  const { operations } = await planFrom(`swagger: 2.0
info: {title: Yard, version: 1.0}
paths:
  /slots/{id}?action=move:
    post:
      parameters:
        - {name: X-Key, in: header, required: true, type: string}
        - {name: body, in: body, schema: {type: object, properties: {a: {type: int, required: true}}, $id: 'https://x.test/a'}}
    get: {}
    trace: {}
`)
  expect(operations.map(({ id }) => id)).toEqual(['GET /slots/{id}?action=move', 'POST /slots/{id}?action=move'])
  const move = operations[1] as Operation
  expect(move.inputSchema['properties']).toMatchObject({ id: { type: 'string' }, body: { properties: { a: { type: 'integer' } } } })
  expect(JSON.stringify(move.inputSchema)).not.toMatch(/"required":true|\$id/)
  const { url, headers, body } = requestOf(move, { id: 'C', body: null }, { ...own, headers: { 'x-key': 'sealed' } })
  expect([url.href, headers.get('x-key'), body]).toEqual(['https://yard.test/v1/slots/C?action=move&key=k-1', 'sealed', undefined])
})

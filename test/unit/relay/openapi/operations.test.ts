import { describe, expect, test } from 'vitest'
import { readDocument } from '../../../../server/relay/openapi/document.ts'
import { planOf } from '../../../../server/relay/openapi/operations.ts'
import type { Json } from '../../../../server/relay/upstreams/connection.ts'

const plan = async (document: Json | string) =>
  planOf(await readDocument(typeof document === 'string' ? document : JSON.stringify(document)))
const api = (paths: Json, more: Json = {}): Json => ({ openapi: '3.1.0', info: { title: 'Yard', version: '2' }, paths, ...more })

describe('the operations of an API', () => {
  test('are tools of Swagger 2.0 as well, with its base address and credentials', async () => {
    const { servers, credentials, operations } = await plan({
      ...{ swagger: '2.0', info: { title: 'Old', version: '1' }, host: 'yard.test', basePath: '/v1', schemes: ['https'] },
      securityDefinitions: { key: { type: 'apiKey', in: 'header', name: 'X-Key' }, login: { type: 'basic' } },
      paths: {
        '/slots': {
          post: {
            consumes: ['application/json'],
            parameters: [{ in: 'body', name: 'body', required: true, schema: { $ref: '#/definitions/Slot' } }],
            responses: {},
          },
        },
      },
      definitions: { Slot: { type: 'object', properties: { block: { type: 'string', 'x-nullable': true } } } },
    })
    expect(servers).toEqual(['https://yard.test/v1'])
    expect(credentials).toMatchObject([
      { name: 'key', kind: 'header', parameter: 'X-Key' },
      { name: 'login', kind: 'basic', parameter: 'Authorization' },
    ])
    expect(operations).toMatchObject([{ id: 'POST /slots', name: 'post_slots', body: { type: 'application/json', required: true } }])
    expect(operations[0]?.inputSchema).toEqual({
      type: 'object',
      properties: { body: { $ref: '#/$defs/Slot' } },
      required: ['body'],
      $defs: { Slot: { type: 'object', properties: { block: { type: ['string', 'null'] } } } },
    })
  })

  test('are read from YAML', async () => {
    const read = await plan(
      "openapi: 3.0.3\ninfo: {title: Yard, version: '1'}\npaths:\n  /slots/{id}:\n    get:\n      operationId: slot.read\n      responses: {}\n",
    )
    expect(read).toMatchObject({ title: 'Yard', operations: [{ name: 'slot_read', id: 'GET /slots/{id}' }] })
  })

  test('have names and arguments that every model takes, none twice', async () => {
    const { operations } = await plan(
      api({
        '/a': { get: { operationId: 'list:things', parameters: [{ name: 'filter[name]', in: 'query', schema: { type: 'string' } }] } },
        '/b': {
          parameters: [{ name: 'id', in: 'query', schema: {} }],
          get: {
            operationId: 'list things',
            parameters: [
              { name: 'id', in: 'header', schema: {} },
              { name: 'body', in: 'query', schema: {} },
            ],
            requestBody: { content: { 'application/json': { schema: {} } } },
          },
          put: { operationId: 'x'.repeat(200) },
        },
      }),
    )
    expect(operations.map(({ id, name }) => [id, name])).toEqual([
      ['GET /a', 'list_things'],
      ['GET /b', 'list_things_2'],
      ['PUT /b', 'x'.repeat(60)],
    ])
    expect(operations[0]?.parameters).toMatchObject([{ argument: 'filter_name_', name: 'filter[name]' }])
    expect(operations[1]?.parameters.map((parameter) => [parameter.argument, parameter.in])).toEqual([
      ['id', 'query'],
      ['id_2', 'header'],
      ['body_2', 'query'],
    ])
  })

  test('stand for themselves: with all they point to, without what only answers hold', async () => {
    const node = {
      type: 'object',
      required: ['id', 'name'],
      properties: {
        id: { type: 'integer', readOnly: true },
        name: { type: 'string', example: 'x' },
        next: { $ref: '#/components/schemas/Node' },
      },
    }
    const { operations } = await plan(
      api(
        { '/nodes': { post: { requestBody: { $ref: '#/components/requestBodies/Node' } } } },
        {
          components: {
            schemas: { Node: node },
            requestBodies: { Node: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Node' } } } } },
          },
        },
      ),
    )
    expect(operations[0]?.inputSchema['$defs']).toEqual({
      Node: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, next: { $ref: '#/$defs/Node' } } },
    })
  })

  test('keep a property that is called like a keyword', async () => {
    const schema = { type: 'object', properties: { example: { type: 'string' }, required: { type: 'boolean' }, enum: { type: 'string' } } }
    const { operations } = await plan(api({ '/a': { post: { requestBody: { content: { 'application/json': { schema } } } } } }))
    expect(operations[0]?.inputSchema['properties']).toEqual({ body: schema })
  })

  test('have schemas that clients who check them take, whatever older drafts allowed', async () => {
    const schema = {
      type: 'object',
      properties: {
        a: { minimum: 1, exclusiveMinimum: true },
        b: { type: 'string', pattern: '^{x}$' },
        c: { nullable: true },
        d: { pattern: '^x$' },
      },
    }
    const { operations } = await plan(api({ '/a': { post: { requestBody: { content: { 'application/json': { schema } } } } } }))
    expect(operations[0]?.inputSchema['properties']).toMatchObject({
      body: { properties: { a: { minimum: 1 }, b: { type: 'string' }, c: {}, d: { pattern: '^x$' } } },
    })
    expect(JSON.stringify(operations[0]?.inputSchema)).not.toMatch(/exclusiveMinimum|\{x\}|nullable/)
  })

  test('leave out a schema no model could be shown, and say so', async () => {
    const properties = Object.fromEntries(Array.from({ length: 4_000 }, (_, index) => [`field_${index}`, { type: 'string' }]))
    const { operations } = await plan(
      api({ '/a': { post: { requestBody: { content: { 'application/json': { schema: { properties } } } } } } }),
    )
    expect(operations[0]?.inputSchema['properties']).toEqual({
      body: { description: 'Its schema is too large to be shown; see the documentation of the API.' },
    })
  })

  test('take files in forms as bytes with a name', async () => {
    const schema = { type: 'object', properties: { note: { type: 'string' }, scan: { type: 'string', format: 'binary' } } }
    const { operations } = await plan({
      ...api({ '/a': { post: { requestBody: { content: { 'multipart/form-data': { schema } } } } } }),
      openapi: '3.0.1',
    })
    expect(operations[0]?.inputSchema).toMatchObject({
      properties: { body: { properties: { note: { type: 'string' }, scan: { type: 'object', required: ['data'] } } } },
    })
  })
})

describe('a description is refused', () => {
  test.each([
    ['that is no document', 'hello', /not an object/],
    ['of another kind', '{"title": "x"}', /neither an `openapi` nor a `swagger`/],
    ['without paths', '{"openapi": "3.1.0"}', /no paths/],
    ['that cannot be read', 'openapi: [', /./],
    ['nested without end', `{"openapi":"3.1.0","paths":${'{"a":'.repeat(300)}1${'}'.repeat(300)}}`, /nested too deep/],
    [
      'whose aliases stand for billions',
      `openapi: 3.1.0\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, index) => `a${index + 1}: &a${index + 1} [${`*a${index},`.repeat(10)}]`).join('\n')}\npaths: {}`,
      /stand for too much|nested/,
    ],
  ])('%s', async (_, text, why) => {
    await expect(readDocument(text)).rejects.toMatchObject({ code: 'openapi-invalid', message: expect.stringMatching(why) as string })
  })

  test('whose operations all refer to the same, and hold far more than was written', async () => {
    const requestBody = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Slot' } } } }
    const methods = Object.fromEntries(['get', 'put', 'post', 'delete', 'patch'].map((method) => [method, { requestBody }]))
    const paths = Array.from({ length: 400 }, (_, index) => [`/${index}`, { $ref: '#/components/pathItems/all' }])
    const many = (schema: Json): Json =>
      api(Object.fromEntries(paths) as Json, { components: { schemas: { Slot: schema }, pathItems: { all: methods } } })
    expect((await plan(many({ const: 'x' }))).operations).toHaveLength(2_000)
    await expect(plan(many({ const: 'x'.repeat(20_000) }))).rejects.toMatchObject({
      code: 'openapi-invalid',
      message: expect.stringContaining('more than 32 MiB') as string,
    })
  })
})

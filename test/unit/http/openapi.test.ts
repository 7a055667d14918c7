import { expect, test } from 'vitest'
import { browsersContract } from '../../../server/browsers/contract/index.ts'
import { controlContract } from '../../../server/control/contract/index.ts'
import { openApiOf } from '../../../server/http/openapi.ts'

type Operation = {
  operationId: string
  parameters?: { name: string; in: string; required: boolean }[]
  requestBody?: { required: boolean }
  responses: Record<string, unknown>
  security: unknown[]
}

function operations(document: Record<string, unknown>): Operation[] {
  return Object.values(document['paths'] as Record<string, Record<string, Operation>>).flatMap((path) => Object.values(path))
}

test.each([browsersContract, controlContract])('$title: every route and socket is in the document once', (contract) => {
  const found = operations(openApiOf(contract as never, ''))
  const names = [...Object.keys(contract.routes), ...Object.keys(contract.sockets ?? {})]
  expect(found.map((operation) => operation.operationId).toSorted()).toEqual(names.toSorted())
  expect(new Set(found.map((operation) => operation.operationId)).size).toBe(names.length)
})

test('path parameters are declared, in braces and required', () => {
  const document = openApiOf(browsersContract as never, '/browsers')
  const close = (document['paths'] as Record<string, Record<string, Operation>>)['/sessions/{session_id}']?.['delete']
  expect(close?.parameters).toEqual([expect.objectContaining({ name: 'session_id', in: 'path', required: true })])
  expect(document['servers']).toEqual([{ url: '/browsers' }])
})

test('public routes ask for no key, local ones may take one, the rest demand one', () => {
  const byName = Object.fromEntries(
    operations(openApiOf(browsersContract as never, '')).map((operation) => [operation.operationId, operation]),
  )
  expect(byName['health']?.security).toEqual([])
  expect(byName['getSession']?.security).toContainEqual({})
  expect(byName['openSession']?.security).not.toContainEqual({})
})

test("the document names OpenAPI 3.1 and carries the API's own error shape", () => {
  const document = openApiOf(browsersContract as never, '') as {
    openapi: string
    components: { schemas: { Error: { properties: object } } }
  }
  expect(document.openapi).toBe('3.1.0')
  expect(Object.keys(document.components.schemas.Error.properties)).toEqual([
    'success',
    'error',
    'details',
    'request_id',
    'debug_bundle_url',
  ])
})

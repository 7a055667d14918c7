import { expect, test } from 'vitest'
import { connectClients, connectSnippet } from '../../../../renderer/pages/relay/connect-snippets.ts'
import { fieldsOf, valuesOf } from '../../../../renderer/pages/relay/schema-form.ts'
import { namedLines, splitCommand } from '../../../../renderer/pages/relay/server-form.ts'

const bridge = { command: '/opt/Wheelhouse/wheelhouse', args: ['mcp'] }
const bearerUrl = 'http://127.0.0.1:8090/mcp'
const address = { sessionId: 'secret-id', sessionUrl: `${bearerUrl}/secret-id`, bearerUrl, bridge }

test('with a header the address carries no secret, for every client that takes one', () => {
  for (const { value } of connectClients.filter((each) => each.value !== 'stdio')) {
    expect(connectSnippet(value, address, true)).toContain('Bearer secret-id')
    expect(connectSnippet(value, address, true)).not.toContain('/mcp/secret-id')
    expect(connectSnippet(value, address, false)).toContain(address.sessionUrl)
  }
  expect(JSON.parse(connectSnippet('json', address, false))).toEqual({ mcpServers: { relayforge: { url: address.sessionUrl } } })
  expect(connectSnippet('claude-code', address, true)).toBe(
    'claude mcp add --transport http wheelhouse http://127.0.0.1:8090/mcp --header "Authorization: Bearer secret-id"',
  )
})

test('a client that starts a program is given it with the secret in a variable, where no list of processes shows it', () => {
  expect(JSON.parse(connectSnippet('stdio', address, true))).toEqual({
    mcpServers: { wheelhouse: { ...bridge, env: { WHEELHOUSE_SESSION: 'secret-id', WHEELHOUSE_URL: bearerUrl } } },
  })
})

test('a form has a field for each property, and gives back what the schema asks for', () => {
  const fields = fieldsOf({
    type: 'object',
    properties: {
      path: { type: 'string', description: 'Where' },
      depth: { type: 'integer' },
      hidden: { type: 'boolean' },
      mode: { type: 'string', enum: ['a', 'b'] },
      filter: { type: 'object' },
    },
    required: ['path'],
  })
  expect(fields.map(({ name, kind, required, choices }) => [name, kind, required, choices])).toEqual([
    ['path', 'text', true, null],
    ['depth', 'number', false, null],
    ['hidden', 'boolean', false, ['true', 'false']],
    ['mode', 'text', false, ['a', 'b']],
    ['filter', 'json', false, null],
  ])
  expect(valuesOf(fields, { path: '/inbox', depth: '2', hidden: 'false', mode: '', filter: '{"a":1}' })).toEqual({
    path: '/inbox',
    depth: 2,
    hidden: false,
    filter: { a: 1 },
  })
  expect(() => valuesOf(fields, { filter: '{' })).toThrow('filter is not JSON')
})

test('a command line is taken apart as a shell would, secrets by their first separator', () => {
  expect(splitCommand(`npx -y "@scope/a b" 'c "d"' e\\ f ""`)).toEqual(['npx', '-y', '@scope/a b', 'c "d"', 'e f', ''])
  expect(namedLines('A=1=2\n\n B = x ', '=')).toEqual({ A: '1=2', B: 'x' })
  expect(() => namedLines('nothing', ':')).toThrow('has no name')
})

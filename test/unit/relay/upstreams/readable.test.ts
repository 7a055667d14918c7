/** What servers list as they do in the field, and what clients are shown of it. */
import { expect, test } from 'vitest'
import { readable } from '../../../../server/relay/upstreams/readable.ts'
import { soundSchema } from '../../../../server/relay/upstreams/sound-schema.ts'

test('a tool that is as the protocol has it stays as it is, with what newer revisions add', () => {
  const tool = {
    name: 'berth',
    title: 'Berth',
    inputSchema: { $schema: 'https://x.test/s', type: 'object', properties: { id: { type: ['string', 'null'], enum: ['a', null] } } },
    outputSchema: { type: 'object', properties: {} },
    annotations: { readOnlyHint: true },
    execution: { taskSupport: 'optional' },
    icons: [{ src: 'data:,', sizes: ['48x48'] }],
    later: { of: 'another revision' },
  }
  expect(readable('tools', tool)).toEqual(tool)
})

test.each<[string, unknown, unknown]>([
  ['no schema', {}, { type: 'object' }],
  ['no schema but null', { inputSchema: null }, { type: 'object' }],
  ['a schema that says no type', { inputSchema: { anyOf: [{ type: 'object' }] } }, { type: 'object', anyOf: [{ type: 'object' }] }],
  ['null for what is not there', { inputSchema: { type: 'object', properties: null, required: null } }, { type: 'object' }],
  [
    'schemas of arguments that are none',
    { inputSchema: { type: 'object', properties: { a: true, b: 'text', c: { type: 'int', required: true } } } },
    { type: 'object', properties: { a: {}, b: {}, c: { type: 'integer' } } },
  ],
])('a tool with %s can be read by every client', (_, given, inputSchema) => {
  const odd = { title: null, description: 5, annotations: null, outputSchema: { type: 'array' }, _meta: null, icons: [{}] }
  expect(readable('tools', { name: 'berth', ...odd, ...(given as object) })).toEqual({ name: 'berth', inputSchema, icons: [] })
})

test('what has no name or address is not listed, and a resource is called by its address where it has no name', () => {
  for (const nameless of [null, 'berth', [], {}, { name: '' }, { name: 5 }]) expect(readable('tools', nameless)).toBeNull()
  expect(readable('resources', { name: 'berth' })).toBeNull()
  expect(readable('resources', { uri: 'yard://1', mimeType: null, size: '5' })).toEqual({ uri: 'yard://1', name: 'yard://1' })
  expect(readable('prompts', { name: 'p', arguments: [{ name: 'a', required: null }, { name: null }] })).toEqual({
    name: 'p',
    arguments: [{ name: 'a' }],
  })
})

test('a schema loses what no dialect knows and keeps the rest, however deep', () => {
  const schema = (more: object): object => ({ allOf: [{ properties: { a: { items: { type: 'String', maxLength: 3, ...more } } } }] })
  const wrong = { minimum: '1', enum: null, pattern: '(?P<a>x)', minLength: -1, title: 5, not: null, anyOf: [], multipleOf: 0 }
  expect(soundSchema(schema(wrong))).toEqual({ allOf: [{ properties: { a: { items: { type: 'string', maxLength: 3 } } } }] })
  let deep: object = {}
  for (let depth = 0; depth < 5_000; depth += 1) deep = { not: deep }
  expect(JSON.stringify(soundSchema(deep)).length).toBeLessThan(2_000)
})

/** What changed in a definition, and what is added to one. */
import { expect, test } from 'vitest'
import { noHandling } from '../../../../server/relay/contract/tool-handling.ts'
import { definitionChange, differOnlyInTexts } from '../../../../server/relay/upstreams/definitions.ts'
import { argumentsFor, listedAs } from '../../../../server/relay/upstreams/handling.ts'

const before = {
  name: 'delete_event',
  description: 'Remove an event',
  inputSchema: { type: 'object', properties: { id: { type: 'string', description: 'Its id' } }, required: ['id'] },
}

test('only titles and descriptions are texts: names, schemas, hints and values are not, also where they are called like texts', () => {
  const later = structuredClone(before)
  later.description = 'Remove an event, 27 November'
  later.inputSchema.properties.id.description = 'The id'
  expect(differOnlyInTexts(before, { ...later, title: 'Delete', annotations: { title: 'Delete' } })).toBe(false)
  expect(differOnlyInTexts(before, { ...later, title: 'Delete' })).toBe(true)
  expect(differOnlyInTexts(before, { ...later, annotations: { readOnlyHint: true } })).toBe(false)
  const property = (name: string, schema: object) => ({ ...before, inputSchema: { type: 'object', properties: { [name]: schema } } })
  expect(differOnlyInTexts(property('description', { type: 'string' }), property('title', { type: 'string' }))).toBe(false)
  expect(differOnlyInTexts(property('a', { const: { title: 'x' } }), property('a', { const: { title: 'y' } }))).toBe(false)
  expect(differOnlyInTexts(property('a', { enum: ['x'] }), property('a', { enum: ['y'] }))).toBe(false)
})

test('a change is shown line by line, what stays once', () => {
  const now = structuredClone<Omit<typeof before, 'inputSchema'> & { inputSchema: { properties: object } }>(before)
  now.description = 'Remove an event and tell all guests'
  now.inputSchema.properties = { ...now.inputSchema.properties, notify: { type: 'boolean', default: true } }
  const signs = { same: ' ', removed: '-', added: '+' }
  expect(definitionChange(before, now).map(({ kind, text }) => `${signs[kind]} ${text}`)).toEqual([
    '  "name": "delete_event",',
    '- "description": "Remove an event",',
    '+ "description": "Remove an event and tell all guests",',
    '  "inputSchema": {',
    '    "properties": {',
    '      "id": { "description": "Its id", "type": "string" },',
    '+     "notify": { "default": true, "type": "boolean" }',
    '    },',
    '    "required": ["id"],',
    '    "type": "object"',
    '  }',
  ])
  expect(definitionChange(null, before).every(({ kind }) => kind === 'same')).toBe(true)
})

test('a pinned argument is not listed and always sent; a default is sent where the client gives none', () => {
  const handled = [
    { name: 'id', mode: 'pinned' as const, value: 'E1', given: 'refuse' as const },
    { name: 'notify', mode: 'default' as const, value: false, given: 'refuse' as const },
  ]
  const tool = {
    ...before,
    inputSchema: { ...before.inputSchema, properties: { id: {}, notify: { type: 'boolean' } }, required: ['id', 'notify'] },
  }
  expect(listedAs(tool, { ...noHandling, note: 'Ask first', arguments: handled })).toEqual({
    name: 'delete_event',
    description: 'Remove an event\n\nAsk first',
    inputSchema: { type: 'object', properties: { notify: { type: 'boolean', default: false } }, required: [] },
  })
  expect(listedAs(tool, { ...noHandling, description: 'Ours' }).description).toBe('Ours')
  expect(argumentsFor(handled, undefined)).toEqual({ arguments: { id: 'E1', notify: false }, refused: null })
  expect(argumentsFor(handled, { id: 'E1', notify: true })).toEqual({ arguments: { id: 'E1', notify: true }, refused: null })
  expect(argumentsFor(handled, { id: 'E2' })).toEqual({ refused: 'id' })
  expect(argumentsFor([{ name: 'id', mode: 'pinned', value: 'E1', given: 'overwrite' }], { id: 'E2' })).toEqual({
    arguments: { id: 'E1' },
    refused: null,
  })
})

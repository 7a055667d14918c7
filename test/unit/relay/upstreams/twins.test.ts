/** What a server lists twice is kept once, and said. */
import { expect, test } from 'vitest'
import { withoutTwins } from '../../../../server/relay/upstreams/twins.ts'

test('the first of two tools of one name is kept, whatever the second says of itself', () => {
  const first = { name: 'echo', description: 'one' }
  expect(withoutTwins('tools', [first, { name: 'count' }, { name: 'echo', description: 'two' }])).toEqual({
    items: [first, { name: 'count' }],
    twins: ['echo'],
  })
})

test('resources are told apart by their addresses, and may share a name', () => {
  const listed = [
    { name: 'log', uri: 'file:///a' },
    { name: 'log', uri: 'file:///b' },
    { name: 'again', uri: 'file:///a' },
  ]
  expect(withoutTwins('resources', listed)).toEqual({ items: listed.slice(0, 2), twins: ['file:///a'] })
  expect(withoutTwins('resourceTemplates', [{ uriTemplate: 'a{x}' }, { uriTemplate: 'a{x}' }]).twins).toEqual(['a{x}'])
})

/** Names are looked up in a table, never taken apart. */
import { expect, test } from 'vitest'
import { noRules, sessionPolicy } from '../../../../server/relay/contract/parts.ts'
import type { Upstream } from '../../../../server/relay/upstreams/upstream.ts'
import { upstreamOfResource } from '../../../../server/relay/sessions/resources.ts'
import { reachesServer } from '../../../../server/relay/sessions/reach.ts'
import { ShownNames } from '../../../../server/relay/sessions/shown-names.ts'
import { buildView } from '../../../../server/relay/sessions/view.ts'

/** An id as servers have it. */
const idOf = (name: string): string => `up_${name.replace(/\W/g, '0').replaceAll('_', '0').padEnd(12, '0')}`

function server(name: string, tools: string[], more: object = {}): Upstream {
  const catalogue = {
    tools: tools.map((tool) => ({ name: tool })),
    prompts: [{ name: 'greet' }],
    resources: [],
    resourceTemplates: [],
    ...more,
  }
  // What a view reads of a server, without the process behind it.
  return {
    definition: { id: idOf(name), name, enabled: true },
    state: 'ready',
    capabilities: { resources: {} },
    catalogue,
  } as unknown as Upstream
}
const view = (upstreams: Upstream[], policy = {}, rules = {}) => {
  const reach = { policy: sessionPolicy.parse(policy), rules: { ...noRules, ...rules }, policyBy: 'owner' }
  const reached = upstreams.map(({ definition }) => definition).filter((definition) => reachesServer(reach, definition))
  return buildView(
    {
      all: () => upstreams,
      tools: {
        find: (_, name) => ({
          name,
          definition: { name },
          hash: 'same',
          approvedHash: name.startsWith('changed') ? 'other' : 'same',
          enabled: !name.startsWith('off'),
          price: 0,
          changedAt: 0,
        }),
      },
      mayUseBuiltIn: () => true,
    },
    reach,
    new ShownNames({ kept: [], renames: reach.policy.renames, reached, exists: () => true }),
  )
}
const targets = (made: ReturnType<typeof view>) =>
  [...made.tools.values()].map(({ name, upstream, tool }) => `${name} = ${upstream.definition.name}/${tool.name}`)

test('two servers that make the same name both stay callable, by the same names each time', () => {
  const upstreams = [server('a', ['b__c']), server('a__b', ['c'])]
  const expected = ['a__b__c = a/b__c', 'a__b__c_2 = a__b/c']
  expect(targets(view(upstreams))).toEqual(expected)
  expect(targets(view(upstreams))).toEqual(expected)
})

test('one server alone keeps its names, for prompts too', () => {
  const made = view([server('calendar', ['list_events'])])
  expect([...made.tools.keys(), ...made.prompts.keys()]).toEqual(['list_events', 'greet'])
})

test('what is off, held back or not allowed cannot be seen', () => {
  expect(targets(view([server('s', ['one', 'off_two', 'changed_three'])]))).toEqual(['one = s/one'])
  expect(targets(view([server('s', ['one', 'two']), server('t', ['one'])], { tools: [{ upstream: idOf('t'), name: 'one' }] }))).toEqual([
    't__one = t/one',
  ])
  expect(targets(view([server('s', ['one', 'two'])], { renames: [{ upstream: idOf('s'), name: 'one', as: 'first' }] }))).toEqual([
    'first = s/one',
    'two = s/two',
  ])
  expect(targets(view([server('s', ['one'])], { readOnly: true }))).toEqual([])
})

test('an account’s rules hold above what its sessions allow themselves, by the servers’ own names', () => {
  const upstreams = [server('s', ['one', 'two']), server('t', ['one'])]
  expect(targets(view(upstreams, {}, { upstreams: [idOf('t')] }))).toEqual(['one = t/one'])
  expect(
    targets(
      view(
        upstreams,
        {},
        {
          tools: [
            { upstream: idOf('s'), name: 'two' },
            { upstream: idOf('t'), name: 'one' },
          ],
        },
      ),
    ),
  ).toEqual(['s__two = s/two', 't__one = t/one'])
  expect(
    targets(view(upstreams, { tools: [{ upstream: idOf('s'), name: 'one' }] }, { tools: [{ upstream: idOf('s'), name: 'two' }] })),
  ).toEqual([])
  expect(targets(view(upstreams, {}, { readOnly: true }))).toEqual([])
})

test('a resource belongs to the server that lists it, or whose template it fits', () => {
  const made = view([
    server('files', [], { resources: [{ uri: 'file:///a' }] }),
    server('db', [], { resourceTemplates: [{ uriTemplate: 'db://{table}/rows/{id}' }] }),
  ])
  expect(upstreamOfResource(made, 'file:///a')?.definition.name).toBe('files')
  expect(upstreamOfResource(made, 'db://ships/rows/7')?.definition.name).toBe('db')
  expect(upstreamOfResource(made, 'http://elsewhere')).toBeUndefined()
})

test('a template made to be hard to read is read as quickly as any other', () => {
  const made = view([
    server('files', [], { resources: [] }),
    server('db', [], { resourceTemplates: [{ uriTemplate: `db://${'{'.repeat(1_000_000)}` }] }),
  ])
  expect(upstreamOfResource(made, 'db://ships')).toBeUndefined()
})

test('an address made to be hard to compare with a template is compared as quickly as any other', () => {
  const made = view([
    server('files', [], { resources: [] }),
    server('db', [], { resourceTemplates: [{ uriTemplate: 'db://{table}/{part}/{column}/{id}.json' }] }),
  ])
  const hard = `db://${'/'.repeat(100_000)}`
  expect(upstreamOfResource(made, `${hard} .json`)).toBeUndefined()
  expect(upstreamOfResource(made, `${hard}.json`)?.definition.name).toBe('db')
  expect(upstreamOfResource(made, 'db://a/b/c.json')).toBeUndefined()
})

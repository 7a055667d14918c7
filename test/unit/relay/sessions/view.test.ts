/** Names are looked up in a table, never taken apart. */
import { expect, test } from 'vitest'
import { noHandling } from '../../../../server/relay/contract/tool-handling.ts'
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
const group = 'group_0123456789ab'
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
          agreed: null,
          heldCalls: 0,
          handling: noHandling,
        }),
      },
      items: { stateOf: (_, { name }) => (name.includes('off') ? 'off' : 'on') },
      mayUseBuiltIn: () => true,
    },
    {
      ...reach,
      names: new ShownNames({ kept: [], renames: reach.policy.renames, reached, exists: () => true }),
      groupTools: (id) => (id === group ? [{ upstream: idOf('s'), name: 'two' }] : []),
    },
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

test('a group of tools is allowed beside those named, and one that is gone opens nothing', () => {
  const upstreams = [server('s', ['one', 'two', 'three'])]
  expect(targets(view(upstreams, { groups: [group] }))).toEqual(['two = s/two'])
  expect(targets(view(upstreams, { groups: [group], tools: [{ upstream: idOf('s'), name: 'one' }] }))).toEqual([
    'one = s/one',
    'two = s/two',
  ])
  expect(targets(view(upstreams, { groups: ['group_999999999999'] }))).toEqual([])
})

test('a resource that is off is not to be had by another spelling, by a template, or because nobody lists it', () => {
  const resources = [{ uri: 'file:///yard/plan' }, { uri: 'file:///off/plan' }]
  const templates = [{ uriTemplate: 'file:///{area}/plan' }, { uriTemplate: 'off://{any}' }]
  const made = view([server('files', [], { resources, resourceTemplates: templates })])
  const has = (uri: string) => upstreamOfResource(made, uri) !== undefined
  expect(made.listedResources).toEqual([{ uri: 'file:///yard/plan' }])
  expect(['file:///yard/plan', 'file:///quay/plan'].map(has)).toEqual([true, true])
  for (const uri of ['file:///off/plan', 'file:///%6fff/plan', 'file:///x/../off/plan', 'file:///off/plan?x#y', 'off://door', 'else://x'])
    expect(`${uri} ${has(uri)}`).toBe(`${uri} false`)
})

test('a session with named resources and prompts has those alone', () => {
  const resources = [{ uri: 'file:///a' }, { uri: 'file:///b' }]
  const templates = [{ uriTemplate: 'db://{table}' }, { uriTemplate: 'log://{day}' }]
  const upstream = idOf('files')
  const made = view([server('files', [], { resources, resourceTemplates: templates })], {
    resources: [
      { upstream, uri: 'file:///a' },
      { upstream, uri: 'db://{table}' },
    ],
    prompts: [],
  })
  const has = (uri: string) => upstreamOfResource(made, uri) !== undefined
  expect(['file:///a', 'db://ships', 'file:///b', 'log://today', 'file:///c'].map(has)).toEqual([true, true, false, false, false])
  expect([...made.prompts.keys()]).toEqual([])
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

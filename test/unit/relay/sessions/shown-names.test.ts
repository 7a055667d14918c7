/** Names that models take, made once for each session and kept. */
import { expect, test } from 'vitest'
import type { Alias } from '../../../../server/relay/contract/parts.ts'
import { freeName, modelName } from '../../../../server/relay/sessions/model-names.ts'
import { olderPolicy, resolvePolicy } from '../../../../server/relay/sessions/given-policy.ts'
import { givenPolicy } from '../../../../server/relay/contract/parts.ts'
import { ShownNames, type KeptNames } from '../../../../server/relay/sessions/shown-names.ts'

const a = { id: 'up_aaaaaaaaaaaa', name: 'A' }
const b = { id: 'up_bbbbbbbbbbbb', name: 'B' }
const names = (reached: { id: string; name: string }[], kept: KeptNames = [], renames: Alias[] = [], gone: string[] = []) =>
  new ShownNames({ kept, renames, reached, exists: (id) => !gone.includes(id) })
const kept = (of: ShownNames): KeptNames => JSON.parse(JSON.stringify(of))

test('every name is one that all models take, and the same each time', () => {
  const long = 'read_the_manifest_of_a_container_that_stands_in_a_yard_at_the_harbour'
  const made = ['a.b', 'grüße', 'files/read', '', long, `${long}_2`].map((name) => modelName('my.server', name))
  for (const name of made) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
  expect(made[0]).toBe('my_server__a_b')
  expect(new Set(made).size).toBe(made.length)
  expect(modelName('my.server', long)).toBe(made[4])
  expect(modelName('', 'echo')).toBe('echo')
  expect(freeName(new Set(['x'.repeat(64)]), 'x'.repeat(64))).toBe(`${'x'.repeat(62)}_2`)
})

test('a session that had one server keeps its names when another is added, whose names say its server', () => {
  const alone = names([a])
  expect(alone.nameOf('tool', a, 'echo')).toBe('echo')
  const both = names([a, b], kept(alone))
  expect([both.nameOf('tool', b, 'echo'), both.nameOf('tool', a, 'echo'), both.nameOf('prompt', b, 'greet')]).toEqual([
    'B__echo',
    'echo',
    'B__greet',
  ])
  // A tool that comes later is named as its server's others.
  expect(both.nameOf('tool', a, 'later')).toBe('later')
  // And when the first server comes back after the second was alone for a while.
  expect(names([b], kept(both)).nameOf('tool', b, 'echo')).toBe('B__echo')
})

test('a server that is renamed keeps its names, and one that was removed leaves its names to others', () => {
  const first = names([a, b])
  expect(first.nameOf('tool', a, 'echo')).toBe('A__echo')
  const renamed = { ...a, name: 'Other' }
  const later = names([renamed, b], kept(first))
  expect([later.nameOf('tool', renamed, 'echo'), later.nameOf('tool', renamed, 'new')]).toEqual(['A__echo', 'A__new'])
  const anew = { id: 'up_cccccccccccc', name: 'A' }
  expect(names([anew, b], kept(later), [], [a.id]).nameOf('tool', anew, 'echo')).toBe('A__echo')
})

test('names that would be the same are told apart, in whatever order they are asked for again', () => {
  const alone = names([a])
  expect([alone.nameOf('tool', a, 'a.b'), alone.nameOf('tool', a, 'a_b'), alone.nameOf('tool', a, 'B__echo')]).toEqual([
    'a_b',
    'A__a_b',
    'B__echo',
  ])
  const both = names([b, a], kept(alone))
  expect([both.nameOf('tool', b, 'echo'), both.nameOf('tool', a, 'a_b'), both.nameOf('tool', a, '__proto__')]).toEqual([
    'B__echo_2',
    'A__a_b',
    '__proto__',
  ])
  expect(names([a, b], kept(both)).nameOf('tool', b, 'echo')).toBe('B__echo_2')
})

test('a new name that a person gave comes first, and is refused where it would mean two things', () => {
  const first = names([a])
  for (const own of ['echo', 'say']) first.nameOf('tool', a, own)
  const alias = (name: string, as: string): Alias => ({ kind: 'tool', upstream: a.id, name, as })
  const resolved = (policy: object) => resolvePolicy(givenPolicy.parse(policy), names([a], kept(first)))
  expect(resolved({ renames: [alias('echo', 'shout')] }).renames).toEqual([alias('echo', 'shout')])
  expect(names([a], kept(first), [alias('echo', 'shout')]).nameOf('tool', a, 'echo')).toBe('shout')
  expect(() => resolved({ renames: [alias('echo', 'say')] })).toThrow('already shows say')
  // Both at once change places.
  expect(resolved({ renames: [alias('echo', 'say'), alias('say', 'echo')] }).renames).toHaveLength(2)
  expect(givenPolicy.safeParse({ renames: [alias('echo', 'x'), alias('say', 'x')] }).success).toBe(false)
  expect(givenPolicy.safeParse({ renames: [alias('echo', 'with.dot')] }).success).toBe(false)
})

test('tools named as the session shows them are kept by server and tool', () => {
  const both = () => {
    const made = names([a, b])
    for (const server of [a, b]) made.nameOf('tool', server, 'echo')
    return made
  }
  const resolved = resolvePolicy(givenPolicy.parse({ tools: ['A__echo', 'B__not_yet'], renames: { B__echo: 'say' } }), both())
  expect(resolved.tools).toEqual([
    { upstream: a.id, name: 'echo' },
    { upstream: b.id, name: 'not_yet' },
  ])
  expect(resolved.renames).toEqual([{ kind: 'tool', upstream: b.id, name: 'echo', as: 'say' }])
  expect(() => resolvePolicy(givenPolicy.parse({ tools: ['echo'] }), both())).toThrow('shows as echo')
})

test('a policy of an older version means what it meant, and what means nothing opens nothing', () => {
  const older = { tools: ['A__echo', 'gone'], renames: { A__echo: 'say.it', B__echo: 'say_it' }, readOnly: true }
  expect(olderPolicy(older, names([a, b]))).toMatchObject({
    tools: [{ upstream: a.id, name: 'echo' }],
    renames: [
      { upstream: a.id, name: 'echo', as: 'say_it' },
      { upstream: b.id, name: 'echo', as: 'say_it_2' },
    ],
    readOnly: true,
  })
  expect(olderPolicy({ tools: ['A__echo'] }, names([a])).tools).toEqual([{ upstream: a.id, name: 'A__echo' }])
  expect(olderPolicy({ tools: ['gone'] }, names([a, b])).tools).toEqual([])
})

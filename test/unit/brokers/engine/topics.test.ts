import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TopicTree, type Held } from '../../../../server/brokers/engine/embedded/topic-tree.ts'
import { hasWildcard, isTopic, matches, parseFilter } from '../../../../server/brokers/engine/topics.ts'

const subscription = (filter: string, key = filter, group: string | null = null): Held<{ key: string }> => ({
  turn: 0,
  subscriber: { key },
  filter,
  group,
  qos: 1,
  noLocal: false,
  retainAsPublished: false,
  identifier: null,
})

describe('topics', () => {
  it.each([
    ['orders/+', 'orders/1', true],
    ['orders/+', 'orders/1/2', false],
    ['orders/#', 'orders', true],
    ['orders/#', 'orders/1/2', true],
    ['#', 'anything/at/all', true],
    ['#', '$SYS/uptime', false],
    ['+/uptime', '$SYS/uptime', false],
    ['$SYS/#', '$SYS/uptime', true],
    ['#', 'sys/logs', false],
    ['sys/+', 'sys/logs', false],
    ['sys/logs', 'sys/logs', true],
    ['+/+', '/finance', true],
    ['c#', 'c#', true],
  ])('filter %s and topic %s match: %s', (filter, topic, expected) => {
    expect(matches(filter, topic)).toBe(expected)
  })

  it('refuses topics with wildcard levels, without letters, with NUL or too long', () => {
    for (const topic of ['', 'a/+', '#', 'a\0b', 'x'.repeat(1_025)]) expect(isTopic(topic)).toBe(false)
    for (const topic of ['a', '/', 'c#', 'a+b', 'ä/ö']) expect(isTopic(topic)).toBe(true)
  })

  it('reads shared filters and refuses those without a group or filter', () => {
    expect(parseFilter('$share/workers/jobs/#')).toEqual({ group: 'workers', filter: 'jobs/#' })
    expect(parseFilter('jobs')).toEqual({ group: null, filter: 'jobs' })
    for (const filter of ['$share/workers', '$share//jobs', '$share/a+b/jobs', '', 'a/#/b']) expect(parseFilter(filter)).toBeNull()
  })

  it('finds in the tree exactly what a comparison one by one finds, also after removals', () => {
    const level = fc.constantFrom('a', 'b', '', '$c', 'sys', 'logs')
    const wild = fc.oneof({ arbitrary: level, weight: 3 }, { arbitrary: fc.constant('+'), weight: 1 })
    const filter = fc
      .tuple(fc.array(wild, { minLength: 1, maxLength: 4 }), fc.boolean())
      .map(([levels, all]) => [...levels, ...(all ? ['#'] : [])].join('/'))
      .filter((text) => text !== '')
    const topic = fc
      .array(level, { minLength: 1, maxLength: 5 })
      .map((levels) => levels.join('/'))
      .filter((text) => text !== '')
    fc.assert(
      fc.property(
        fc.array(filter, { maxLength: 12 }),
        fc.array(topic, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(11)),
        (filters, topics, removed) => {
          const tree = new TopicTree<{ key: string }>()
          const all = filters.map((each, index) => subscription(each, `k${index}`))
          for (const each of all) tree.add(each)
          const gone = new Set(removed.flatMap((index) => all[index] ?? []))
          for (const each of gone) tree.remove(each)
          for (const each of topics) {
            const found = tree
              .route(each)
              .targets.map(({ subscriber }) => subscriber.key)
              .sort()
            const expected = all
              .filter((one) => !gone.has(one) && matches(one.filter, each))
              .map(({ subscriber }) => subscriber.key)
              .sort()
            expect(found).toEqual(expected)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('gives one target to a subscriber whose filters overlap, at the highest quality', () => {
    const tree = new TopicTree<{ key: string }>()
    const first = subscription('a/#')
    tree.add({ ...first, qos: 0, identifier: 1 })
    tree.add({ ...first, filter: 'a/b', qos: 2, identifier: 2 })
    expect(tree.route('a/b').targets).toMatchObject([{ qos: 2, identifiers: [2, 1] }])
    expect(hasWildcard('a/b')).toBe(false)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RetainedTree } from '../../../../server/brokers/engine/embedded/retained-tree.ts'
import { TopicNames } from '../../../../server/brokers/engine/embedded/topic-names.ts'
import { matches } from '../../../../server/brokers/engine/topics.ts'

function treeOf(topics: Iterable<string>): RetainedTree<string> {
  const tree = new RetainedTree<string>()
  for (const topic of topics) tree.set(topic, topic)
  return tree
}
const found = (tree: RetainedTree<string>, filter: string): string[] => [...tree.matching(filter)].filter((topic) => topic !== null).sort()

const level = fc.constantFrom('', 'a', 'b', '$x', 'a#')
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'))
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 0, maxLength: 4 }), fc.boolean())
  .map(([levels, all]) => [...levels, ...(all || levels.length === 0 ? ['#'] : [])].join('/'))

describe('retained messages by topic', () => {
  it('are found by every filter that matches their topics, whatever was taken away before, and by no other', () => {
    fc.assert(
      fc.property(fc.uniqueArray(topic), fc.uniqueArray(topic), filter, (kept, gone, wanted) => {
        const tree = treeOf([...kept, ...gone])
        for (const each of gone) tree.delete(each)
        const left = kept.filter((each) => !gone.includes(each))
        expect(found(tree, wanted)).toEqual(left.filter((each) => matches(wanted, each)).sort())
        expect(tree.size).toBe(left.length)
      }),
    )
  })

  it('cost a filter only the branches it reaches', () => {
    const tree = treeOf(Array.from({ length: 2_000 }, (_, n) => `house/${n}/lamp`))
    for (const wanted of ['house/7/lamp', 'house/7/#', 'house/7/+']) {
      const steps = [...tree.matching(wanted)]
      expect(steps.filter((step) => step !== null)).toEqual(['house/7/lamp'])
      expect(steps.length).toBeLessThanOrEqual(4)
    }
  })

  it('leave nothing behind when they are taken away', () => {
    const names = new TopicNames()
    const tree = new RetainedTree<string>(names)
    for (const each of ['a/b/c', 'a', 'a/b']) tree.set(each, each)
    for (const each of ['a/b/c', 'a', 'a/b', 'never']) tree.delete(each)
    expect([...tree.matching('#')]).toEqual([])
    expect(names.size).toBe(0)
  })
})

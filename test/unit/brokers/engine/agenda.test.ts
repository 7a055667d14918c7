import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Agenda, type Entry } from '../../../../server/brokers/engine/embedded/agenda.ts'

it('gives its entries in the order of their time, whatever was moved and removed', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ item: fc.nat(20), due: fc.nat(1_000), remove: fc.boolean() }), { maxLength: 200 }), (steps) => {
      const items: (Entry & { name: number })[] = Array.from({ length: 21 }, (_, name) => ({ name, due: 0, slot: -1 }))
      const agenda = new Agenda<Entry & { name: number }>()
      const expected = new Map<number, number>()
      for (const { item, due, remove } of steps) {
        const entry = items[item]
        if (entry === undefined) continue
        if (remove) {
          agenda.remove(entry)
          expected.delete(item)
        } else {
          agenda.set(entry, due)
          expected.set(item, due)
        }
      }
      expect(agenda.size).toBe(expected.size)
      const taken: number[] = []
      for (let entry = agenda.take(2_000); entry !== null; entry = agenda.take(2_000)) taken.push(entry.due)
      expect(taken).toEqual([...expected.values()].sort((a, b) => a - b))
    }),
  )
})

it('keeps what is not due', () => {
  const agenda = new Agenda()
  const entry = { due: 0, slot: -1 }
  agenda.set(entry, 100)
  expect(agenda.take(99)).toBeNull()
  expect(agenda.nextDue).toBe(100)
  expect(agenda.take(100)).toBe(entry)
  expect(agenda.nextDue).toBe(Infinity)
})

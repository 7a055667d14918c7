/** How writes of the shared database reach the disk. */
import { expect, test } from 'vitest'
import { openDatabase, quickly } from '../../../server/store/database.ts'

test('what is written quickly is there at once, and the next commit waits for the disk again, whatever happened', () => {
  const database = openDatabase(':memory:')
  database.exec('CREATE TABLE facts (value INTEGER NOT NULL)')
  const add = database.prepare('INSERT INTO facts VALUES (?)')
  const mode = () => database.pragma('synchronous', { simple: true })
  expect(
    quickly(database, () => {
      add.run(1)
      return mode()
    }),
  ).toBe(1)
  expect(() => quickly(database, () => add.run(null))).toThrow('NOT NULL')
  expect(mode()).toBe(2)
  // Inside a transaction it is part of that.
  database.transaction(() => quickly(database, () => add.run(2)))()
  expect([database.prepare('SELECT count(*) FROM facts').pluck().get(), mode()]).toEqual([2, 2])
  database.close()
})

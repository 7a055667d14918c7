import { expect, test } from 'vitest'
import { createGroupCommit } from '../../../../server/logins/store/group-commit.ts'
import { testDatabase, temporaryFolder } from '../../../fakes/kernel.ts'

test('where the disk is full nothing of a group happens, neither before nor after the work that met it, and each caller hears so', async () => {
  const database = testDatabase(`${temporaryFolder()}/full.sqlite`)
  database.exec('CREATE TABLE kept (name TEXT, filling BLOB)')
  // Pages of a large write go to the file before the commit, which is where a full disk is met.
  database.pragma('cache_size = 5')
  database.pragma(`max_page_count = ${Number(database.pragma('page_count', { simple: true })) + 3}`)
  const commit = createGroupCommit(database)
  const put = database.prepare('INSERT INTO kept VALUES (?, ?)')
  const told: string[] = []
  const write = (name: string, bytes: number) =>
    commit(
      () => put.run(name, Buffer.alloc(bytes)),
      () => void told.push(name),
    )
  const outcomes = await Promise.allSettled([write('before', 10), write('large', 200_000), write('after', 10)])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual([
    'SQLITE_FULL',
    'SQLITE_FULL',
    'SQLITE_FULL',
  ])
  expect(told).toEqual([])
  expect(database.prepare('SELECT name FROM kept').all()).toEqual([])
  await write('later', 10)
  expect(database.prepare('SELECT name FROM kept').pluck().all()).toEqual(['later'])
})

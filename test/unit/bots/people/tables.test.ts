/** When two chats turn out to be one, all that belongs to a chat moves: a table that was forgotten would stay with nobody. */
import { expect, test } from 'vitest'
import { tablesMerged } from '../../../../server/bots/people/merging-store.ts'
import { openDatabase } from '../../../../server/store/database.ts'
import { migrate } from '../../../../server/store/migrate.ts'

test('every table of the bots with a column for chats is one that is merged', () => {
  const database = openDatabase(':memory:')
  migrate(database)
  const withChats = database
    .prepare<[], string>(
      `SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON m.type = 'table' WHERE m.name LIKE 'bot\\_%' ESCAPE '\\' AND c.name = 'chat'`,
    )
    .pluck()
    .all()
  expect(withChats.length).toBeGreaterThan(8)
  expect(tablesMerged).toEqual(expect.arrayContaining(withChats))
})

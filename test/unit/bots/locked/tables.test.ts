/** What is sealed under a lost key is given up as a whole: a table that was forgotten would stay unreadable for ever. */
import { expect, test } from 'vitest'
import { tablesGivenUp } from '../../../../server/bots/locked/store.ts'
import { openDatabase } from '../../../../server/store/database.ts'
import { migrate } from '../../../../server/store/migrate.ts'

/** The link, which is given up with its bot. */
const elsewhere = ['bot_auth']

test('every table of the bots in which something is sealed is one whose locked rows can be given up', () => {
  const database = openDatabase(':memory:')
  migrate(database)
  const sealed = database
    .prepare<[], string>(
      `SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON m.type = 'table' WHERE m.name LIKE 'bot\\_%' ESCAPE '\\' AND c.name = 'sealed'`,
    )
    .pluck()
    .all()
  expect(sealed.length).toBeGreaterThan(10)
  expect(tablesGivenUp).toEqual(expect.arrayContaining(sealed.filter((table) => !elsewhere.includes(table))))
})

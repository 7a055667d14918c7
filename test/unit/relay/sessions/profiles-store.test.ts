import { expect, test } from 'vitest'
import { createProfileStore } from '../../../../server/relay/sessions/profiles-store.ts'
import { opensNothing } from '../../../../server/relay/sessions/store.ts'
import { openDatabase } from '../../../../server/store/database.ts'
import { migrate } from '../../../../server/store/migrate.ts'

test('a profile whose policy cannot be read opens nothing and costs nobody the others', () => {
  const database = openDatabase(':memory:')
  migrate(database)
  const store = createProfileStore(database)
  const kept = { policy: { ...opensNothing, readOnly: true }, createdAt: 1, changedAt: 1 }
  for (const name of ['a', 'b']) store.put({ id: `profile_${name}`, name, ...kept })
  database.exec(`UPDATE relay_profiles SET policy = '{"upstreams": "all of them"}' WHERE name = 'a'`)
  expect(store.all().map(({ name, policy }) => [name, policy])).toEqual([
    ['a', opensNothing],
    ['b', kept.policy],
  ])
})

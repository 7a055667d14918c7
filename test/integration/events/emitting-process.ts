/** Emits without end and says, as a server would to its client, what it has acknowledged. Killed by the test that starts it. */
import { writeSync } from 'node:fs'
import { systemClock } from '../../../server/clock.ts'
import { defaultSettings } from '../../../server/config/settings.ts'
import { createEventBus } from '../../../server/events/bus.ts'
import { createLog } from '../../../server/log.ts'
import { openDatabase } from '../../../server/store/database.ts'
import { migrate } from '../../../server/store/migrate.ts'

const database = openDatabase(process.argv[2] ?? '')
migrate(database)
const bus = createEventBus({
  database,
  clock: systemClock,
  log: createLog('error'),
  settings: { current: () => defaultSettings },
  titleOf: ({ type }) => type,
})
bus.subscribe(({ id }) => void writeSync(1, `seen ${id}\n`))

async function change(): Promise<void> {
  bus.emit({ room: 'control', type: 'changed' })
}

for (;;) {
  await change()
  writeSync(1, `acknowledged ${bus.lastId()}\n`)
  bus.emit({ room: 'control', type: 'seen', audited: false })
  await new Promise((resolve) => setImmediate(resolve))
}

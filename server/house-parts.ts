/** What the house itself keeps, under all rooms: the event bus with its trail, keys, accounts, sign-ins, and the sealing key. */
import { eventTitle } from '../words/words.ts'
import type { Clock } from './clock.ts'
import type { SettingsStore } from './config/settings-store.ts'
import { createKeys, type Keys } from './control/keys.ts'
import { createSignIn, type SignIn } from './control/sign-in.ts'
import { createUsers, type Users } from './control/users.ts'
import type { DiskWatch } from './disk-watch.ts'
import { createEventBus, type EventBus } from './events/bus.ts'
import type { Log } from './log.ts'
import { createSealing, type Sealing } from './secrets/sealing.ts'
import type { KeyProtector } from './secrets/sealing-key.ts'
import { createSealingStore } from './secrets/sealing-store.ts'
import type { Database } from './store/database.ts'
import { diskRefusal } from './store/disk.ts'
import { emptyDatabase } from './store/house-database.ts'
import { words } from './words.ts'

export interface HouseParts {
  sealing: Sealing
  bus: EventBus
  keys: Keys
  users: Users
  signIn: SignIn
}

export interface HouseGiven {
  dataDir: string
  keyProtector: KeyProtector | undefined
  disk: DiskWatch
  clock: Clock
  log: Log
  settings: SettingsStore
}

/** With tables that cannot be read the house goes on without what was in them: no key is known then, the owner's token is. */
export async function makeHouseParts(
  database: Database,
  { dataDir, keyProtector, disk, clock, log, settings }: HouseGiven,
): Promise<HouseParts> {
  const make = async (tables: Database): Promise<HouseParts> => {
    const bus = createEventBus({
      database: tables,
      clock,
      log,
      settings,
      titleOf: (event) => eventTitle(words, event) ?? event.type,
      refused: (error) => noteRefusal(disk, error),
    })
    const keys = createKeys({ database: tables, clock, events: bus, log })
    return {
      ...{ bus, keys },
      sealing: await createSealing({ dataDir, store: createSealingStore(tables), protector: keyProtector, clock, log }),
      users: createUsers({ database: tables, clock, events: bus }),
      signIn: createSignIn({ database: tables, clock, events: bus, keys }),
    }
  }
  try {
    return await make(database)
  } catch (error) {
    const refusal = diskRefusal(error)
    if (refusal === null) throw error
    log.error({ error }, 'what the house keeps cannot be read')
    disk.refused('control', refusal, { lasting: true })
    return make(emptyDatabase())
  }
}

function noteRefusal(disk: DiskWatch, error: unknown): void {
  const refusal = diskRefusal(error)
  if (refusal !== null) disk.refused('control', refusal)
}

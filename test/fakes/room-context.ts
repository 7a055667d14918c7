/** What a room is given, for tests: a real database in a temporary folder, settings that can be changed, events that are kept. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, type Clock } from '../../server/clock.ts'
import { merge } from '../../server/config/paths.ts'
import { defaultSettings, settingsSchema, type Settings, type SettingsPatch } from '../../server/config/settings.ts'
import type { SettingsSource } from '../../server/config/source.ts'
import type { NewEvent } from '../../server/events/event.ts'
import { Egress } from '../../server/http/egress.ts'
import type { RoomContext } from '../../server/room.ts'
import { createSealer } from '../../server/secrets/seal.ts'
import { openDatabase } from '../../server/store/database.ts'
import { migrate } from '../../server/store/migrate.ts'
import { testLog, type TestLog } from './kernel.ts'

export interface TestContext extends RoomContext {
  log: TestLog
  emitted: NewEvent[]
  change(patch: SettingsPatch): void
  /** Closes the database and removes the folder, unless it was given. */
  dispose(): void
}

export function createRoomContext({
  clock = systemClock,
  settings = {},
  dataDir,
  sealingKey = randomBytes(32),
}: { clock?: Clock; settings?: SettingsPatch; dataDir?: string; sealingKey?: Uint8Array } = {}): TestContext {
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'wheelhouse-room-'))
  const database = openDatabase(join(folder, 'wheelhouse.db'))
  migrate(database)
  const source = changeableSettings(settings)
  const emitted: NewEvent[] = []
  return {
    dataDir: folder,
    database,
    events: { emit: (event) => void emitted.push(event) },
    changed: () => {},
    sealer: createSealer(sealingKey),
    egress: new Egress({ allowedRanges: () => source.current().network.allowedRanges }),
    settings: source,
    clock,
    log: testLog(),
    emitted,
    change: source.change,
    dispose() {
      database.close()
      if (dataDir === undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function changeableSettings(patch: SettingsPatch): SettingsSource & { change(patch: SettingsPatch): void } {
  let now = settingsSchema.parse(merge(defaultSettings, patch))
  const listeners = new Set<(now: Settings, before: Settings) => void>()
  return {
    current: () => now,
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    change(more) {
      const before = now
      now = settingsSchema.parse(merge(now, more))
      for (const listener of listeners) listener(now, before)
    },
  }
}

/** What the room has for files: those that go out, and how long they stay. */
import { join } from 'node:path'
import type { Database } from 'better-sqlite3'
import type { Clock } from '../../clock.ts'
import type { Egress } from '../../http/egress.ts'
import { createEgressFetch } from '../../http/egress-fetch.ts'
import type { Log } from '../../log.ts'
import type { Sealer } from '../../secrets/sealer.ts'
import { createFileStore } from './file-store.ts'
import { createSealedFiles } from './sealed-files.ts'
import { createSources, type Sources } from './sources.ts'

export interface MediaOptions {
  database: Database
  /** Of the room; its files are in a folder below it, those of a database of its own beside that. */
  dataDir: string
  databaseFile: string | null
  sealer: Sealer
  egress: Egress
  clock: Clock
  log: Log
}

export interface Media {
  sources: Sources
  start(): void
  stop(): void
}

const hour = 3_600_000

export function createMedia({ database, dataDir, databaseFile, sealer, egress, clock, log }: MediaOptions): Media {
  const files = createSealedFiles(databaseFile === null ? join(dataDir, 'bots', 'files') : `${databaseFile}-files`)
  const sources = createSources({ files, store: createFileStore(database, sealer), fetch: createEgressFetch(egress), clock })
  let timer: NodeJS.Timeout | undefined

  function sweep(): void {
    try {
      sources.sweep()
    } catch (error) {
      log.warn({ error }, 'files that nothing needs could not be removed; the next round tries again')
    }
  }

  return {
    sources,
    start() {
      sweep()
      clearInterval(timer)
      timer = setInterval(sweep, hour).unref()
    },
    stop: () => clearInterval(timer),
  }
}

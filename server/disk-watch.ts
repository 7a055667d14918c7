/** Knows that the disk refuses, says so for every room it refused, and finds out when it takes what it is given again. */
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { iso, type Clock } from './clock.ts'
import type { HouseConcern } from './house-concerns.ts'
import type { ApiName } from './http/contract.ts'
import { diskRefusal, diskSentence, type DiskRefusal } from './store/disk.ts'

export interface DiskWatch {
  /** Something of the room's was not stored. `lasting`: until the next start, whatever the disk does. */
  refused(room: ApiName, refusal: DiskRefusal, how?: { lasting: boolean }): void
  /** Writes and removes a little; what comes of it is noted for the house. Null when the disk takes it. */
  probe(): DiskRefusal | null
  attention(): HouseConcern[]
  /** For the terminal, a sentence for each thing that is wrong. */
  complaints(): string[]
  stop(): void
}

interface Complaint {
  refusal: DiskRefusal
  since: number
  /** Room to write mends no damaged file, and not what could only be made on an empty database. */
  lasting: boolean
}

export interface DiskWatchOptions {
  dataDir: string
  clock: Clock
  changed(): void
  /** For tests: how a little is written. */
  write?(file: string): void
}

const probeEvery = 5_000
/** More than a file system keeps back for small files, so that a full disk does not pass for one with room. */
const probeBytes = 65_536

export function createDiskWatch({ dataDir, clock, changed, write = writeLittle }: DiskWatchOptions): DiskWatch {
  const open = new Map<ApiName, Complaint>()
  let timer: NodeJS.Timeout | undefined

  function refused(room: ApiName, refusal: DiskRefusal, { lasting } = { lasting: refusal.kind === 'broken' }): void {
    // A disk that refuses one room refuses the house: whoever reads the house's item need not guess.
    for (const each of new Set<ApiName>(['control', room])) {
      const known = open.get(each)
      if (known?.lasting !== true && known?.refusal.kind !== refusal.kind) open.set(each, { refusal, since: clock.now(), lasting })
    }
    timer ??= setInterval(probe, probeEvery).unref()
    changed()
  }

  function probe(): DiskRefusal | null {
    const refusal = tryWrite()
    if (refusal !== null) {
      refused('control', refusal)
      return refusal
    }
    if (timer === undefined) return null
    for (const [room, { lasting }] of open) if (!lasting) open.delete(room)
    clearInterval(timer)
    timer = undefined
    changed()
    return null
  }

  function tryWrite(): DiskRefusal | null {
    try {
      write(join(dataDir, '.disk-probe'))
      return null
    } catch (error) {
      return diskRefusal(error, { ofFile: true }) ?? { kind: 'failing', reason: error instanceof Error ? error.message : String(error) }
    }
  }

  return {
    refused,
    probe,
    attention: () =>
      [...open].map(([room, { refusal, since, lasting }]) => ({
        id: `disk:${room}`,
        room,
        kind: 'disk-refuses',
        facts: { room, folder: dataDir, refusal: refusal.kind, reason: refusal.reason, lasting },
        tone: 'bad',
        since: iso(since),
        action: null,
        subject: null,
      })),
    complaints: () => [...new Set([...open.values()].map(({ refusal }) => diskSentence(dataDir, refusal)))],
    stop() {
      clearInterval(timer)
    },
  }
}

function writeLittle(file: string): void {
  try {
    const handle = openSync(file, 'w', 0o600)
    try {
      writeSync(handle, Buffer.alloc(probeBytes))
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
  } finally {
    rmSync(file, { force: true })
  }
}

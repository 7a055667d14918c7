/** All that the room keeps under a key that is not here: named for a person, and given up when that person says so. */
import type { Database } from 'better-sqlite3'
import type { Webhooks } from '../../events/webhooks/webhooks.ts'
import type { Room } from '../../room.ts'
import type { Sealer } from '../../secrets/sealer.ts'
import type { Bot } from '../bot/bot.ts'
import { lockedBackups, removeLocked } from './store.ts'

export interface LockedRowsParts {
  database: Database
  sealer: Sealer
  webhooks: Pick<Webhooks, 'locked' | 'giveUpLocked'>
  bots(): readonly Bot[]
}

export interface LockedRows {
  /** Tries what is there; opening takes a while, so `list` says what was found then. */
  refresh(): void
  list(): ReturnType<NonNullable<Room['locked']>>
  /** For good. */
  giveUp(): Promise<void>
}

export function createLockedRows({ database, sealer, webhooks, bots }: LockedRowsParts): LockedRows {
  let found = { webhooks: 0, backups: 0 }
  const lockedBots = (): Bot[] => bots().filter(({ isLocked }) => isLocked)

  function refresh(): void {
    found = { webhooks: webhooks.locked('bots'), backups: lockedBots().length > 0 ? lockedBackups(database, sealer) : 0 }
  }

  return {
    refresh,
    list() {
      const names = lockedBots().map(({ row }) => row.userId)
      return [
        { kind: 'bots' as const, count: names.length, names },
        { kind: 'webhooks' as const, count: found.webhooks },
        { kind: 'backups' as const, count: found.backups },
      ].filter(({ count }) => count > 0)
    },
    async giveUp() {
      await Promise.all(bots().map((bot) => bot.giveUpLocked()))
      for (const { row } of bots()) removeLocked(database, sealer, row.userId)
      webhooks.giveUpLocked('bots')
      refresh()
    },
  }
}

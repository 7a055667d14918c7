/** Bots and backups as the API shows them. */
import { iso } from '../../clock.ts'
import type { Call } from '../../http/api.ts'
import type { BackupFacts } from '../backups/store.ts'
import type { Bot } from '../bot/bot.ts'
import { restrictionWords, type Restriction } from '../engine/restriction.ts'
import type { BackupView, BotState, BotView } from '../contract/index.ts'

export function published({ row, state }: Bot) {
  return { userId: row.userId, phoneNumber: row.phoneNumber, status: publishedStatus(state), name: row.name }
}

/** The two words of the published API. */
export function publishedStatus(state: BotState): 'online' | 'offline' {
  return state === 'online' ? 'online' : 'offline'
}

/** The phone shows eight fields in two groups. */
export function withDash(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`
}

/** Shows a bot with what its queue and its activity say of it. */
export type BotViewer = (bot: Bot) => BotView

/** Whether the caller's right to the room reaches this bot. */
export function isReached({ standing }: Pick<Call, 'standing'>, { row }: Bot): boolean {
  return standing.reaches('bots', { subject: row.userId, makers: [row.madeBy] })
}

type Figures = Pick<BotView, 'queue' | 'cappedUntil' | 'heldUntil' | 'restriction' | 'limits' | 'sentToday' | 'lastHour'>

export function viewOf({ row, pairing, retryAt, attempt }: Bot, figures: Figures): BotView {
  const { userId, phoneNumber, name, label, notes, state, reason, cause, settings } = row
  return {
    ...figures,
    keepsLog: settings.keepsLog,
    settings,
    ...{ userId, phoneNumber, name, label, notes, state, reason, cause, attempt },
    hasProxy: row.proxy !== null,
    since: iso(row.since),
    createdAt: iso(row.createdAt),
    linkedAt: isoOrNull(row.linkedAt),
    retryAt: isoOrNull(retryAt),
    pairing:
      pairing === null
        ? null
        : {
            code: pairing.code === null ? null : withDash(pairing.code),
            problem: pairing.problem,
            qr: pairing.qr,
            qrEndsAt: iso(pairing.qrEndsAt),
            endsAt: iso(pairing.endsAt),
            passkey:
              pairing.passkey === null
                ? null
                : { stage: pairing.passkey.stage, code: pairing.passkey.code === null ? null : withDash(pairing.passkey.code) },
          },
  }
}

export function isoOrNull(time: number | null): string | null {
  return time === null ? null : iso(time)
}

export function backupView({ createdAt, ...backup }: BackupFacts): BackupView {
  return { ...backup, createdAt: iso(createdAt) }
}

export function restrictionViewOf(restriction: Restriction | null): BotView['restriction'] {
  if (restriction === null) return null
  return { kind: restriction.kind, until: isoOrNull(restriction.until), reason: restrictionWords(restriction) }
}

/** A bot as it is shown, with its settings, its history and its backups. */
import { z } from 'zod'
import { isoTime } from '../../../http/contract.ts'
import { botCause } from './causes.ts'
import { mediaLimits, mediaSettings } from './media-view.ts'

/** What each means, and what leads where: `bot/lifecycle.ts`. */
export const botState = z.enum(['stopped', 'starting', 'pairing', 'online', 'reconnecting', 'logged_out', 'blocked', 'replaced', 'failed'])
export type BotState = z.output<typeof botState>

export const passkeyStage = z.enum(['browser', 'sending', 'confirm', 'linking'])
export type PasskeyStage = z.output<typeof passkeyStage>

const pairing = z.object({
  code: z.string().nullable(),
  /** A wrong code was typed on the phone, or WhatsApp has replaced the code that was shown. */
  problem: z.enum(['wrong-code', 'replaced']).nullable(),
  qr: z.string(),
  qrEndsAt: isoTime,
  endsAt: isoTime,
  /** While the account asks for a passkey: code and QR have done their part. `code` is shown by the phone as well. */
  passkey: z.object({ stage: passkeyStage, code: z.string().nullable() }).nullable(),
})

/** Seconds between two messages, messages in any 24 hours, days that messages are kept. */
const pause = z.number().min(0).max(3_600).nullable()
const dailyCap = z.number().int().min(1).max(100_000).nullable()
const keepMessagesFor = z.number().int().min(1).max(3_650).nullable()
/** In any 24 hours: groups made and joined, people added; null: 20 and 200. In any hour a quarter of it. */
const perDay = z.number().int().min(1).max(10_000).nullable()
/** What is acknowledged, and neither logged nor told nor seen by rules. */
const ignores = z.object({ groups: z.boolean(), broadcasts: z.boolean(), channels: z.boolean(), status: z.boolean() })
export const botSettings = z.object({
  keepsLog: z.boolean(),
  pause,
  dailyCap,
  keepMessagesFor,
  /** Keeps what people delete for all or send to vanish, and what they said before an edit. */
  keepsDeleted: z.boolean(),
  ignores,
  ...mediaSettings,
  /** Has WhatsApp tell of each person who writes whether they are there and type. */
  followsPresence: z.boolean(),
  /** Refuses calls as they come in, and answers with `rejectCallsText` where there is one. */
  rejectCalls: z.boolean(),
  rejectCallsText: z.string().min(1).max(4_096).nullable(),
  /**
   * Older messages that the phone sends after linking go to the log, so many days back and so many at most; null keeps none of them. Only
   * while the session keeps a log, and no longer than that keeps messages. They are sent once, after linking: set it before.
   */
  history: z.object({ days: z.number().int().min(1).max(3_650), messages: z.number().int().min(1).max(200_000) }).nullable(),
  groupJoinsPerDay: perDay,
  groupAddsPerDay: perDay,
})

export const restrictionView = z.object({
  kind: z.enum(['new-chats', 'new-chats-used-up']),
  until: isoTime.nullable(),
  /** In words for a person. */
  reason: z.string(),
})

export const botView = z.object({
  userId: z.string(),
  phoneNumber: z.string(),
  /** As WhatsApp knows the account. */
  name: z.string().nullable(),
  label: z.string(),
  notes: z.string(),
  hasProxy: z.boolean(),
  keepsLog: z.boolean(),
  /** What is set for this bot alone; null where the room's settings hold. */
  settings: botSettings,
  /** What holds for it now. */
  limits: z.object({ pause: z.number(), dailyCap: z.number().int(), keepMessagesFor: z.number().int(), ...mediaLimits }),
  /** Messages of the last 24 hours, which the daily limit counts. */
  sentToday: z.number().int(),
  lastHour: z.object({ received: z.number().int(), sent: z.number().int() }),
  /** Messages that wait to be sent. */
  queue: z.number().int(),
  /** When the daily limit lets the next one go; null while it is not reached. */
  cappedUntil: isoTime.nullable(),
  /** When the queue goes on that WhatsApp has asked to pause; null while it has not. */
  heldUntil: isoTime.nullable(),
  /** What WhatsApp holds the account back from while it is let in: beginning new chats, until then where it says so. */
  restriction: restrictionView.nullable(),
  state: botState,
  reason: z.string().nullable(),
  cause: botCause.nullable(),
  since: isoTime,
  createdAt: isoTime,
  linkedAt: isoTime.nullable(),
  /** When the next attempt comes, while reconnecting. */
  retryAt: isoTime.nullable(),
  attempt: z.number().int(),
  pairing: pairing.nullable(),
})
export type BotView = z.output<typeof botView>

export const backupView = z.object({
  id: z.string(),
  createdAt: isoTime,
  checksum: z.string(),
  rows: z.number().int(),
  bytes: z.number().int(),
})
export type BackupView = z.output<typeof backupView>

export const historyEntry = z.object({ id: z.number().int(), at: isoTime, state: botState, reason: z.string().nullable() })
export type HistoryEntry = z.output<typeof historyEntry>

export const activityView = z.object({
  userId: z.string(),
  from: isoTime,
  to: isoTime,
  /** Seconds of one column. */
  step: z.number().int(),
  /** Messages in each column, the oldest first. */
  received: z.array(z.number().int()),
  sent: z.array(z.number().int()),
  failed: z.array(z.number().int()),
  /** The states it was in, one after the other without gaps from its making on. */
  states: z.array(z.object({ from: isoTime, to: isoTime, state: botState, reason: z.string().nullable() })),
  /** Part of the time, 0 to 1, in which it was online. */
  online: z.number(),
})
export type ActivityView = z.output<typeof activityView>

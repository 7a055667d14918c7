/** The native resource `/v1/bots`: what the published API has no words for. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../../http/contract.ts'
import { failure, phoneNumber, userId, userParams } from '../parts.ts'

/** What each means, and what leads where: `bot/lifecycle.ts`. */
export const botState = z.enum(['stopped', 'starting', 'pairing', 'online', 'reconnecting', 'logged_out', 'blocked', 'replaced', 'failed'])
export type BotState = z.output<typeof botState>

export const passkeyStage = z.enum(['browser', 'sending', 'confirm', 'linking'])
export type PasskeyStage = z.output<typeof passkeyStage>

const pairing = z.object({
  code: z.string().nullable(),
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
const botSettings = z.object({ keepsLog: z.boolean(), pause, dailyCap, keepMessagesFor })

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
  limits: z.object({ pause: z.number(), dailyCap: z.number().int(), keepMessagesFor: z.number().int() }),
  /** Messages of the last 24 hours, which the daily limit counts. */
  sentToday: z.number().int(),
  lastHour: z.object({ received: z.number().int(), sent: z.number().int() }),
  /** Messages that wait to be sent. */
  queue: z.number().int(),
  /** When the daily limit lets the next one go; null while it is not reached. */
  cappedUntil: isoTime.nullable(),
  /** When the queue goes on that WhatsApp has asked to pause; null while it has not. */
  heldUntil: isoTime.nullable(),
  state: botState,
  reason: z.string().nullable(),
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

const activityQuery = z.object({ window: z.enum(['1h', '24h', '7d']).default('24h') })
const label = z.string().max(80)
const notes = z.string().max(2_000)
const proxy = z
  .url({ protocol: /^https?$/ })
  .max(500)
  .nullable()
const backupId = z.string().regex(/^backup_[0-9A-Za-z]{16}$/)
const passphrase = z.string().min(12, 'The passphrase has 12 characters or more').max(200)
const shown = { description: 'The bot', body: botView }
const bot = { 200: shown, 404: failure('No such bot') } as const

export const nativeRoutes = {
  bots: {
    method: 'GET',
    path: '/v1/bots',
    tag: 'Bots',
    summary: 'All bots with state and reason',
    access: 'key',
    right: 'bots:use',
    responses: { 200: { description: 'The oldest first', body: z.object({ bots: z.array(botView), demo: z.boolean() }) } },
  },
  bot: {
    method: 'GET',
    path: '/v1/bots/:userId',
    tag: 'Bots',
    summary: 'One bot with its history and backups',
    access: 'key',
    right: 'bots:use',
    params: userParams,
    responses: {
      200: { description: 'The bot', body: z.object({ bot: botView, history: z.array(historyEntry), backups: z.array(backupView) }) },
      404: failure('No such bot'),
    },
  },
  botActivity: {
    method: 'GET',
    path: '/v1/bots/:userId/activity',
    tag: 'Bots',
    summary: 'Messages and states of a bot over time',
    access: 'key',
    right: 'bots:use',
    params: userParams,
    query: activityQuery,
    responses: { 200: { description: 'What happened', body: activityView }, 404: failure('No such bot') },
  },
  allActivity: {
    method: 'GET',
    path: '/v1/bot-activity',
    tag: 'Bots',
    summary: 'The same of all bots',
    access: 'key',
    right: 'bots:manage',
    query: activityQuery,
    responses: { 200: { description: 'What happened', body: z.object({ bots: z.array(activityView) }) } },
  },
  linkBot: {
    method: 'POST',
    path: '/v1/bots',
    tag: 'Bots',
    summary: 'Make a bot and begin to link it',
    description: 'Answers at once; code and QR are in the bot as soon as WhatsApp has given them.',
    access: 'key',
    right: 'bots:use',
    body: z.object({ userId, phoneNumber, label: label.default(''), notes: notes.default(''), proxy: proxy.default(null) }),
    responses: {
      202: { description: 'On its way', body: botView },
      400: failure('A field is malformed'),
      409: failure('It exists, or the number is linked already'),
    },
  },
  changeBot: {
    method: 'PATCH',
    path: '/v1/bots/:userId',
    tag: 'Bots',
    summary: 'Change label, notes, proxy, log, pace and limits',
    description: 'Another proxy is used from the next start on. A pace or limit of null takes what the settings of the room say.',
    access: 'key',
    right: 'bots:use',
    params: userParams,
    body: z.object({
      label: label.optional(),
      notes: notes.optional(),
      proxy: proxy.optional(),
      keepsLog: z.boolean().optional(),
      pause: pause.optional(),
      dailyCap: dailyCap.optional(),
      keepMessagesFor: keepMessagesFor.optional(),
    }),
    responses: bot,
  },
  startBot: {
    method: 'POST',
    path: '/v1/bots/:userId/start',
    tag: 'Bots',
    summary: 'Start, or try again now',
    access: 'key',
    right: 'bots:use',
    params: userParams,
    responses: bot,
  },
  stopBot: {
    method: 'POST',
    path: '/v1/bots/:userId/stop',
    tag: 'Bots',
    summary: 'Stop; the phone keeps the link',
    access: 'key',
    right: 'bots:use',
    params: userParams,
    responses: bot,
  },
  restartBot: {
    method: 'POST',
    path: '/v1/bots/:userId/restart',
    tag: 'Bots',
    summary: 'Stop and start',
    access: 'key',
    right: 'bots:use',
    params: userParams,
    responses: bot,
  },
  pairBot: {
    method: 'POST',
    path: '/v1/bots/:userId/pair',
    tag: 'Bots',
    summary: 'Ask for a new code after the phone has ended the link',
    description: 'Only the dead link is given up: queue, log, rules and backups stay.',
    access: 'key',
    right: 'bots:use',
    params: userParams,
    responses: { ...bot, 409: failure('The link is still good') },
  },
  confirmPasskey: {
    method: 'POST',
    path: '/v1/bots/:userId/passkey/confirm',
    tag: 'Bots',
    summary: 'The code of the passkey ceremony is the one on the phone',
    access: 'key',
    right: 'bots:use',
    params: userParams,
    responses: { ...bot, 409: failure('There is none') },
  },
  unlinkBot: {
    method: 'POST',
    path: '/v1/bots/:userId/unlink',
    tag: 'Bots',
    summary: 'Unlink from the phone, then delete',
    access: 'key',
    right: 'bots:use',
    params: userParams,
    responses: {
      204: { description: 'Confirmed by WhatsApp and deleted' },
      404: failure('No such bot'),
      502: failure('Not confirmed; kept'),
    },
  },
  removeBot: {
    method: 'DELETE',
    path: '/v1/bots/:userId',
    tag: 'Bots',
    summary: 'Delete the bot and all its data here',
    access: 'key',
    right: 'bots:use',
    params: userParams,
    responses: { 204: { description: 'Deleted' }, 404: failure('No such bot') },
  },
  backUpBot: {
    method: 'POST',
    path: '/v1/bots/:userId/backups',
    tag: 'Backups',
    summary: 'Keep a backup',
    access: 'key',
    right: 'bots:use',
    params: userParams,
    responses: { 201: { description: 'Kept', body: backupView }, 404: failure('No such bot, or never linked') },
  },
  restoreBot: {
    method: 'POST',
    path: '/v1/bots/:userId/restore',
    tag: 'Backups',
    summary: 'Put a backup in the place of all credentials',
    access: 'key',
    right: 'bots:use',
    params: userParams,
    body: z.object({ backup: backupId }),
    responses: { 200: shown, 404: failure('No such bot or backup'), 409: failure('It runs, or the backup is damaged') },
  },
  backupFile: {
    method: 'POST',
    path: '/v1/bots/:userId/backups/:backup/file',
    tag: 'Backups',
    summary: 'One backup as a file for another machine, under a passphrase',
    access: 'key',
    right: 'bots:use',
    params: userParams.extend({ backup: backupId }),
    body: z.object({ passphrase }),
    responses: { 200: { description: 'The file', contentType: 'application/octet-stream' }, 404: failure('No such backup') },
  },
  bringIn: {
    method: 'POST',
    path: '/v1/bot-backups',
    tag: 'Backups',
    summary: 'Take in a backup file; the bot is made when it is not here',
    description: 'The backup is kept beside the others of the bot; restore it to use it. Never run one link in two places.',
    access: 'key',
    right: 'bots:use',
    body: z.object({ file: z.base64().max(40_000_000), passphrase: z.string().min(1).max(200) }),
    bodyLimit: 42_000_000,
    responses: {
      201: { description: 'Taken in', body: z.object({ userId: z.string(), backup: z.string() }) },
      409: failure('Damaged, or another passphrase'),
    },
  },
  pretendPhone: {
    method: 'POST',
    path: '/v1/demo/phone',
    tag: 'Demo',
    summary: 'Type a code, or scan a QR, on the pretend phone of the demo',
    access: 'key',
    right: 'bots:use',
    body: z.object({ phoneNumber, code: z.string().max(20).optional(), qr: z.string().max(1_000).optional() }),
    responses: { 200: { description: 'What the phone says', body: z.object({ outcome: z.string() }) }, 404: failure('This is no demo') },
  },
} as const satisfies Record<string, RouteDefinition>

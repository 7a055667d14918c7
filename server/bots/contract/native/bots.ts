/** The native resource `/v1/bots`: what the published API has no words for. */
import { z } from 'zod'
import type { RouteDefinition } from '../../../http/contract.ts'
import { failure, phoneNumber, userId, userParams } from '../parts.ts'
import { activityView, backupView, botSettings, botView, historyEntry } from './views.ts'

const activityQuery = z.object({ window: z.enum(['1h', '24h', '7d']).default('24h') })
const label = z.string().max(80)
const notes = z.string().max(2_000)
const proxy = z
  .url({ protocol: /^https?$/ })
  .max(500)
  .nullable()
const shown = { description: 'The bot', body: botView }
const bot = { 200: shown, 404: failure('No such bot') } as const

export const botRoutes = {
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
    summary: 'Change label, notes, proxy, log, pace, limits and what is passed over',
    description: 'Another proxy is used from the next start on. A pace or limit of null takes what the settings of the room say.',
    access: 'key',
    right: 'bots:use',
    params: userParams,
    body: z.object({
      label: label.optional(),
      notes: notes.optional(),
      proxy: proxy.optional(),
      ...botSettings.extend({ ignores: botSettings.shape.ignores.partial() }).partial().shape,
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

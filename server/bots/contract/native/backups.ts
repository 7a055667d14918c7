/** Backups of bots: kept here, and carried to another machine as a file. */
import { z } from 'zod'
import type { RouteDefinition } from '../../../http/contract.ts'
import { failure, userId, userParams } from '../parts.ts'
import { backupView, botView } from './views.ts'

const backupId = z.string().regex(/^backup_[0-9A-Za-z]{16}$/)
const passphrase = z.string().min(12, 'The passphrase has 12 characters or more').max(200)

export const backupRoutes = {
  backUpBot: {
    method: 'POST',
    path: '/v1/bots/:userId/backups',
    tag: 'Backups',
    summary: 'Keep a backup',
    description: 'Of its link to WhatsApp: no log, no queue, no files of messages.',
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
    responses: {
      200: { description: 'The bot', body: botView },
      404: failure('No such bot or backup'),
      409: failure('It runs, or the backup is damaged'),
    },
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
  takeOver: {
    method: 'POST',
    path: '/v1/bot-links',
    tag: 'Backups',
    summary: 'Take over the link of another program that uses baileys',
    description:
      'The files of a baileys folder (`useMultiFileAuthState`; WAHA has one for each NOWEB session, Evolution one for each instance, whose credentials are in its database) ' +
      'by name, or one document with the same entries: an object by key, or rows of `key` and `value`. The bot is made and not started: ' +
      'stop the other program first, since two holders of one link spoil each other’s keys.',
    access: 'key',
    right: 'bots:use',
    body: z.object({
      userId,
      label: z.string().max(80).default(''),
      files: z.record(z.string().max(500), z.string()).refine((files) => Object.keys(files).length > 0, 'files is empty'),
    }),
    bodyLimit: 42_000_000,
    responses: {
      201: { description: 'Taken over', body: z.object({ bot: botView, ignored: z.number().int() }) },
      400: failure('No finished link of that library'),
      409: failure('The bot exists, or its number is linked here'),
    },
  },
} as const satisfies Record<string, RouteDefinition>

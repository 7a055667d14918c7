/** The published LD7 V1 multi-user API. */
import { z } from 'zod'
import { isoTime } from '../../http/contract.ts'
import type { RouteDefinition } from '../../http/contract.ts'
import { done, failure, phoneNumber, userId, userParams } from './parts.ts'

const session = z.object({
  userId: z.string(),
  phoneNumber: z.string(),
  status: z.enum(['online', 'offline']),
  name: z.string().nullable(),
})
const backup = z.object({ id: z.string(), createdAt: isoTime, checksum: z.string() })

const refusals = { 400: failure('The userId is not one'), 401: failure('A key is needed'), 404: failure('No such session') }

export const publishedRoutes = {
  dashboard: {
    method: 'GET',
    path: '/',
    tag: 'Contract',
    summary: 'Dashboard',
    access: 'public',
    right: 'anyone',
    responses: {
      200: { description: 'Where the dashboard is', contentType: 'text/html; charset=utf-8' },
      302: { description: 'To the bots page of the window', contentType: 'text/plain' },
    },
  },
  stats: {
    method: 'GET',
    path: '/api/stats',
    tag: 'Contract',
    summary: 'Overall statistics',
    access: 'public',
    right: 'anyone',
    responses: {
      200: {
        description: 'Counts',
        body: z.object({ success: z.literal(true), activeSessions: z.number().int(), totalUsers: z.number().int() }),
      },
    },
  },
  sessions: {
    method: 'GET',
    path: '/api/sessions',
    tag: 'Contract',
    summary: 'All sessions',
    access: 'public',
    right: 'anyone',
    responses: {
      200: {
        description: 'Sessions, the oldest first',
        body: z.object({ success: z.literal(true), count: z.number().int(), sessions: z.array(session) }),
      },
    },
  },
  session: {
    method: 'GET',
    path: '/api/sessions/:userId',
    tag: 'Contract',
    summary: 'One session',
    access: 'public',
    right: 'anyone',
    params: userParams,
    responses: {
      200: { description: 'The session', body: session.extend({ success: z.literal(true) }) },
      400: failure('The userId is not one'),
      404: failure('No such session'),
    },
  },
  createSession: {
    method: 'POST',
    path: '/api/sessions',
    tag: 'Contract',
    summary: 'Create a session and get its pairing code',
    description: 'Waits until WhatsApp has given the code. When it gives none, nothing of the session is kept.',
    access: 'local',
    right: 'bots:use',
    body: z.object({ userId, phoneNumber }),
    responses: {
      200: {
        description: 'Type the code on the phone',
        body: z.object({ success: z.literal(true), message: z.string(), pairingCode: z.string(), userId: z.string() }),
      },
      400: failure('A field is missing or malformed'),
      401: failure('A key is needed'),
      409: failure('The session exists, or the number is linked already'),
      502: failure('WhatsApp gave no code'),
    },
  },
  startSession: {
    method: 'POST',
    path: '/api/sessions/:userId/start',
    tag: 'Contract',
    summary: 'Start a stopped session',
    access: 'local',
    right: 'bots:use',
    params: userParams,
    responses: { 200: { description: 'It runs, or is on its way', body: done }, ...refusals },
  },
  stopSession: {
    method: 'POST',
    path: '/api/sessions/:userId/stop',
    tag: 'Contract',
    summary: 'Stop a running session',
    description: 'The phone keeps it as a linked device.',
    access: 'local',
    right: 'bots:use',
    params: userParams,
    responses: { 200: { description: 'Stopped', body: done }, ...refusals },
  },
  deleteSession: {
    method: 'DELETE',
    path: '/api/sessions/:userId',
    tag: 'Contract',
    summary: 'Delete a session and all its data',
    description: 'Here only: the phone goes on to show the linked device until it is removed there.',
    access: 'local',
    right: 'bots:use',
    params: userParams,
    responses: { 200: { description: 'Deleted', body: done }, ...refusals },
  },
  logoutSession: {
    method: 'POST',
    path: '/api/sessions/:userId/logout',
    tag: 'Contract',
    summary: 'Unlink a session from WhatsApp and delete it',
    access: 'local',
    right: 'bots:use',
    params: userParams,
    responses: {
      200: { description: 'WhatsApp has confirmed it', body: done },
      ...refusals,
      502: failure('WhatsApp did not confirm it; the session was kept'),
    },
  },
  backupSession: {
    method: 'POST',
    path: '/api/sessions/:userId/backup',
    tag: 'Contract',
    summary: 'Keep a backup of a session',
    description: 'All credentials and keys of one moment.',
    access: 'local',
    right: 'bots:use',
    params: userParams,
    responses: { 200: { description: 'Kept', body: done.extend({ backup }) }, ...refusals },
  },
  restoreSession: {
    method: 'POST',
    path: '/api/sessions/:userId/restore',
    tag: 'Contract',
    summary: 'Restore the newest backup of a stopped session',
    access: 'local',
    right: 'bots:use',
    params: userParams,
    responses: { 200: { description: 'Restored, not started', body: done }, ...refusals, 409: failure('The session runs') },
  },
  pairing: {
    method: 'GET',
    path: '/api/sessions/:userId/pairing',
    tag: 'Contract',
    summary: 'The pairing code of a session that waits for its phone',
    description: 'Asks for a key as the routes that change something do: who has the code can take the account.',
    access: 'local',
    right: 'bots:use',
    verb: 'write',
    params: userParams,
    responses: {
      200: {
        description: 'The code, and until when it is good',
        body: z.object({ success: z.literal(true), pairingCode: z.string(), expiresAt: isoTime }),
      },
      ...refusals,
    },
  },
} as const satisfies Record<string, RouteDefinition>

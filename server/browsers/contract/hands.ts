/** A session's files: what its pages have downloaded, and what a person hands to them. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { failure, sessionId } from './parts.ts'

export const downloadPolicy = z.enum(['allow', 'deny'])
export type DownloadPolicy = z.output<typeof downloadPolicy>

export const downloadView = z.object({
  id: z.uuid(),
  /** As the site names it, made safe to be a file's name. */
  name: z.string(),
  /** Without its query. */
  url: z.string(),
  /** `refused`: larger than a session may keep. */
  state: z.enum(['arriving', 'done', 'stopped', 'failed', 'refused']),
  /** Why it did not arrive, in plain words. */
  reason: z.string().nullable(),
  receivedBytes: z.number(),
  totalBytes: z.number().nullable(),
  startedAt: isoTime,
  endedAt: isoTime.nullable(),
})
export type DownloadView = z.output<typeof downloadView>

const sessionParams = z.object({ id: sessionId })
const downloadParams = z.object({ id: sessionId, download: z.uuid() })

export const handsRoutes = {
  downloads: {
    method: 'GET',
    path: '/v1/browser-sessions/:id/downloads',
    tag: 'Files',
    summary: 'What the pages of a session have downloaded, the latest first',
    description: 'Kept with the session and for 24 hours after its end.',
    access: 'key',
    right: 'browsers:use',
    params: sessionParams,
    responses: {
      200: { description: 'Downloads', body: z.object({ downloads: z.array(downloadView), policy: downloadPolicy }) },
      404: failure('No such session'),
    },
  },
  downloadFile: {
    method: 'GET',
    path: '/v1/browser-sessions/:id/downloads/:download',
    tag: 'Files',
    summary: 'The file of a download',
    access: 'key',
    right: 'browsers:use',
    params: downloadParams,
    bodyType: 'raw',
    responses: {
      200: { description: 'The file', contentType: 'application/octet-stream' },
      404: failure('No such session or download'),
      409: failure('It has not arrived yet'),
    },
  },
  stopDownload: {
    method: 'POST',
    path: '/v1/browser-sessions/:id/downloads/:download/stop',
    tag: 'Files',
    summary: 'Stop a download that arrives',
    access: 'key',
    right: 'browsers:use',
    params: downloadParams,
    responses: { 204: { description: 'Stopped, or over already' }, 404: failure('No such session or download') },
  },
  removeDownload: {
    method: 'DELETE',
    path: '/v1/browser-sessions/:id/downloads/:download',
    tag: 'Files',
    summary: 'Remove a download and its file',
    access: 'key',
    right: 'browsers:use',
    params: downloadParams,
    responses: { 204: { description: 'Removed' }, 404: failure('No such session or download') },
  },
  uploadFile: {
    method: 'POST',
    path: '/v1/browser-sessions/:id/uploads',
    tag: 'Files',
    summary: 'Hand a file to a session, for a page that asks for one in the live view',
    description: 'The body is the file itself. It is removed with the session.',
    access: 'key',
    right: 'browsers:use',
    params: sessionParams,
    query: z.object({ name: z.string().min(1).max(255) }),
    bodyType: 'raw',
    responses: {
      201: { description: 'Taken', body: z.object({ id: z.uuid(), name: z.string(), bytes: z.number() }) },
      404: failure('No such session'),
      413: failure('Too large'),
    },
  },
} as const satisfies Record<string, RouteDefinition>

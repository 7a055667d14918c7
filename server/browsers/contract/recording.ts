/** Recordings of what a session shows. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { recordingEnd } from './endings.ts'
import { failure, sessionId } from './parts.ts'

export const recordingView = z.object({
  id: z.string(),
  session: z.string(),
  username: z.string(),
  profile: z.string(),
  startedAt: isoTime,
  /** Null while it runs. */
  endedAt: isoTime.nullable(),
  why: recordingEnd.nullable(),
  frames: z.number().int(),
  bytes: z.number().int(),
})
export type RecordingView = z.output<typeof recordingView>

const sessionParams = z.object({ id: sessionId })
const recordingParams = z.object({ recording: z.string().regex(/^recording_[0-9a-f-]{36}$/) })

export const recordingRoutes = {
  startRecording: {
    method: 'POST',
    path: '/v1/browser-sessions/:id/recording',
    tag: 'Recordings',
    summary: 'Begin to record what the session shows',
    description:
      'Pictures of the page in front, up to five a second, only when it changes. It ends by request, with the session, after the longest time in the settings, or when there is no room.',
    access: 'key',
    right: 'browsers:use',
    params: sessionParams,
    responses: {
      201: { description: 'It records', body: recordingView },
      404: failure('No such session'),
      409: failure('It records already'),
    },
  },
  stopRecording: {
    method: 'DELETE',
    path: '/v1/browser-sessions/:id/recording',
    tag: 'Recordings',
    summary: 'End the recording of a session, and keep it',
    access: 'key',
    right: 'browsers:use',
    params: sessionParams,
    responses: { 200: { description: 'Ended', body: recordingView }, 404: failure('No such session, or it does not record') },
  },
  recordings: {
    method: 'GET',
    path: '/v1/browser-recordings',
    tag: 'Recordings',
    summary: 'All recordings, the latest first',
    access: 'key',
    right: 'browsers:use',
    query: z.object({ session: sessionId.optional() }),
    responses: {
      200: {
        description: 'Recordings that the caller may see',
        body: z.object({
          recordings: z.array(recordingView),
          /** What all of them take, and may take before the oldest goes. */
          bytes: z.number().int(),
          mostBytes: z.number().int(),
        }),
      },
    },
  },
  recording: {
    method: 'GET',
    path: '/v1/browser-recordings/:recording',
    tag: 'Recordings',
    summary: 'A recording with the times of its pictures',
    access: 'key',
    right: 'browsers:use',
    params: recordingParams,
    responses: {
      200: {
        description: 'The recording; times in ms since its start',
        body: z.object({ recording: recordingView, times: z.array(z.number().int()), lengthMs: z.number().int() }),
      },
      404: failure('No such recording'),
    },
  },
  recordingFrames: {
    method: 'GET',
    path: '/v1/browser-recordings/:recording/frames',
    tag: 'Recordings',
    summary: 'Pictures of a recording, one after another',
    description:
      'Each is a JPEG after eight bytes: its time in ms since the start and its length, both big-endian uint32. An answer has as many of those asked for as fit into eight megabytes, at least one.',
    access: 'key',
    right: 'browsers:use',
    params: recordingParams,
    query: z.object({ from: z.coerce.number().int().min(0).default(0), count: z.coerce.number().int().min(1).max(200).default(50) }),
    responses: { 200: { description: 'Pictures', contentType: 'application/octet-stream' }, 404: failure('No such recording') },
  },
  recordingVideo: {
    method: 'GET',
    path: '/v1/browser-recordings/:recording/video',
    tag: 'Recordings',
    summary: 'A recording as a video file: Motion JPEG in AVI',
    access: 'key',
    right: 'browsers:use',
    params: recordingParams,
    bodyType: 'raw',
    responses: {
      200: { description: 'The video', contentType: 'video/x-msvideo' },
      404: failure('No such recording'),
      409: failure('It has no picture yet'),
    },
  },
  removeRecording: {
    method: 'DELETE',
    path: '/v1/browser-recordings/:recording',
    tag: 'Recordings',
    summary: 'Remove a recording',
    description: 'One that runs is ended first.',
    access: 'key',
    right: 'browsers:use',
    params: recordingParams,
    responses: { 204: { description: 'Gone' }, 404: failure('No such recording') },
  },
} as const satisfies Record<string, RouteDefinition>

export const recordingFaults = {
  'already-recording': { status: 409, remedy: 'Stop the recording that runs, then begin another.' },
  'recording-not-found': { status: 404, remedy: 'List the recordings; it may have made room for a newer one.' },
  'recording-empty': { status: 409, remedy: 'Wait until it has a picture.' },
} as const

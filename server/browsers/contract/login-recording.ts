/** Recording a login: a person does it in the live view of a browser of its own, and what they do becomes steps. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { failure, sessionId } from './parts.ts'
import { pageSign, siteStep } from './site-steps.ts'

const recordingId = z.string().regex(/^recording_[0-9A-Za-z_-]{10,40}$/)
const recordingParams = z.object({ recording: recordingId })
const address = z.url({ protocol: /^https?$/ }).max(2_000)

export const loginRecording = z.object({
  id: recordingId,
  /** Where it began. */
  address: z.string(),
  startedAt: isoTime,
  /** `ended`: its browser has gone; what was recorded can still be read. */
  state: z.enum(['starting', 'recording', 'ended']),
  /** Why it ended, where there is something to say. */
  said: z.string().nullable(),
  /** Of the live view in which it is done. */
  session: sessionId.nullable(),
  /** So far. What was typed as a user name, password or one-time code stands in them as `{username}` and the like. */
  steps: z.array(siteStep),
  /** Where the page is now, without its query: a sign of success, when the person is done. */
  arrivedAt: z.string().nullable(),
  /** Suggested, when it ends: what shows now and did not before. Null until then, and where nothing is known. */
  success: pageSign.nullable(),
})
export type LoginRecording = z.output<typeof loginRecording>

export const loginRecordingRoutes = {
  startLoginRecording: {
    method: 'POST',
    path: '/v1/login-recordings',
    tag: 'Recordings',
    summary: 'Record a login: open a browser in which a person does it',
    description: 'Answers at once; `changed` messages of `login-recordings` tell that there is more to read.',
    access: 'key',
    right: 'control:manage',
    body: z.object({ address }),
    responses: {
      202: { description: 'Starting', body: z.object({ recording: loginRecording }) },
      400: failure('Invalid'),
      409: failure('No capacity'),
    },
  },
  loginRecording: {
    method: 'GET',
    path: '/v1/login-recordings/:recording',
    tag: 'Recordings',
    summary: 'What has been recorded so far',
    access: 'key',
    right: 'control:manage',
    params: recordingParams,
    responses: { 200: { description: 'The recording', body: z.object({ recording: loginRecording }) }, 404: failure('No such recording') },
  },
  dropRecordedStep: {
    method: 'DELETE',
    path: '/v1/login-recordings/:recording/steps/last',
    tag: 'Recordings',
    summary: 'Take the last step back out of a recording',
    access: 'key',
    right: 'control:manage',
    params: recordingParams,
    responses: { 200: { description: 'The recording', body: z.object({ recording: loginRecording }) }, 404: failure('No such recording') },
  },
  endLoginRecording: {
    method: 'DELETE',
    path: '/v1/login-recordings/:recording',
    tag: 'Recordings',
    summary: 'End a recording: its browser closes, and it is forgotten',
    access: 'key',
    right: 'control:manage',
    params: recordingParams,
    responses: {
      200: { description: 'What was recorded', body: z.object({ recording: loginRecording }) },
      404: failure('No such recording'),
    },
  },
} as const satisfies Record<string, RouteDefinition>

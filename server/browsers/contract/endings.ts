/** Why sessions and their recordings end. */
import { z } from 'zod'

/** What ended a session. */
export const endReason = z.enum(['closed', 'idle', 'evicted', 'crashed', 'login-failed', 'start-failed', 'shutdown', 'hibernated'])
export type EndReason = z.output<typeof endReason>

/** The same more closely, with what was at fault. */
export const endCause = z.enum([
  'out-of-memory',
  'killed',
  'crashed',
  'exited',
  'disconnected',
  'silent',
  'driver-failed',
  'start-failed',
  'login-failed',
  'closed',
  'idle',
  'evicted',
  'shutdown',
  'hibernated',
])
export type EndCause = z.output<typeof endCause>

/** Why a recording ended. */
export const recordingEnd = z.enum(['stopped', 'session-ended', 'too-long', 'no-room', 'disk-refused', 'server-ended'])
export type RecordingEnd = z.output<typeof recordingEnd>

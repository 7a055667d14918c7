/** What both halves of the browsers contract are written with: the name of a session, and a failure. */
import { z } from 'zod'

/** `session_<epoch seconds>_<ten random digits>-<22 random characters>` begins like the document's ids and cannot be guessed. */
export const sessionId = z.string().regex(/^session_\d{10}_\d{10}[0-9A-Za-z_-]{0,40}$/)
/** The error shape of the published contract, which the native routes share. */
export const failed = z.object({
  success: z.literal(false),
  error: z.string(),
  details: z.string().optional(),
  request_id: z.string().optional(),
  /** Of an operation that was called with `debug: true`. */
  debug_bundle_url: z.string().optional(),
})
export const failure = (description: string) => ({ description, body: failed })

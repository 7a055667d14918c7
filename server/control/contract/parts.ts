/** The error shape that all routes of control share. */
import { z } from 'zod'

export const failed = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    issues: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    requestId: z.string(),
  }),
})
export const failure = (description: string) => ({ description, body: failed })

/** What both halves of the contract are made of. */
import { z } from 'zod'
import { policySchema } from '../policy.ts'

const hasControlCharacter = (text: string): boolean => [...text].some((letter) => letter < ' ' || letter === '\x7f')
export const name = z
  .string({ error: 'sessionName must be a text' })
  .min(1, 'sessionName and password are required')
  .max(128, 'sessionName may have at most 128 characters')
  .refine((text) => !hasControlCharacter(text), 'sessionName may not contain control characters')
export const password = z
  .string({ error: 'password must be a text' })
  .min(1, 'sessionName and password are required')
  .max(1_024, 'password may have at most 1024 characters')
export const secretKey = z.string({ error: 'secretKey must be a text' }).max(1_024)

/** ISO text, ms since the epoch (from 1e11 on) or a duration in ms (below); null for never. */
const expiryText = 'sessionExpiry must be an ISO time, ms since the epoch or a duration in ms'
export const sessionExpiry = z
  .union(
    [
      z.iso.datetime({ offset: true, local: true, error: expiryText }),
      z.iso.date({ error: expiryText }),
      z.int({ error: expiryText }).min(1, expiryText).max(8_640_000_000_000_000, expiryText),
    ],
    { error: expiryText },
  )
  .nullable()
export type SessionExpiry = z.output<typeof sessionExpiry>

/** What may be chosen when a session is made: the contract's four fields and ours beside them. */
export const chosenPolicy = policySchema.partial()

export const failed = z.object({ success: z.literal(false), error: z.string(), request_id: z.string().optional() })
export const failure = (description: string) => ({ description, body: failed })

export const credentials = { sessionName: name, password, secretKey }

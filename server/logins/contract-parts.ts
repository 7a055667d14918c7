/** Schemas that several parts of the contract share. No Node import: the window reads them. */
import { z } from 'zod'

/** Both spellings of the failure, since the contract's successes say `message` and its invalid validation `error_message`. */
export const failed = z.object({ success: z.literal(false), error_code: z.string(), error_message: z.string(), message: z.string(), request_id: z.string().optional() })
export const failure = (description: string) => ({ description, body: failed })

export const time = z.iso.datetime()
/** Longer than any token this service signs. */
export const token = z.string().max(16_384)

/** What is not blank; an empty text counts as missing. */
export const blank = 'is blank'
export const name = z.string().trim().min(1, blank).max(256)
export const permissions = z.array(z.string().min(1).max(200)).max(1_000)

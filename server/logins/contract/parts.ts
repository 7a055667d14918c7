/** Schemas that several parts of the contract share. No Node import: the window reads them. */
import { z } from 'zod'

/** Both spellings of the failure, since the contract's successes say `message` and its invalid validation `error_message`. */
export const failed = z.object({
  success: z.literal(false),
  error_code: z.string(),
  error_message: z.string(),
  message: z.string(),
  request_id: z.string().optional(),
})
export const failure = (description: string) => ({ description, body: failed })

/** A lone surrogate has no UTF-8: a store would give back another text than it was given. */
const wellFormed = (text: string): boolean => text.isWellFormed()
export const text = (most: number) => z.string().max(most).refine(wellFormed, 'is not well-formed Unicode')

export const time = z.iso.datetime()
/** Longer than any token this service signs. */
export const token = z.string().max(16_384)

/** What is not blank; an empty text counts as missing. */
export const blank = 'is blank'
export const name = z.string().trim().min(1, blank).max(256).refine(wellFormed, 'is not well-formed Unicode')
export const permissions = z.array(text(200).min(1)).max(1_000)

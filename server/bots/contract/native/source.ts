/** Where the bytes of a message come from: exactly one of text in the message itself, an address, or a file that was handed over before. */
import { z } from 'zod'

/** What each way carries at most. Base64 is held in memory; WhatsApp takes documents of up to 2 GB. */
export const mostBytes = { data: 16 * 1_048_576, file: 2_000_000_000 } as const

export const uploadId = z.string().regex(/^upload_[0-9A-Za-z]{20}$/)

const base64Words = 'must be base64 alone: no `data:` before it, no line breaks, and + and / rather than - and _'
const largeWords = 'has more than 16 MiB: hand it over as an upload, or name its address'

/** Fields of everything that carries bytes; spread them into an object that is checked by `exactlyOne`. */
export const sourceFields = {
  /** Base64; decoded 16 MiB. */
  data: z.base64(base64Words).max(22_500_000, largeWords).optional(),
  /** Fetched before the call is answered. */
  url: z
    .url({ protocol: /^https?$/, error: 'must be an address that begins with http:// or https://, of at most 2,000 characters' })
    .max(2_000)
    .optional(),
  /** Of `POST …/uploads`. */
  upload: uploadId.optional(),
}
export type Source = { [Name in keyof typeof sourceFields]?: string | undefined }

/** For `refine`. */
export const exactlyOne = (body: object): boolean =>
  Object.keys(sourceFields).filter((name) => Reflect.get(body, name) !== undefined).length === 1
export const exactlyOneWords = 'exactly one of data, url and upload is needed'

export const mimetype = z
  .string()
  .regex(/^[\w.+-]+\/[\w.+-]+(; ?[\w=.+-]+)?$/, 'must be a type such as image/png')
  .max(100)

/** What can be put up as a status and in a channel. */
import { z } from 'zod'
import { exactlyOne, exactlyOneWords, mimetype, sourceFields } from './source.ts'

const caption = z.string().max(4_096).default('')
const carrying = { ...sourceFields, mimetype: mimetype.optional(), caption }

export const postContent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string().min(1).max(4_096) }),
  z.object({ type: z.literal('image'), ...carrying }).refine(exactlyOne, exactlyOneWords),
  z.object({ type: z.literal('video'), ...carrying }).refine(exactlyOne, exactlyOneWords),
])
export type PostContent = z.output<typeof postContent>

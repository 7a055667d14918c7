/** Files that messages carry: handed over before they are sent. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../../http/contract.ts'
import { failure, userParams } from '../parts.ts'
import { at, ok, refusals } from './messages.ts'
import { uploadId } from './source.ts'

const shared = { tag: 'Media', access: 'local', right: 'bots:use', params: userParams } as const

const uploadView = z.object({
  id: uploadId,
  name: z.string().nullable(),
  mimetype: z.string().nullable(),
  /** Bytes. */
  size: z.number().int(),
  /** A message that waits with it then still has it. */
  expiresAt: isoTime,
})

export const mediaRoutes = {
  uploadMedia: {
    ...shared,
    method: 'POST',
    path: at('/uploads'),
    summary: 'Hand over a file to be sent',
    description:
      'The body is the file itself, with its type as `content-type` and its name as `?name=`, or a `multipart/form-data` form, of which the first file is taken. Up to 2,000,000,000 bytes, 4 GB of files a session and 1,000 of them. A message sends it by its id, also more than one, for a day.',
    bodyType: 'raw',
    query: z.object({ name: z.string().min(1).max(255).optional() }),
    responses: {
      201: { description: 'Taken', body: ok.extend({ upload: uploadView }) },
      ...refusals,
      409: failure('Too many files wait already'),
      413: failure('Too large'),
    },
  },
} as const satisfies Record<string, RouteDefinition>

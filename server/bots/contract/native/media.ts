/** Files that messages carry: handed over before they are sent, and given out after they came. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../../http/contract.ts'
import { chat, failure, userParams } from '../parts.ts'
import { at, messageId, ok, refusals } from './messages.ts'
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

/** Of a file that came. */
export const fileReplies = {
  200: { description: 'The file, in the type that it was sent as', contentType: 'application/octet-stream' },
  206: { description: 'A part of it', contentType: 'application/octet-stream' },
  ...refusals,
  409: failure('The session is not online, and the file is not here'),
  410: failure('Neither WhatsApp nor the phone has it any more'),
  413: failure('It is larger than all that the session keeps'),
  416: failure('The file has no such part'),
  502: failure('What WhatsApp gave is not the file that was sent'),
  503: failure('WhatsApp does not give it at the moment'),
} as const

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
  messageMedia: {
    ...shared,
    method: 'GET',
    path: at('/messages/:messageId/media'),
    params: userParams.extend({ messageId }),
    query: z.object({ chat }),
    summary: 'The file of a message',
    description:
      'Also of one that is not kept: it is fetched then, as long as WhatsApp or the phone has it. `Range` gives a part. What a browser would not simply show comes as an attachment.',
    verb: 'write',
    bodyType: 'raw',
    responses: fileReplies,
  },
  linkedMedia: {
    method: 'GET',
    path: '/api/media/:link',
    tag: 'Media',
    access: 'public',
    right: 'anyone',
    params: z.object({ link: z.string().regex(/^[\w-]{100,1000}$/) }),
    summary: 'The file of a message, by the address that a webhook was given',
    description: 'Needs no key. The address ends after a day, and with its webhook, its message and its session.',
    bodyType: 'raw',
    responses: {
      200: { description: 'The file', contentType: 'application/octet-stream' },
      206: { description: 'A part of it', contentType: 'application/octet-stream' },
      404: failure('No such address, or it has ended'),
      409: failure('The session is not online, and the file is not here'),
      410: failure('Neither WhatsApp nor the phone has it any more'),
    },
  },
} as const satisfies Record<string, RouteDefinition>

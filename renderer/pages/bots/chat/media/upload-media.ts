/** Hands a file over before a message names it, as it is and however large. */
import { readFailure } from '../../../../api/api-error.ts'
import { useApi } from '../../../../api/api.ts'
import { prefixOf } from '../../../../api/client.ts'

/** Ms: a film over a slow network. */
const patience = 3_600_000

/** Resolves with the upload's id. Throws an `ApiError`. */
export async function uploadMedia(userId: string, file: File): Promise<string> {
  const reply = await useApi().transport.request({
    method: 'POST',
    path: `${prefixOf('bots')}/api/sessions/${encodeURIComponent(userId)}/uploads`,
    query: { name: file.name.slice(-255) },
    body: file,
    patience,
  })
  if (reply.status >= 400) throw readFailure(reply.status, reply.body)
  return (reply.body as { upload: { id: string } }).upload.id // the route's own answer
}

/** Files to and from a browser session. They take as long as they take. */
import { readFailure } from './api-error.ts'
import { useApi } from './api.ts'
import { bytesOf, saveFile } from '../files/save-file.ts'

/** Ms. */
const patience = 3_600_000
const root = (session: string): string => `/browsers/v1/browser-sessions/${encodeURIComponent(session)}`

/** Resolves with the upload's id. Throws an `ApiError`. */
export async function uploadFile(session: string, file: File, signal?: AbortSignal): Promise<string> {
  const reply = await useApi().transport.request({
    method: 'POST',
    path: `${root(session)}/uploads`,
    query: { name: file.name.slice(-255) },
    body: file,
    patience,
    ...(signal === undefined ? {} : { signal }),
  })
  if (reply.status >= 400) throw readFailure(reply.status, reply.body)
  return (reply.body as { id: string }).id // the route's own answer
}

/** Hands a download to the person as a file of theirs. Throws an `ApiError`. */
export async function saveDownload(session: string, { id, name }: { id: string; name: string }): Promise<void> {
  const reply = await useApi().transport.request({ method: 'GET', path: `${root(session)}/downloads/${id}`, patience })
  if (reply.status >= 400) throw readFailure(reply.status, reply.body)
  saveFile(name, bytesOf(reply.body))
}

/** Bytes of a message, from the bots API through the window's own connection. */
import { readFailure } from '../../../../api/api-error.ts'
import { useApi } from '../../../../api/api.ts'
import { prefixOf } from '../../../../api/client.ts'
import { bytesOf } from '../../../../files/save-file.ts'

/** Ms: WhatsApp may have to be asked for them first. */
const patience = 600_000

/** `path` as the view of the message has it. Throws an `ApiError`. */
export async function readMedia(path: string, signal: AbortSignal): Promise<Blob> {
  const reply = await useApi().transport.request({ method: 'GET', path: prefixOf('bots') + path, patience, signal, file: true })
  if (reply.status >= 400) throw readFailure(reply.status, reply.body)
  return new Blob([new Uint8Array(bytesOf(reply.body))])
}

/** Binds the routes of files to their services. */
import { iso } from '../../clock.ts'
import type { Call, Handlers } from '../../http/api.ts'
import type { mediaRoutes } from '../contract/native/media.ts'
import { mostBytes } from '../contract/native/source.ts'
import { BotFault } from '../fault.ts'
import { tooLarge } from '../media/fetched.ts'
import type { KeptFile } from '../media/file-store.ts'
import { boundaryOf, firstFile } from '../media/multipart.ts'
import type { Sources } from '../media/sources.ts'
import type { BotService } from '../service.ts'

export interface MediaParts {
  service: BotService
  sources: Sources
}

export function mediaHandlers({ service, sources }: MediaParts): Handlers<typeof mediaRoutes> {
  return {
    uploadMedia: async ({ params, query }, call) => {
      const { userId } = service.get(params.userId).row
      const { id, name, mimetype, size, expiresAt, createdAt } = await take(sources, userId, query.name ?? null, call)
      return { status: 201, body: { success: true, upload: { id, name, mimetype, size, expiresAt: iso(expiresAt ?? createdAt) } } }
    },
  }
}

async function take(sources: Sources, userId: string, name: string | null, { node: { request } }: Call): Promise<KeptFile> {
  // Whoever is refused in the middle is to hear why: the connection stays for that.
  const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer> // without an encoding a request gives buffers
  const contentType = request.headers['content-type']
  const boundary = boundaryOf(contentType)
  try {
    if (Number(request.headers['content-length'] ?? 0) > mostBytes.file + 1_048_576) throw tooLarge(mostBytes.file)
    if (boundary === null) return await sources.take(userId, body, { name, mimetype: contentType ?? null })
    const file = await firstFile(body, boundary)
    return await sources.take(userId, file.content, { name: name ?? file.name, mimetype: file.mimetype })
  } catch (error) {
    if (request.destroyed && !request.complete) throw new BotFault('upload-malformed', 'The file ended before it was whole')
    throw error
  } finally {
    // The rest is not wanted; whoever sends it learns why by the answer.
    request.resume()
  }
}

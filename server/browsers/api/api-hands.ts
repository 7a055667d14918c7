/** Answers for the files of a session. */
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { handled, type Call, type Handlers } from '../../http/api.ts'
import type { handsRoutes } from '../contract/hands.ts'
import { BrowserFault } from '../fault.ts'
import { attachment } from '../../http/file-names.ts'
import type { SessionDownloads } from '../files/session-downloads.ts'
import type { ApiParts } from './parts.ts'

export function createHandsHandlers({ service, files }: ApiParts): Handlers<typeof handsRoutes> {
  const of = (id: string): SessionDownloads => {
    const found = files.find(id)
    if (found === undefined) throw new BrowserFault('session-not-found', 'Session not found')
    return found
  }
  return {
    downloads: ({ params }) => {
      const { policy } = of(params.id)
      return { status: 200, body: { downloads: of(params.id).list(), policy } }
    },
    downloadFile: ({ params }, call) => sendFile(of(params.id).file(params.download), call),
    stopDownload: async ({ params }) => {
      await of(params.id).stop(params.download)
      return { status: 204, body: null }
    },
    removeDownload: async ({ params }) => {
      await of(params.id).remove(params.download)
      return { status: 204, body: null }
    },
    uploadFile: async ({ params, query }, { node }) => {
      const session = service.get(params.id)
      session.touch()
      try {
        const { id, name, bytes } = await session.uploads.take(query.name, node.request)
        return { status: 201, body: { id, name, bytes } }
      } catch (error) {
        // The rest is not wanted; whoever sends it learns why by the answer.
        node.request.resume()
        throw error
      }
    },
  }
}

async function sendFile({ path, name, bytes }: { path: string; name: string; bytes: number }, { node }: Call): Promise<typeof handled> {
  const { response } = node
  response.statusCode = 200
  response.setHeader('content-type', 'application/octet-stream')
  response.setHeader('content-length', bytes)
  response.setHeader('content-disposition', attachment(name))
  // A site's file is never shown as a page of ours.
  response.setHeader('content-security-policy', "default-src 'none'; sandbox; frame-ancestors 'none'")
  // Whoever goes away before the end needs none of it.
  await pipeline(createReadStream(path), response).catch(() => response.destroy())
  return handled
}

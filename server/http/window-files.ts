/** Serves the built window to browsers on the control port, under a policy that lets no injected script run. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import sirv from 'sirv'

export type FileHandler = (request: IncomingMessage, response: ServerResponse) => void

/** Any path that is no file is the window itself: its router knows the rest. */
export function createWindowFiles(folder: string): FileHandler {
  const files = sirv(folder, { single: true, etag: true, setHeaders: (response, path) => secure(response, path) })
  return (request, response) => {
    // A script or webhook that is aimed wrong must not take the window's page for an answer.
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found')
      return
    }
    files(request, response, () => {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found')
    })
  }
}

/** Nuxt UI sets style elements, so styles may be inline; scripts come from files of ours alone. */
export const windowPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

function secure(response: ServerResponse, path: string): void {
  response.setHeader('content-security-policy', windowPolicy)
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('referrer-policy', 'no-referrer')
  response.setHeader('cross-origin-opener-policy', 'same-origin')
  // Files under assets carry their hash in the name; the page itself must be asked for anew.
  response.setHeader('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
}

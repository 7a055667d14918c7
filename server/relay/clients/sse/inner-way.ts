/**
 * HTTP to the gateway without a socket: what is sent this way is checked, paid for and answered by the same code as what comes over the
 * network.
 */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { duplexPair, Readable } from 'node:stream'
import type { Fetch } from '../../bridge/streamable-way.ts'
import { escape } from '../../../isolation.ts'

export function createInnerWay(handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Fetch {
  // It never listens: connections are handed to it.
  const server = createServer((request, response) => {
    void handle(request, response).catch((error: unknown) => {
      response.destroy()
      escape(error)
    })
  })
  return (url, init) =>
    new Promise((resolve, reject) => {
      const [ours, theirs] = duplexPair()
      server.emit('connection', theirs)
      const { pathname } = new URL(url)
      const sent = httpRequest({
        ...{ method: init.method ?? 'GET', path: pathname, headers: Object.fromEntries(new Headers(init.headers)) },
        // Given up, it is cut, which is how the gateway learns of it.
        ...(init.signal ? { signal: init.signal } : {}),
        createConnection: () => ours,
      })
      sent.once('error', reject)
      sent.once('response', (answer) => {
        const { statusCode = 500, headers } = answer
        answer.once('close', () => ours.destroy())
        resolve(new Response(webBody(answer, statusCode), { status: statusCode, headers: headersOf(headers) }))
      })
      sent.end(init.body)
    })
}

/** The answers that have no body at all may not be given one. */
function webBody(answer: IncomingMessage, status: number): ReadableStream<Uint8Array> | null {
  if (status !== 204 && status !== 304) return Readable.toWeb(answer) as ReadableStream<Uint8Array> // bytes, as no encoding is set
  answer.resume()
  return null
}

function headersOf(given: IncomingMessage['headers']): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(given)) if (typeof value === 'string') headers.set(name, value)
  return headers
}

/** How calls reach the server: HTTP and WebSocket in Electron and in a browser alike; only address and credential differ. */
import { ApiError } from './api-error.ts'

export interface TransportRequest {
  method: string
  /** From the control port's root. */
  path: string
  query?: Readonly<Record<string, unknown>>
  /** A file goes as it is, all else as JSON. */
  body?: unknown
  signal?: AbortSignal
  /** Ms after which this call is given up, where the usual is too short. */
  patience?: number
  /** The answer is a file, also where that is JSON. */
  file?: boolean
}

export interface TransportReply {
  status: number
  /** Parsed JSON, bytes for anything else, null for an empty reply. */
  body: unknown
}

export interface Transport {
  request(request: TransportRequest): Promise<TransportReply>
  openSocket(path: string, query?: Readonly<Record<string, unknown>>): WebSocket
  /** The address of a path, for links a person opens. */
  address(path: string): string
}

/** Where the server is; read at every call, since a change of the control port moves it. */
export interface ServerAddress {
  /** `http://127.0.0.1:7700`, without a slash at its end. */
  base: string
  /** The owner's token in Electron; null in a browser, which has a cookie. */
  token: string | null
}

export interface HttpTransportOptions {
  server: ServerAddress
  fetch?: typeof globalThis.fetch
  /** Ms after which a call is given up. */
  timeout?: number
}

export function createHttpTransport({
  server,
  fetch = globalThis.fetch.bind(globalThis),
  timeout = 30_000,
}: HttpTransportOptions): Transport {
  return {
    async request({ method, path, query, body, signal, patience = timeout, file = false }) {
      const { base, token } = server
      const deadline = AbortSignal.timeout(patience)
      const headers: Record<string, string> = { accept: file ? '*/*' : 'application/json' }
      if (token !== null) headers['authorization'] = `Bearer ${token}`
      if (body !== undefined) headers['content-type'] = body instanceof Blob ? 'application/octet-stream' : 'application/json'
      let response: Response
      try {
        response = await fetch(`${base}${path}${queryText(query)}`, {
          method,
          headers,
          body: body === undefined ? null : body instanceof Blob ? body : JSON.stringify(body),
          credentials: token === null ? 'same-origin' : 'omit',
          cache: 'no-store',
          signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
        })
        return { status: response.status, body: await readBody(response, file && response.ok) }
      } catch (error) {
        if (signal?.aborted === true) throw error
        if (deadline.aborted) throw new ApiError(0, 'timeout', 'Wheelhouse did not answer in time', [], null, { cause: error })
        throw new ApiError(0, 'unreachable', 'Wheelhouse cannot be reached', [], null, { cause: error })
      }
    },
    openSocket(path, query) {
      const { base, token } = server
      const address = `${base.replace(/^http/, 'ws')}${path}${queryText(query)}`
      // A WebSocket cannot carry headers, so the token travels as a sub-protocol; a browser's cookie goes along by itself.
      return token === null ? new WebSocket(address, ['wheelhouse']) : new WebSocket(address, ['wheelhouse', `bearer.${token}`])
    },
    address: (path) => `${server.base}${path}`,
  }
}

async function readBody(response: Response, file: boolean): Promise<unknown> {
  if (response.status === 204) return null
  if (!file && response.headers.get('content-type')?.includes('json') === true) return response.json()
  return new Uint8Array(await response.arrayBuffer())
}

function queryText(query: Readonly<Record<string, unknown>> = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`
}

/** The gateway's end of the revocation stream: open, or being opened again. */
import { WebSocket } from 'ws'

export interface StreamListener {
  ended(sessionIds: readonly string[]): void
  renewed(sessionIds: readonly string[]): void
  keysChanged(): void
  /** Open; `at` is the time by the service's clock. */
  ready(at: number): void
  lost(): void
}

export interface Stream {
  /** True only while everything that ends is heard. */
  isOpen(): boolean
  ready(): Promise<void>
  close(): void
}

/** The service pings every 15 s. */
const deadAfter = 40_000
const retryAtMost = 5_000

export function openStream(base: string, headers: Record<string, string>, listener: StreamListener): Stream {
  let open = false
  let closed = false
  let socket: WebSocket | undefined
  let failures = 0
  let retry: NodeJS.Timeout | undefined
  let watch: NodeJS.Timeout | undefined
  let waiting: (() => void)[] = []

  function lose(): void {
    if (open) listener.lost()
    open = false
  }

  function heard(): void {
    clearTimeout(watch)
    // A connection that died without a word would otherwise stay open forever, and deaf.
    watch = setTimeout(() => socket?.terminate(), deadAfter).unref()
  }

  function connect(): void {
    const own = new WebSocket(`${base.replace(/^http/, 'ws')}/api/v1/sessions/revocations?since=now`, { headers, handshakeTimeout: 5_000 })
    socket = own
    own.on('ping', heard)
    own.on('message', (data) => {
      heard()
      // Messages of the service we were told to trust.
      const message = JSON.parse(String(data)) as { type: string; at?: number; sessions?: { session_id: string }[] }
      const ids = (message.sessions ?? []).map(({ session_id }) => session_id)
      if (message.type === 'ended') listener.ended(ids)
      else if (message.type === 'renewed') listener.renewed(ids)
      else if (message.type === 'keys') listener.keysChanged()
      else if (message.type === 'unsure') lose()
      else if (message.type === 'ready') {
        open = true
        failures = 0
        if (message.at !== undefined) listener.ready(message.at)
        for (const resolve of waiting) resolve()
        waiting = []
      }
    })
    own.on('error', () => undefined)
    own.on('close', () => {
      clearTimeout(watch)
      lose()
      if (closed) return
      failures += 1
      retry = setTimeout(connect, Math.min(retryAtMost, 50 * 2 ** failures)).unref()
    })
  }

  connect()
  return {
    isOpen: () => open,
    ready: () => (open ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    close() {
      closed = true
      clearTimeout(retry)
      clearTimeout(watch)
      socket?.terminate()
    },
  }
}

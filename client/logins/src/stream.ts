/** The gateway's end of the revocation stream: open, or being opened again. */
import { WebSocket } from 'ws'
import type { GatewayTime } from './time.ts'

/** The service's rules of time, in ms, as far as a gateway has to know them. */
export interface ServiceRules {
  idleTimeout: number | null
  /** How long before its end a token is renewed. */
  threshold: number
  rememberMeThreshold: number
}

export interface StreamListener {
  /** Sessions that begin from now on. */
  created(sessionIds: readonly string[]): void
  ended(sessionIds: readonly string[]): void
  renewed(sessionIds: readonly string[]): void
  keysChanged(): void
  /** Open, or still there: `at` is the time by the service's clock. */
  alive(at: number, rules: ServiceRules): void
  lost(): void
}

export interface Stream {
  /** True only while everything that ends is heard. */
  isOpen(): boolean
  ready(): Promise<void>
  /** Messages so far. */
  heard(): number
  close(): void
}

/**
 * The service says every two seconds that it is there. Who is silent for longer than this may be one whose connection died without a word.
 */
const deafAfter = 5_000
const lookEvery = 1_000
const retryAtMost = 5_000

export function openStream(
  base: string,
  headers: Record<string, string>,
  time: Pick<GatewayTime, 'every' | 'after'>,
  elapsed: () => number,
  listener: StreamListener,
): Stream {
  let open = false
  let closed = false
  let socket: WebSocket | undefined
  let failures = 0
  let messages = 0
  let stopRetry = (): void => undefined
  let heardAt = elapsed()
  const silence = (): number => elapsed() - heardAt
  let waiting: (() => void)[] = []

  function lose(): void {
    if (open) listener.lost()
    open = false
  }

  function connectLater(): void {
    failures += 1
    stopRetry = time.after(Math.min(retryAtMost, 50 * 2 ** failures), connect)
  }

  function connect(): void {
    heardAt = elapsed()
    try {
      const own = new WebSocket(`${base.replace(/^http/, 'ws')}/api/v1/sessions/revocations?since=now`, {
        headers,
        handshakeTimeout: 5_000,
        maxPayload: 16 * 1_048_576,
      })
      socket = own
      own.on('message', (data) => {
        // Whatever speaks so is not the service: what it said, and did not say, is worth nothing.
        if (own === socket && !hear(String(data))) own.terminate()
      })
      own.on('error', () => undefined)
      own.on('close', () => {
        if (own !== socket) return
        lose()
        if (!closed) connectLater()
      })
    } catch {
      // An address that is none. It is asked about as often as one that does not answer, and every request asks the service in vain.
      connectLater()
    }
  }

  /** False when it is not a message of the service. */
  function hear(text: string): boolean {
    const message = read(text)
    if (message === null) return false
    heardAt = elapsed()
    messages += 1
    const { type, ids } = message
    if (type === 'created') listener.created(ids)
    else if (type === 'ended') listener.ended(ids)
    else if (type === 'renewed') listener.renewed(ids)
    else if (type === 'keys') listener.keysChanged()
    else if (type === 'unsure') lose()
    else if (message.moment !== null && (type === 'ready' || (type === 'alive' && open))) {
      listener.alive(message.moment.at, message.moment.rules)
      if (type === 'ready') begin()
    }
    return true
  }

  function begin(): void {
    open = true
    failures = 0
    for (const resolve of waiting) resolve()
    waiting = []
  }

  const stopLooking = time.every(lookEvery, () => {
    const own = socket
    if (own === undefined || silence() < deafAfter) return
    // After what has arrived is read: it may be this process that was away.
    setImmediate(() => own === socket && silence() >= deafAfter && own.terminate())
  })

  connect()
  return {
    isOpen: () => open && silence() < deafAfter,
    ready: () => (open ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    heard: () => messages,
    close() {
      closed = true
      stopRetry()
      stopLooking()
      lose()
      socket?.terminate()
    },
  }
}

interface Message {
  type: string
  ids: string[]
  moment: { at: number; rules: ServiceRules } | null
}

function read(text: string): Message | null {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof message !== 'object' || message === null || !('type' in message) || typeof message.type !== 'string') return null
  const sessions: unknown[] = 'sessions' in message && Array.isArray(message.sessions) ? message.sessions : []
  const ids = sessions.map((session) =>
    typeof session === 'object' && session !== null && 'session_id' in session ? session.session_id : null,
  )
  // What cannot be read may be an ending.
  if (!ids.every((id) => typeof id === 'string')) return null
  return { type: message.type, ids, moment: momentOf(message) }
}

function momentOf(message: object): Message['moment'] {
  const { at, idle_timeout, refresh_threshold, remember_me_threshold } = message as Record<string, unknown> // looked at one by one
  if (typeof at !== 'number' || typeof refresh_threshold !== 'number' || typeof remember_me_threshold !== 'number') return null
  return {
    at,
    rules: {
      idleTimeout: typeof idle_timeout === 'number' ? idle_timeout : null,
      threshold: refresh_threshold,
      rememberMeThreshold: remember_me_threshold,
    },
  }
}

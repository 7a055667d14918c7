/** Tells gateways at once which sessions ended, so that what they verified by themselves is not good a moment too long. */
import type { WebSocket } from 'ws'
import { iso, type Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { SigningKeys } from './keys.ts'
import type { Session } from './session.ts'
import type { SessionStore } from './session-store.ts'

export interface Revocations {
  /** Sends all endings from `since` on that still matter (none of the past for null), then those that come. Owns the socket. */
  connect(socket: WebSocket, since: number | null): void
  count(): number
  stop(): void
}

export type RevocationMessage =
  | { type: 'ended'; sessions: { session_id: string; user_id: string; reason: string; at: string }[] }
  /** Their good tokens changed: ask again about any of them. */
  | { type: 'renewed'; sessions: { session_id: string }[] }
  | { type: 'ready'; at: number }
  | { type: 'keys' }
  | { type: 'unsure' }

/** A gateway that reads so slowly is behind the truth; it is cut and asks again from where it was. */
const mostBuffered = 4 * 1_048_576
/** Messages kept for one that still reads the past. */
const mostWaiting = 10_000
const perMessage = 500
const pingEvery = 15_000

export function createRevocations({ store, keys, clock, log }: { store: SessionStore; keys: SigningKeys; clock: Clock; log: Pick<Log, 'warn'> }): Revocations {
  /** What came while a socket still reads the past is sent after it. */
  const sockets = new Map<WebSocket, { alive: boolean; waiting: RevocationMessage[] | null }>()

  function send(socket: WebSocket, message: RevocationMessage): void {
    if (socket.bufferedAmount > mostBuffered) socket.terminate()
    else socket.send(JSON.stringify(message))
  }

  function tellAll(messages: readonly RevocationMessage[]): void {
    for (const [socket, state] of sockets) {
      for (const message of messages) {
        if (state.waiting === null) send(socket, message)
        else if (state.waiting.length < mostWaiting) state.waiting.push(message)
        else socket.terminate()
      }
    }
  }

  /** As fast as the gateway takes it: all of a busy day at once would look like one that does not read. */
  async function sendPast(socket: WebSocket, since: number | null): Promise<void> {
    const at = clock.now()
    for await (const past of since === null ? [] : store.endedSince(since, at)) {
      for (const message of messagesOf(past)) await new Promise<void>((resolve) => socket.send(JSON.stringify(message), () => resolve()))
      if (!sockets.has(socket)) return
    }
    const state = sockets.get(socket)
    if (state === undefined) return
    for (const message of state.waiting ?? []) send(socket, message)
    state.waiting = null
    send(socket, { type: 'ready', at })
  }

  const subscriptions = [
    store.onChange((sessions) => tellAll(messagesOf(sessions))),
    keys.onChange(() => tellAll([{ type: 'keys' }])),
    store.onState(() => {
      if (!store.state().up) return tellAll([{ type: 'unsure' }])
      // Endings of other servers may have been missed meanwhile: each gateway starts over.
      for (const socket of sockets.keys()) socket.close(1012, 'the store was away; connect again')
    }),
  ]
  const pings = setInterval(() => {
    for (const [socket, state] of sockets) {
      if (!state.alive) socket.terminate()
      state.alive = false
      socket.ping()
    }
  }, pingEvery)
  pings.unref()

  return {
    connect(socket, since) {
      sockets.set(socket, { alive: true, waiting: [] })
      socket.on('pong', () => {
        const state = sockets.get(socket)
        if (state !== undefined) state.alive = true
      })
      socket.on('close', () => sockets.delete(socket))
      sendPast(socket, since).catch((error: unknown) => {
        log.warn({ error: String(error) }, 'past endings cannot be read for a gateway')
        socket.close(1013, 'the store cannot be reached; try again')
      })
    },
    count: () => sockets.size,
    stop() {
      clearInterval(pings)
      for (const unsubscribe of subscriptions) unsubscribe()
      for (const socket of sockets.keys()) socket.close(1001, 'the server stops')
      sockets.clear()
    },
  }
}

function messagesOf(sessions: readonly Session[]): RevocationMessage[] {
  const over = sessions.filter(({ endedAt }) => endedAt !== null)
  const renewed = sessions.filter(({ endedAt }) => endedAt === null)
  return [
    ...inParts(over, (some): RevocationMessage => ({ type: 'ended', sessions: some.map(({ id, userId, endReason, endedAt }) => ({ session_id: id, user_id: userId, reason: endReason ?? 'revoked', at: iso(endedAt ?? 0) })) })),
    ...inParts(renewed, (some): RevocationMessage => ({ type: 'renewed', sessions: some.map(({ id }) => ({ session_id: id })) })),
  ]
}

function inParts(sessions: readonly Session[], message: (some: readonly Session[]) => RevocationMessage): RevocationMessage[] {
  return Array.from({ length: Math.ceil(sessions.length / perMessage) }, (_, part) => message(sessions.slice(part * perMessage, (part + 1) * perMessage)))
}

/** Tells gateways at once which sessions ended, so that what they verified by themselves is not good a moment too long. */
import type { WebSocket } from 'ws'
import { iso, type Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { SigningKeys } from './keys/signing-keys.ts'
import type { Policy } from './policy.ts'
import type { Session } from './session.ts'
import type { SessionStore } from './store/session-store.ts'

export interface Revocations {
  /** Sends all endings from `since` on that still matter (none of the past for null), then those that come. Owns the socket. */
  connect(socket: WebSocket, since: number | null): void
  count(): number
  start(): void
  stop(): void
}

/** The rules of time a gateway has to know, in ms. */
interface Rules {
  idle_timeout: number | null
  refresh_threshold: number
  remember_me_threshold: number
}

export type RevocationMessage =
  | { type: 'ended'; sessions: { session_id: string; user_id: string; reason: string; at: string }[] }
  /** They begin: until more is said of them there is nothing to ask. */
  | { type: 'created'; sessions: { session_id: string }[] }
  /** Their good tokens changed: ask again about any of them. */
  | { type: 'renewed'; sessions: { session_id: string }[] }
  | ({ type: 'ready'; at: number } & Rules)
  /** Every two seconds: who does not hear it is cut off without knowing. */
  | ({ type: 'alive'; at: number } & Rules)
  | { type: 'keys' }
  | { type: 'unsure' }

/** A gateway that reads so slowly is behind the truth; it is cut and asks again from where it was. */
const mostBuffered = 4 * 1_048_576
/** Messages kept for one that still reads the past. */
const mostWaiting = 10_000
const perMessage = 500
const aliveEvery = 2_000
/** Pongs that may be missing: a gateway that is busy for some seconds is not gone. */
const mostUnanswered = 5
/**
 * Servers of one store may disagree about the time by as much: endings that the clock of another one may have dated so are sent once more.
 */
const clocksApart = 5 * 60_000

/** Calls `work` every `ms` until the function it returns is called. */
export type Every = (ms: number, work: () => void) => () => void

export interface RevocationsGiven {
  store: SessionStore
  keys: SigningKeys
  policy(): Policy
  clock: Clock
  log: Pick<Log, 'warn'>
  every: Every
}

export function createRevocations({ store, keys, policy, clock, log, every }: RevocationsGiven): Revocations {
  /** What came while a socket still reads the past is sent after it. */
  const sockets = new Map<WebSocket, { unanswered: number; waiting: RevocationMessage[] | null }>()

  function rules(): Rules {
    const { idleTimeout, threshold } = policy()
    return { idle_timeout: idleTimeout, refresh_threshold: threshold(false), remember_me_threshold: threshold(true) }
  }

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
    const apart = store.kind === 'redis' ? clocksApart : 0
    for await (const past of since === null ? [] : store.endedSince(since - apart, clock.now() - apart)) {
      for (const message of messagesOf(past)) await new Promise<void>((resolve) => socket.send(JSON.stringify(message), () => resolve()))
      if (!sockets.has(socket)) return
    }
    const state = sockets.get(socket)
    if (state === undefined) return
    for (const message of state.waiting ?? []) send(socket, message)
    state.waiting = null
    // What ends on other servers is heard only while the store is there; when it comes back the socket is closed, and the gateway begins
    // anew.
    send(socket, store.state().up ? { type: 'ready', at: clock.now(), ...rules() } : { type: 'unsure' })
  }

  const subscribe = (): (() => void)[] => [
    store.onChange((sessions) => tellAll(messagesOf(sessions))),
    keys.onChange(() => tellAll([{ type: 'keys' }])),
    store.onState(() => {
      if (!store.state().up) return tellAll([{ type: 'unsure' }])
      // Endings of other servers may have been missed meanwhile: each gateway starts over.
      for (const socket of sockets.keys()) socket.close(1012, 'the store was away; connect again')
    }),
    every(aliveEvery, beat),
  ]
  let subscriptions: (() => void)[] = []

  function beat(): void {
    const alive: RevocationMessage = { type: 'alive', at: clock.now(), ...rules() }
    for (const [socket, state] of sockets) {
      state.unanswered += 1
      if (state.unanswered > mostUnanswered) socket.terminate()
      else socket.ping()
      if (state.waiting === null && store.state().up) send(socket, alive)
    }
  }

  return {
    connect(socket, since) {
      sockets.set(socket, { unanswered: 0, waiting: [] })
      socket.on('pong', () => {
        const state = sockets.get(socket)
        if (state !== undefined) state.unanswered = 0
      })
      socket.on('close', () => sockets.delete(socket))
      sendPast(socket, since).catch((error: unknown) => {
        log.warn({ error: String(error) }, 'past endings cannot be read for a gateway')
        socket.close(1013, 'the store cannot be reached; try again')
      })
    },
    count: () => sockets.size,
    start() {
      subscriptions = subscribe()
    },
    stop() {
      for (const unsubscribe of subscriptions.splice(0)) unsubscribe()
      for (const socket of sockets.keys()) socket.close(1001, 'the server stops')
      sockets.clear()
    },
  }
}

function messagesOf(sessions: readonly Session[]): RevocationMessage[] {
  const over = sessions.filter(({ endedAt }) => endedAt !== null)
  const created = sessions.filter(({ endedAt, renewals }) => endedAt === null && renewals === 0)
  const renewed = sessions.filter(({ endedAt, renewals }) => endedAt === null && renewals > 0)
  return [
    ...inParts(over, (some): RevocationMessage => ({
      type: 'ended',
      sessions: some.map(({ id, userId, endReason, endedAt }) => ({
        session_id: id,
        user_id: userId,
        reason: endReason ?? 'revoked',
        at: iso(endedAt ?? 0),
      })),
    })),
    ...inParts(created, (some): RevocationMessage => ({ type: 'created', sessions: some.map(({ id }) => ({ session_id: id })) })),
    ...inParts(renewed, (some): RevocationMessage => ({ type: 'renewed', sessions: some.map(({ id }) => ({ session_id: id })) })),
  ]
}

function inParts(sessions: readonly Session[], message: (some: readonly Session[]) => RevocationMessage): RevocationMessage[] {
  return Array.from({ length: Math.ceil(sessions.length / perMessage) }, (_, part) =>
    message(sessions.slice(part * perMessage, (part + 1) * perMessage)),
  )
}

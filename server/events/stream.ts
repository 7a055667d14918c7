/**
 * `WS /control/v1/events`: sends the bus to sockets, each at its own pace.
 *
 * A reader is a place in the sequence of events, not a queue: what it has not seen is read from the bus when its socket has room. So a
 * slow reader costs no memory and holds nobody up. One that falls too far behind is told `gap` and goes on from the newest event;
 * one whose socket takes nothing for a while is closed with 4008, one that no longer answers pings is cut off.
 */
import { WebSocket } from 'ws'
import type { Clock } from '../clock.ts'
import type { EventBus } from './bus.ts'
import type { BusEvent, EventMessage } from './event.ts'

/** Close codes of our own range (RFC 6455, 7.4.2). */
export const streamCloseCodes = { tooSlow: 4_008, goingAway: 1_001 } as const

type ProcessMetrics = Omit<Extract<EventMessage, { type: 'pulse' }>, 'type' | 'lastId' | 'eventsPerSecond'>

export interface EventStream {
  /** Owns the socket from here. Without `since` it gets only what comes. */
  attach(socket: WebSocket, options?: { since?: number | undefined }): void
  /** Tells all readers that they should read `resource` again; many calls in a row become one message. */
  changed(resource: string): void
  readers(): number
  /** Closes all sockets and ends the timers. */
  stop(): void
}

export interface EventStreamOptions {
  bus: EventBus
  clock: Clock
  /** What a pulse tells beside the bus's own figures. */
  processMetrics: () => ProcessMetrics
  limits?: Partial<StreamLimits>
}

export interface StreamLimits {
  /** Bytes waiting in a socket above which nothing more is sent to it. */
  buffered: number
  /** Events a reader may be behind; more is a gap. */
  backlog: number
  /** Ms a full socket may take nothing before it is closed. */
  stuck: number
  /** Ms between pulses, and between looks at full sockets. */
  pulse: number
  /** Ms between pings; an unanswered one is the end at the next. */
  ping: number
}

const usual: StreamLimits = { buffered: 1_048_576, backlog: 5_000, stuck: 15_000, pulse: 2_000, ping: 30_000 }
/** Events a second above which sending is gathered into turns of `gather` ms. */
const busy = 100
const gather = 50
const changedEvery = 100
/** Events sent to one reader before the others, and everything else, get their turn. */
const page = 250

interface Reader {
  socket: WebSocket
  /** The last event it has been sent. */
  lastId: number
  /** When its socket was found full, on the monotonic clock; null while there is room. */
  fullSince: number | null
  buffered: number
  answeredPing: boolean
}

export function createEventStream({ bus, clock, processMetrics, limits }: EventStreamOptions): EventStream {
  const { buffered, backlog, stuck, pulse, ping } = { ...usual, ...limits }
  const readers = new Set<Reader>()
  const changes = new Set<string>()
  /** An event's text is made once for all readers, and forgotten with the event. */
  const texts = new WeakMap<BusEvent, string>()
  let turn: NodeJS.Timeout | undefined
  let changesTurn: NodeJS.Timeout | undefined
  let timers: NodeJS.Timeout[] = []
  const unsubscribe = bus.subscribe(() => {
    if (readers.size > 0) scheduleTurn(bus.eventsPerSecond() > busy ? gather : 0)
  })

  function attach(socket: WebSocket, { since }: { since?: number | undefined } = {}): void {
    // It may have gone while its caller was being looked up; then no `close` will come any more.
    if (socket.readyState !== WebSocket.OPEN) return
    const reader: Reader = { socket, lastId: since ?? bus.lastId(), fullSince: null, buffered: 0, answeredPing: true }
    socket.on('pong', () => (reader.answeredPing = true))
    // A reset connection; `close` follows and is what counts.
    socket.on('error', () => undefined)
    socket.on('close', () => detach(reader))
    readers.add(reader)
    if (readers.size === 1) startTimers()
    send(reader, pulseMessage())
    pump(reader)
  }

  function detach(reader: Reader): void {
    readers.delete(reader)
    if (readers.size === 0) stopTimers()
  }

  function scheduleTurn(delay: number): void {
    turn ??= setTimeout(() => {
      turn = undefined
      for (const reader of readers) pump(reader)
    }, delay)
  }

  /** Sends what the reader has not seen, as far as its socket has room. */
  function pump(reader: Reader): void {
    if (reader.socket.readyState !== WebSocket.OPEN || reader.lastId === bus.lastId() || !hasRoom(reader)) return
    // An id from the future comes from another data directory, or from before this one was put back from a copy.
    if (bus.lastId() - reader.lastId > backlog || reader.lastId > bus.lastId()) return skipAhead(reader)
    const { events, gap } = bus.since(reader.lastId, page)
    if (gap) return skipAhead(reader)
    for (const event of events) {
      send(reader, textOf(event))
      reader.lastId = event.id
      if (reader.socket.bufferedAmount > buffered) break
    }
    if (reader.lastId < bus.lastId()) scheduleTurn(0)
  }

  function skipAhead(reader: Reader): void {
    reader.lastId = bus.lastId()
    send(reader, JSON.stringify({ type: 'gap', lastId: reader.lastId } satisfies EventMessage))
  }

  function hasRoom(reader: Reader): boolean {
    const waiting = reader.socket.bufferedAmount
    if (waiting <= buffered) {
      reader.fullSince = null
      return true
    }
    // Taking something, however little, is not being stuck.
    if (reader.fullSince === null || waiting < reader.buffered) reader.fullSince = clock.monotonic()
    reader.buffered = waiting
    if (clock.monotonic() - reader.fullSince > stuck) {
      // The close frame waits behind everything else; ws cuts the connection after 30 s if it is not answered.
      reader.socket.close(streamCloseCodes.tooSlow, 'reads too slowly')
      detach(reader)
    }
    return false
  }

  function send(reader: Reader, text: string): void {
    reader.socket.send(text, (error) => {
      // The buffer has been emptied, perhaps after it was full: go on where it stopped.
      if (error == null && reader.fullSince !== null && reader.socket.bufferedAmount <= buffered) scheduleTurn(0)
    })
  }

  function textOf(event: BusEvent): string {
    const known = texts.get(event)
    if (known !== undefined) return known
    const text = JSON.stringify({ type: 'event', event } satisfies EventMessage)
    texts.set(event, text)
    return text
  }

  function pulseMessage(): string {
    return JSON.stringify({
      type: 'pulse',
      lastId: bus.lastId(),
      eventsPerSecond: bus.eventsPerSecond(),
      ...processMetrics(),
    } satisfies EventMessage)
  }

  function sendToAll(texts: readonly string[]): void {
    // Pulses and changes are worth nothing late: a full socket goes without.
    for (const reader of readers) if (hasRoom(reader)) for (const text of texts) send(reader, text)
  }

  function startTimers(): void {
    timers = [
      setInterval(() => {
        sendToAll([pulseMessage()])
        for (const reader of readers) pump(reader)
      }, pulse),
      setInterval(() => {
        for (const reader of readers) {
          if (!reader.answeredPing) reader.socket.terminate()
          else {
            reader.answeredPing = false
            reader.socket.ping()
          }
        }
      }, ping),
    ]
    for (const timer of timers) timer.unref()
  }

  function stopTimers(): void {
    for (const timer of timers) clearInterval(timer)
    timers = []
    clearTimeout(turn)
    turn = undefined
  }

  return {
    attach,
    changed(resource) {
      if (readers.size === 0) return
      changes.add(resource)
      changesTurn ??= setTimeout(() => {
        changesTurn = undefined
        sendToAll([...changes].map((changed) => JSON.stringify({ type: 'changed', resource: changed } satisfies EventMessage)))
        changes.clear()
      }, changedEvery)
    },
    readers: () => readers.size,
    stop() {
      unsubscribe()
      clearTimeout(changesTurn)
      for (const { socket } of readers) socket.close(streamCloseCodes.goingAway, 'the server is stopping')
      readers.clear()
      stopTimers()
    },
  }
}

/** What was said on a client's streams lately, so that a client that lost its connection can take up where it was. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { EventStore, RequestId } from '@modelcontextprotocol/server'

type Message = Parameters<EventStore['storeEvent']>[1]

/** Events and bytes; the oldest go first. */
const keepEvents = 256
const keepBytes = 4 * 1_048_576
/** Streams of which is known what they answer, and characters that may say it. */
const keepStreams = 1_000
const longestNote = 512

export interface StreamEvents extends EventStore {
  /** Keeps what is said on a stream; an empty message only carries the stream's first position. Returns the id of the event. */
  store(stream: string, message: Message | Record<string, never>, bytes?: number): string
  /** What was said after an event on its stream, oldest first. */
  after(eventId: string): { id: string; message: Message }[]
  streamOf(eventId: string): string | undefined
  /** The ids of events on a stream say which requests it answers. */
  answers(stream: string, requests: readonly RequestId[]): void
  /** The same of a stream that is opened by what is done meanwhile. */
  answering<Result>(requests: readonly RequestId[], work: () => Result): Result
  /** What a stream was to answer that is not of this life: nobody is left who could. */
  leftBehind(eventId: string): RequestId[]
}

export function createEventStore(): StreamEvents {
  /** In every id: an event of a client that was known before a restart is told from one of now. */
  const life = randomUUID().slice(0, 8)
  const events: { number: number; stream: string; message: Message; bytes: number }[] = []
  let last = 0
  let bytes = 0
  const notes = new Map<string, string>()
  const opening = new AsyncLocalStorage<readonly RequestId[]>()
  const idOf = (number: number, stream: string): string => `${life}.${number}-${stream}${notes.get(stream) ?? ''}`

  /** All of a stream comes after an event of an earlier life. */
  function position(eventId: string): { stream: string; number: number; note: string | undefined; isOfNow: boolean } | undefined {
    const [, of, number, stream, note] = /^(\w+)\.(\d+)-([^.]+)(?:\.([\w-]+))?$/.exec(eventId) ?? []
    if (number === undefined || stream === undefined) return undefined
    return { number: of === life ? Number(number) : 0, stream, note, isOfNow: of === life }
  }

  function answers(stream: string, requests: readonly RequestId[]): void {
    const text = JSON.stringify(requests)
    if (requests.length === 0 || text.length > longestNote || notes.has(stream)) return
    notes.set(stream, `.${Buffer.from(text).toString('base64url')}`)
    const [oldest] = notes.keys()
    if (notes.size > keepStreams && oldest !== undefined) notes.delete(oldest)
  }

  function store(stream: string, message: Message | Record<string, never>, size = JSON.stringify(message).length): string {
    // Empty is what the SDK opens the stream of a request with; what servers say by themselves has a stream that answers nothing.
    if (!('jsonrpc' in message)) answers(stream, opening.getStore() ?? [])
    last += 1
    // The SDK keeps an empty one too, against its own types.
    events.push({ number: last, stream, message: message as Message, bytes: size })
    bytes += size
    while (events.length > keepEvents || (bytes > keepBytes && events.length > 1)) bytes -= events.shift()?.bytes ?? 0
    return idOf(last, stream)
  }

  function after(eventId: string): { id: string; message: Message }[] {
    const { number = 0, stream = '' } = position(eventId) ?? {}
    return events
      .filter((event) => event.number > number && event.stream === stream && 'jsonrpc' in event.message)
      .map((event) => ({ id: idOf(event.number, stream), message: event.message }))
  }

  return {
    store,
    after,
    answers,
    answering: (requests, work) => opening.run(requests, work),
    streamOf: (eventId) => position(eventId)?.stream,
    leftBehind(eventId) {
      const { note, isOfNow } = position(eventId) ?? {}
      return note === undefined || isOfNow === true ? [] : requestsIn(note)
    },
    async storeEvent(stream, message) {
      return store(stream, message)
    },
    async getStreamIdForEventId(eventId) {
      return position(eventId)?.stream
    },
    async replayEventsAfter(lastEventId, { send }) {
      for (const { id, message } of after(lastEventId)) await send(id, message)
      return position(lastEventId)?.stream ?? ''
    },
  }
}

/** A client may send any id; of one that is not ours nothing comes. */
function requestsIn(note: string): RequestId[] {
  try {
    const requests: unknown = JSON.parse(Buffer.from(note, 'base64url').toString('utf8'))
    return Array.isArray(requests) ? requests.filter((id) => typeof id === 'string' || typeof id === 'number') : []
  } catch {
    return []
  }
}

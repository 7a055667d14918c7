/** What was said on a client's streams lately, so that a client that lost its connection can take up where it was. */
import { randomUUID } from 'node:crypto'
import type { EventStore } from '@modelcontextprotocol/server'

type Message = Parameters<EventStore['storeEvent']>[1]

/** Events and bytes; the oldest go first. */
const keepEvents = 256
const keepBytes = 4 * 1_048_576

export interface StreamEvents extends EventStore {
  /** Keeps what is said on a stream; an empty message only carries the stream's first position. Returns the id of the event. */
  store(stream: string, message: Message | Record<string, never>, bytes?: number): string
  /** What was said after an event on its stream, oldest first. */
  after(eventId: string): { id: string; message: Message }[]
  streamOf(eventId: string): string | undefined
}

export function createEventStore(): StreamEvents {
  /** In every id: an event of a client that was known before a restart is told from one of now. */
  const life = randomUUID().slice(0, 8)
  const events: { number: number; stream: string; message: Message; bytes: number }[] = []
  let last = 0
  let bytes = 0
  const idOf = (number: number, stream: string): string => `${life}.${number}-${stream}`

  /** All of a stream comes after an event of an earlier life. */
  function position(eventId: string): { stream: string; number: number } | undefined {
    const [, of, number, stream] = /^(\w+)\.(\d+)-(.+)$/.exec(eventId) ?? []
    return number === undefined || stream === undefined ? undefined : { number: of === life ? Number(number) : 0, stream }
  }

  function store(stream: string, message: Message | Record<string, never>, size = JSON.stringify(message).length): string {
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
    streamOf: (eventId) => position(eventId)?.stream,
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

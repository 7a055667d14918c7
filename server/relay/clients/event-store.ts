/** What was said on a client's streams lately, so that a client that lost its connection can take up where it was. */
import type { EventStore } from '@modelcontextprotocol/server'

type Message = Parameters<EventStore['storeEvent']>[1]

/** Events and bytes; the oldest go first. */
const keepEvents = 256
const keepBytes = 4 * 1_048_576

export function createEventStore(): EventStore {
  const events: { id: number; stream: string; message: Message; bytes: number }[] = []
  let lastId = 0
  let bytes = 0

  function position(eventId: string): { stream: string; id: number } | undefined {
    const [, id, stream] = /^(\d+)-(.+)$/.exec(eventId) ?? []
    return id === undefined || stream === undefined ? undefined : { id: Number(id), stream }
  }

  return {
    async storeEvent(stream, message) {
      lastId += 1
      const size = JSON.stringify(message).length
      events.push({ id: lastId, stream, message, bytes: size })
      bytes += size
      while (events.length > keepEvents || (bytes > keepBytes && events.length > 1)) bytes -= events.shift()?.bytes ?? 0
      return `${lastId}-${stream}`
    },
    async getStreamIdForEventId(eventId) {
      return position(eventId)?.stream
    },
    async replayEventsAfter(lastEventId, { send }) {
      const { id = 0, stream = '' } = position(lastEventId) ?? {}
      for (const event of events) {
        // A stream opens with an empty message, which only carries the first position.
        if (event.id > id && event.stream === stream && 'jsonrpc' in event.message) await send(`${event.id}-${stream}`, event.message)
      }
      return stream
    },
  }
}

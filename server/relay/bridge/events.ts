/** A stream of server-sent events as the messages in it. */
import { EventSourceParserStream } from 'eventsource-parser/stream'

/** How far a stream was heard, and how long to wait before it is taken up, ms. */
export interface Place {
  id: string | undefined
  pause: number
}

export const longestPause = 30_000

/** Ends quietly where the stream was cut: what is missing is asked for again. Throws when the signal aborts. */
export async function* messagesOf({ body }: Response, place: Place, signal: AbortSignal): AsyncGenerator<unknown> {
  if (body === null) return
  const events = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>) // Node's types hold the two kinds of bytes apart
    .pipeThrough(new EventSourceParserStream({ onRetry: (pause) => (place.pause = Math.min(pause, longestPause)) }))
  try {
    for await (const { id, data } of events) {
      if (id !== undefined) place.id = id
      if (data !== '') yield JSON.parse(data)
    }
  } catch {
    signal.throwIfAborted()
  }
}

/** A program that speaks the DevTools protocol by itself, so that it can also speak it wrongly. */
import { WebSocket } from 'ws'

// Tests look into messages by name and fail by their own expectations.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Message = any

export interface RawClient {
  events: Message[]
  ask(method: string, params?: object, sessionId?: string): Promise<Message>
  /** Sends this text, and resolves with the next answer, whatever its id. */
  send(text: string): Promise<Message>
  /** Sends, and waits for nothing. */
  shout(text: string | Buffer): void
  stopReading(): void
  /** Resolves with the code of the close. */
  closed(): Promise<number>
  close(): void
}

export async function rawClient(url: string): Promise<RawClient> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  const events: Message[] = []
  const waiting = new Map<unknown, (message: Message) => void>()
  const next: ((message: Message) => void)[] = []
  let id = 0
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString())
    if (message.method !== undefined) return void events.push(message)
    ;(waiting.get(message.id) ?? next.shift())?.(message)
  })
  socket.on('error', () => undefined)
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('unexpected-response', (_, { statusCode }) => reject(new Error(`Refused with ${statusCode}`)))
  })
  return {
    events,
    ask: (method, params = {}, sessionId) =>
      new Promise((resolve) => {
        id += 1
        waiting.set(id, resolve)
        socket.send(JSON.stringify({ id, method, params, sessionId }))
      }),
    send: (text) =>
      new Promise((resolve) => {
        waiting.clear()
        next.push(resolve)
        socket.send(text)
      }),
    shout: (text) => socket.send(text),
    stopReading: () => socket.pause(),
    closed: () => new Promise((resolve) => socket.once('close', resolve)),
    close: () => socket.terminate(),
  }
}

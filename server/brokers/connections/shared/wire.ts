/** What a codec writes to: a WebSocket or a TCP connection, with as few system calls as there are moments of writing. */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { contained, type Scope } from '../../../isolation.ts'

export interface Wire {
  readonly address: string
  /** Bytes that have not gone out. */
  readonly unsent: number
  /** Bytes as they go onto the line, e.g. whole WebSocket frames. */
  write(bytes: Buffer): void
  /** Makes the line's own frame of a packet. */
  frame(packet: Buffer): Buffer
  ping(): void
  /** Whether the line itself can ask for a sign of life. */
  readonly pings: boolean
  pause(): void
  resume(): void
  /** Says why and ends; `destroy` follows for a peer that does not listen. */
  close(code: number, reason: string): void
  destroy(): void
}

/** What a codec hears from its wire. What it throws ends its connection alone. */
export interface WireListener {
  readonly scope: Scope
  /** Hands what was caught to the scope. */
  failed(error: unknown): void
  data(bytes: Buffer, isBinary: boolean): void
  /** The peer answered a ping, or sent one. */
  alive(): void
  drained(): void
  closed(): void
}

/** Everything written in one turn of the event loop goes out together. */
function createWriter(stream: Duplex): (bytes: Buffer) => void {
  let corked = false
  const uncork = (): void => {
    corked = false
    stream.uncork()
  }
  return (bytes) => {
    if (stream.destroyed || stream.writableEnded) return
    if (!corked) {
      corked = true
      stream.cork()
      process.nextTick(uncork)
    }
    stream.write(bytes)
  }
}

export function webSocketWire(socket: WebSocket, stream: Duplex, address: string): Wire & { listen(listener: WireListener): void } {
  const writer = createWriter(stream)
  return {
    address,
    get unsent() {
      return stream.writableLength
    },
    write(bytes) {
      // Once a close frame was sent nothing may follow it.
      if (socket.readyState === socket.OPEN) writer(bytes)
    },
    frame: (packet) => webSocketFrame(packet, 'binary'),
    pings: true,
    ping: () => socket.ping(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: (code, reason) => socket.close(code, reason),
    destroy: () => socket.terminate(),
    listen(listener) {
      const { scope } = listener
      // Its events run in a scope of the listener's already; with every frame into another one would cost more than the frame.
      socket.on('message', (data: Buffer | ArrayBuffer | Buffer[], isBinary) => {
        try {
          listener.data(Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]), isBinary)
        } catch (error) {
          listener.failed(error)
        }
      })
      socket.on(
        'pong',
        contained(scope, () => listener.alive()),
      )
      socket.on(
        'ping',
        contained(scope, () => listener.alive()),
      )
      socket.on(
        'close',
        contained(scope, () => listener.closed()),
      )
      stream.on(
        'drain',
        contained(scope, () => listener.drained()),
      )
    },
  }
}

export function tcpWire(socket: Socket, address: string): Wire & { listen(listener: WireListener): void } {
  const write = createWriter(socket)
  return {
    address,
    get unsent() {
      return socket.writableLength
    },
    write,
    frame: (packet) => packet,
    pings: false,
    ping: () => undefined,
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.end(),
    destroy: () => void socket.destroy(),
    listen(listener) {
      const { scope } = listener
      socket.on(
        'data',
        contained(scope, (data: Buffer) => listener.data(data, true)),
      )
      socket.on(
        'close',
        contained(scope, () => listener.closed()),
      )
      socket.on(
        'drain',
        contained(scope, () => listener.drained()),
      )
    },
  }
}

/** What is inside a frame that `webSocketFrame` made; the same memory. */
export function payloadOf(frame: Buffer): Buffer {
  const length = frame[1] ?? 0
  return frame.subarray(length < 126 ? 2 : length === 126 ? 4 : 10)
}

/** A whole unmasked frame, made once and written to any number of sockets. */
export function webSocketFrame(payload: Buffer | string, kind: 'text' | 'binary'): Buffer {
  const length = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(head + length)
  frame[0] = kind === 'text' ? 0x81 : 0x82
  if (head === 2) frame[1] = length
  else if (head === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeUInt32BE(0, 2)
    frame.writeUInt32BE(length, 6)
  }
  if (typeof payload === 'string') frame.write(payload, head, 'utf8')
  else payload.copy(frame, head)
  return frame
}

/** One client's connection: frames, handshake, then binary nodes both ways. */
import { decodeBinaryNode, encodeBinaryNode, type BinaryNode, type proto } from 'baileys'
import type { WebSocket } from 'ws'
import { NoiseResponder, type ServerIdentity } from './noise.ts'

export interface Greeting {
  /** The client's static Noise key, by which a device is known again. */
  noiseKey: Buffer
  payload: proto.ClientPayload
}

export interface ConnectionOptions {
  identity: ServerIdentity
  socket: WebSocket
  /** Ms before the server's hello and before each node that is sent. */
  delay(): number
  /** Bytes per WebSocket message that frames are cut into; 0 leaves them whole. */
  cut(): number
  onGreeting(connection: Connection, greeting: Greeting): void
  onNode(connection: Connection, node: BinaryNode): void
  /** All that goes over it once the handshake is done, both ways. */
  onTraffic?(connection: Connection, from: 'client' | 'server', node: BinaryNode): void
  onClosed(connection: Connection): void
  onError(error: unknown): void
}

/** `WA`, protocol 6, dictionary 3. */
const introBytes = 4

export class Connection {
  readonly #options: ConnectionOptions
  readonly #noise: NoiseResponder
  #stage: 'intro' | 'hello' | 'finish' | 'open' = 'intro'
  #unread: Buffer = Buffer.alloc(0)
  #reading: Promise<void> = Promise.resolve()
  #lastTag = 0
  readonly sent: BinaryNode[] = []
  readonly received: BinaryNode[] = []

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#noise = new NoiseResponder(options.identity)
    options.socket.on('message', (data: Buffer) => {
      // In order: decoding a node is asynchronous, and two messages must not overtake each other.
      this.#reading = this.#reading
        .then(() => this.#read(data))
        .catch((error: unknown) => {
          options.onError(error)
          this.cut()
        })
    })
    options.socket.on('close', () => options.onClosed(this))
    options.socket.on('error', () => {})
  }

  get isOpen(): boolean {
    return this.#options.socket.readyState === this.#options.socket.OPEN
  }

  nextId(): string {
    this.#lastTag += 1
    return `double-${this.#lastTag}`
  }

  send(node: BinaryNode): void {
    const wait = this.#options.delay()
    if (wait > 0) setTimeout(() => this.#sendNow(node), wait).unref()
    else this.#sendNow(node)
  }

  /** A frame as it is, e.g. one that cannot be decrypted. */
  sendFrame(frame: Uint8Array): void {
    if (this.isOpen) this.#write(frame)
  }

  /** Properly sealed, whatever is in it. */
  sendBytes(bytes: Uint8Array): void {
    if (this.isOpen) this.#write(this.#noise.seal(bytes))
  }

  /** Says the rest and closes in good order. */
  close(): void {
    this.#options.socket.close()
  }

  /** Cuts the TCP connection. */
  cut(): void {
    this.#options.socket.terminate()
  }

  #sendNow(node: BinaryNode): void {
    if (!this.isOpen) return
    this.sent.push(node)
    this.#options.onTraffic?.(this, 'server', node)
    this.#write(this.#noise.seal(encodeBinaryNode(node)))
  }

  #write(frame: Uint8Array): void {
    const head = Buffer.from([frame.length >> 16, (frame.length >> 8) & 255, frame.length & 255])
    const whole = Buffer.concat([head, frame])
    const step = this.#options.cut() || whole.length
    for (let start = 0; start < whole.length; start += step) this.#options.socket.send(whole.subarray(start, start + step))
  }

  async #read(data: Buffer): Promise<void> {
    this.#unread = Buffer.concat([this.#unread, data])
    if (this.#stage === 'intro') {
      const routing = this.#unread.subarray(0, 2).toString() === 'ED' ? 7 + this.#unread.readUIntBE(4, 3) : 0
      if (this.#unread.length < routing + introBytes) return
      this.#unread = this.#unread.subarray(routing + introBytes)
      this.#stage = 'hello'
    }
    for (;;) {
      if (this.#unread.length < 3) return
      const length = this.#unread.readUIntBE(0, 3)
      if (this.#unread.length < length + 3) return
      const frame = this.#unread.subarray(3, length + 3)
      this.#unread = this.#unread.subarray(length + 3)
      await this.#take(frame)
    }
  }

  async #take(frame: Buffer): Promise<void> {
    if (this.#stage === 'hello') {
      this.#stage = 'finish'
      const answer = this.#noise.hello(frame)
      const wait = this.#options.delay()
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
      this.#write(answer)
    } else if (this.#stage === 'finish') {
      this.#stage = 'open'
      this.#options.onGreeting(this, this.#noise.finish(frame))
    } else {
      const node = await decodeBinaryNode(this.#noise.open(frame))
      this.received.push(node)
      this.#options.onTraffic?.(this, 'client', node)
      this.#options.onNode(this, node)
    }
  }
}

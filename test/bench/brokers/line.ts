/**
 * One connection of the load generator: raw frames over TCP, written together, read without building objects. What a client library
 * costs would otherwise be what is measured.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/** `jetstream`: publishing into a stream on disk, confirmed by the server; no consumer reads it. */
export type Protocol = 'json' | 'mqtt-ws' | 'mqtt' | 'nats' | 'jetstream'

export interface LineOptions {
  protocol: Protocol
  port: number
  /** Session name and password; peers without accounts ignore them. */
  user: string
  password: string
  clientId: string
  onAck(token: number): void
  /** `token` is what the publisher put first into the payload. */
  onMessage(token: number): void
  onClose?(): void
}

const tokenLength = 10

export class Line {
  readonly socket: Socket
  readonly #options: LineOptions
  #buffered: Buffer = Buffer.alloc(0)
  #unframed: Buffer = Buffer.alloc(0)
  #out: Buffer[] = []
  #outPlanned = false
  #upgraded = false
  readonly #opened = Promise.withResolvers<void>()
  readonly #subscribed = Promise.withResolvers<void>()
  #packetId = 0
  readonly #tokens = new Map<number, number>()
  /** Delivered but not acknowledged, for lines that hold back. */
  acknowledges = true

  constructor(options: LineOptions) {
    this.#options = options
    this.socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true })
    this.socket.on('data', (data) => this.#data(data))
    this.socket.on('close', () => options.onClose?.())
    this.socket.on('error', () => undefined)
    this.socket.on('connect', () => this.#hello())
  }

  get isWebSocket(): boolean {
    return this.#options.protocol === 'json' || this.#options.protocol === 'mqtt-ws'
  }

  ready(): Promise<void> {
    return this.#opened.promise
  }

  subscribe(topic: string): Promise<void> {
    const { protocol } = this.#options
    if (protocol === 'json') this.#write(text({ type: 'subscribe', topic }))
    else if (protocol === 'jetstream') return Promise.resolve()
    else if (protocol === 'nats') {
      this.#write(Buffer.from(`SUB ${topic.replaceAll('/', '.')} 1\r\nPING\r\n`))
    } else {
      const name = Buffer.from(topic)
      this.#write(packet(0x82, Buffer.concat([Buffer.from([0, 1]), u16(name.length), name, Buffer.from([1])])))
    }
    return this.#subscribed.promise
  }

  /** Payloads begin with the token, so that both ends know which message it is. */
  publish(topic: string, token: number, filler: string): void {
    const mark = String(token).padStart(tokenLength, '0')
    const { protocol } = this.#options
    if (protocol === 'json') {
      this.#write(
        Buffer.from(
          `{"type":"publish","topic":"${topic}","data":"${mark}${filler}","hash":"h","timestamp":1700000000000,"messageId":"${this.#options.clientId}-${mark}"}`,
        ),
      )
    } else if (protocol === 'jetstream') {
      const body = `${mark}${filler}`
      this.#write(Buffer.from(`PUB js.t _INBOX.b.${token} ${body.length}\r\n${body}\r\n`))
    } else if (protocol === 'nats') {
      const body = `${mark}${filler}`
      this.#write(Buffer.from(`PUB ${topic.replaceAll('/', '.')} ${body.length}\r\n${body}\r\n`))
    } else {
      this.#packetId = this.#packetId === 65_535 ? 1 : this.#packetId + 1
      this.#tokens.set(this.#packetId, token)
      const name = Buffer.from(topic)
      this.#write(packet(0x32, Buffer.concat([u16(name.length), name, u16(this.#packetId), Buffer.from(mark + filler)])))
    }
  }

  end(): void {
    this.socket.destroy()
  }

  #hello(): void {
    if (!this.isWebSocket) return this.#login()
    const protocol = this.#options.protocol === 'mqtt-ws' ? 'Sec-WebSocket-Protocol: mqtt\r\n' : ''
    this.socket.write(
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${this.#options.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n${protocol}\r\n`,
    )
  }

  #login(): void {
    const { protocol, user, password, clientId } = this.#options
    if (protocol === 'json')
      this.#write(text({ type: 'init', sessionName: user, password, userId: clientId.startsWith('anonymous') ? undefined : clientId }))
    else if (protocol === 'nats') this.#write(Buffer.from('CONNECT {"verbose":false,"pedantic":false}\r\nPING\r\n'))
    else if (protocol === 'jetstream') {
      const stream = '{"name":"B","subjects":["js.t"],"storage":"file","retention":"limits","max_msgs":1000000}'
      this.#write(
        Buffer.from(
          `CONNECT {"verbose":false,"pedantic":false}\r\nSUB _INBOX.b.* 2\r\nPUB $JS.API.STREAM.CREATE.B _INBOX.c ${stream.length}\r\n${stream}\r\nPING\r\n`,
        ),
      )
    } else {
      const strings = [clientId, ...(user === '' ? [] : [user, password])].map((each) =>
        Buffer.concat([u16(Buffer.byteLength(each)), Buffer.from(each)]),
      )
      this.#write(
        packet(0x10, Buffer.concat([u16(4), Buffer.from('MQTT'), Buffer.from([4, user === '' ? 0x02 : 0xc2]), u16(0), ...strings])),
      )
    }
  }

  /** Everything of one turn goes out in one write. */
  #write(bytes: Buffer): void {
    this.#out.push(this.isWebSocket ? webSocketFrame(bytes, this.#options.protocol === 'json') : bytes)
    if (this.#outPlanned) return
    this.#outPlanned = true
    setImmediate(() => {
      this.#outPlanned = false
      this.socket.write(Buffer.concat(this.#out.splice(0)))
    })
  }

  #data(bytes: Buffer): void {
    this.#buffered = this.#buffered.length === 0 ? bytes : Buffer.concat([this.#buffered, bytes])
    if (this.isWebSocket && !this.#upgraded) {
      const end = this.#buffered.indexOf('\r\n\r\n')
      if (end < 0) return
      if (!this.#buffered.subarray(0, 12).toString().includes('101')) throw new Error(this.#buffered.toString())
      this.#buffered = this.#buffered.subarray(end + 4)
      this.#upgraded = true
      this.#login()
    }
    const { protocol } = this.#options
    let at = 0
    for (;;) {
      const used =
        protocol === 'nats' || protocol === 'jetstream'
          ? this.#natsLine(at)
          : this.isWebSocket
            ? this.#frame(at)
            : this.#mqttPacket(this.#buffered, at, this.#buffered.length)
      if (used === 0) break
      at += used
    }
    this.#buffered = this.#buffered.subarray(at)
  }

  /** One WebSocket frame of the server; 0 when it is not whole. Peers put several MQTT packets into one. */
  #frame(at: number): number {
    const buffered = this.#buffered
    if (buffered.length < at + 2) return 0
    let length = (buffered[at + 1] ?? 0) & 0x7f
    let head = 2
    if (length === 126) {
      if (buffered.length < at + 4) return 0
      length = buffered.readUInt16BE(at + 2)
      head = 4
    } else if (length === 127) {
      if (buffered.length < at + 10) return 0
      length = buffered.readUInt32BE(at + 6)
      head = 10
    }
    if (buffered.length < at + head + length) return 0
    const start = at + head
    if (((buffered[at] ?? 0) & 0x0f) < 3) {
      if (this.#options.protocol === 'json') this.#jsonFrame(start, length)
      else this.#mqttBytes(buffered.subarray(start, start + length))
    }
    return head + length
  }

  /** Peers cut packets and frames in different places. */
  #mqttBytes(bytes: Buffer): void {
    const all = this.#unframed.length === 0 ? bytes : Buffer.concat([this.#unframed, bytes])
    let at = 0
    for (let used = this.#mqttPacket(all, at, all.length); used > 0; used = this.#mqttPacket(all, at, all.length)) at += used
    this.#unframed = Buffer.from(all.subarray(at))
  }

  #jsonFrame(start: number, length: number): void {
    const buffered = this.#buffered
    // `{"type":"` is nine bytes; the tenth letter tells message, publish_response, ack_received, init_response and subscribe_response
    // apart.
    switch (buffered[start + 9]) {
      case 0x6d: {
        const body = buffered.toString('latin1', start, start + length)
        const data = body.indexOf('"data":"') + 8
        this.#options.onMessage(Number(body.slice(data, data + tokenLength)))
        if (!this.acknowledges) return
        const id = body.lastIndexOf('"messageId":"') + 13
        this.#write(Buffer.from(`{"type":"ack","topic":"t","messageId":"${body.slice(id, body.indexOf('"', id))}"}`))
        return
      }
      case 0x70: {
        const body = buffered.toString('latin1', start, start + length)
        if (!body.includes('"success":true')) throw new Error(body)
        const id = body.indexOf('"messageId":"') + 13
        const end = body.indexOf('"', id)
        this.#options.onAck(Number(body.slice(end - tokenLength, end)))
        return
      }
      case 0x69:
        if (!buffered.toString('latin1', start, start + length).includes('"success":true'))
          throw new Error(buffered.toString('latin1', start, start + length))
        return this.#opened.resolve()
      case 0x73:
        return this.#subscribed.resolve()
    }
  }

  #mqttPacket(bytes: Buffer, at: number, limit: number): number {
    let length = 0
    let head = 1
    for (let shift = 0; ; shift += 7, head += 1) {
      if (at + head >= limit) return 0
      const byte = bytes[at + head] ?? 0
      length += (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    head += 1
    if (at + head + length > limit) return 0
    const start = at + head
    switch ((bytes[at] ?? 0) >> 4) {
      case 2:
        if (bytes[start + 1] !== 0) throw new Error(`CONNACK ${bytes[start + 1]}`)
        this.#opened.resolve()
        break
      case 3: {
        const name = bytes.readUInt16BE(start)
        const qos = ((bytes[at] ?? 0) >> 1) & 3
        const payload = start + 2 + name + (qos > 0 ? 2 : 0)
        this.#options.onMessage(Number(bytes.toString('latin1', payload, payload + tokenLength)))
        if (qos > 0 && this.acknowledges) this.#write(Buffer.from([0x40, 2, bytes[start + 2 + name] ?? 0, bytes[start + 3 + name] ?? 0]))
        break
      }
      case 4: {
        const id = bytes.readUInt16BE(start)
        this.#options.onAck(this.#tokens.get(id) ?? -1)
        this.#tokens.delete(id)
        break
      }
      case 9:
        this.#subscribed.resolve()
        break
    }
    return head + length
  }

  #natsLine(at: number): number {
    const buffered = this.#buffered
    const end = buffered.indexOf('\r\n', at)
    if (end < 0) return 0
    const first = buffered[at]
    if (first === 0x4d) {
      const size = Number(buffered.toString('latin1', buffered.lastIndexOf(' ', end) + 1, end))
      if (buffered.length < end + 2 + size + 2) return 0
      const subject = buffered.toString('latin1', at + 4, buffered.indexOf(' ', at + 4))
      if (subject.startsWith('_INBOX.b.')) this.#options.onAck(Number(subject.slice(9)))
      else this.#options.onMessage(Number(buffered.toString('latin1', end + 2, end + 2 + tokenLength)))
      return end + 2 + size + 2 - at
    }
    const line = buffered.toString('latin1', at, end)
    if (line === 'PING') this.#write(Buffer.from('PONG\r\n'))
    if (line === 'PONG') {
      this.#opened.resolve()
      this.#subscribed.resolve()
    }
    return end + 2 - at
  }
}

const text = (frame: object): Buffer => Buffer.from(JSON.stringify(frame))

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff])
}

function packet(head: number, body: Buffer): Buffer {
  const length: number[] = []
  let rest = body.length
  do {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
    rest >>= 7
  } while (rest > 0)
  return Buffer.concat([Buffer.from([head, ...length]), body])
}

/** Masked with zeros: what the protocol demands of a client, without the work. */
function webSocketFrame(payload: Buffer, isText: boolean): Buffer {
  const { length } = payload
  const head =
    length < 126
      ? Buffer.from([isText ? 0x81 : 0x82, 0x80 | length, 0, 0, 0, 0])
      : Buffer.from([isText ? 0x81 : 0x82, 0x80 | 126, length >> 8, length & 0xff, 0, 0, 0, 0])
  return Buffer.concat([head, payload])
}

/** One kept-alive connection that sends a request and reads its answer, and does no more: what is measured is the server. */
import { connect, type Socket } from 'node:net'

export interface Answer {
  status: number
  sessionId: string | undefined
  text: string
}

export class RawClient {
  readonly #url: URL
  readonly #socket: Socket
  #received = ''
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined

  private constructor(url: URL, socket: Socket) {
    this.#url = url
    this.#socket = socket
    // Answers are ASCII here; bytes as they come cost least.
    socket.setEncoding('latin1').setNoDelay(true)
    socket.on('data', (chunk: string) => {
      this.#received = this.#received === '' ? chunk : this.#received + chunk
      this.#read()
    })
    const failed = (error: Error): void => {
      this.#waiting?.reject(error)
      this.#waiting = undefined
    }
    socket.on('error', failed)
    socket.on('close', () => failed(new Error('the server closed the connection')))
  }

  static open(address: string): Promise<RawClient> {
    const url = new URL(address)
    return new Promise((resolve, reject) => {
      const socket = connect(Number(url.port), url.hostname, () => resolve(new RawClient(url, socket)))
      socket.once('error', reject)
    })
  }

  /** All but the body of a request; made once for many. */
  head(headers: Record<string, string>): string {
    const lines = Object.entries({ host: this.#url.host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    return `POST ${this.#url.pathname}${this.#url.search} HTTP/1.1\r\n${lines.join('')}`
  }

  /** One at a time. */
  post(head: string, body: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
    })
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #read(): void {
    const received = this.#received
    const end = received.indexOf('\r\n\r\n')
    if (end === -1) return
    const headers = received.slice(0, end).toLowerCase()
    const start = end + 4
    const length = /\r\ncontent-length: (\d+)/.exec(headers)?.[1]
    // The text of a stream of events is what its chunks hold, with their sizes between; nobody here minds them.
    const chunked = headers.includes('\r\ntransfer-encoding: chunked')
    const whole = chunked ? received.endsWith('0\r\n\r\n') : received.length >= start + Number(length ?? 0)
    if (!whole) return
    this.#received = ''
    const { resolve } = this.#waiting ?? {}
    this.#waiting = undefined
    resolve?.({
      status: Number(received.slice(9, 12)),
      sessionId: /\r\nmcp-session-id: (\S+)/i.exec(received.slice(0, end))?.[1],
      text: received.slice(start),
    })
  }
}

/** Where pictures and files lie, sealed by who sends them: takes them in, gives them out, knows nothing of what is inside. */
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { makeCertificate, type Certificate } from '../../fixtures/certificate.ts'

export class MediaServer {
  readonly certificate: Certificate = makeCertificate()
  /** True: takes nothing in. */
  isFull = false
  readonly #files = new Map<string, Buffer>()
  readonly #server: Server

  constructor() {
    this.#server = createServer(this.certificate, (request, response) => {
      const path = new URL(request.url ?? '/', 'https://double').pathname
      if (request.method === 'GET') {
        const file = this.#files.get(path)
        response.writeHead(file === undefined ? 404 : 200).end(file)
        return
      }
      const parts: Buffer[] = []
      request
        .on('data', (part: Buffer) => parts.push(part))
        .on('end', () => {
          if (this.isFull) return void response.writeHead(507).end('{}')
          this.#files.set(path, Buffer.concat(parts))
          response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(JSON.stringify({ url: `https://${this.host}${path}`, direct_path: path }))
        })
    })
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => this.#server.once('error', reject).listen(0, '127.0.0.1', resolve))
  }

  get host(): string {
    // A listening TCP server has an address with a port.
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

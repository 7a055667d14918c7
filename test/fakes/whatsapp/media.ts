/** Where pictures and files lie, sealed by who sends them: takes them in, gives them out, knows nothing of what is inside. */
import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getMediaKeys, type MediaType } from 'baileys'
import { makeCertificate, type Certificate } from '../../fixtures/certificate.ts'
import { Turns } from './turns.ts'

/** How a sealed file is named in a message. */
export interface SealedFile {
  directPath: string
  mediaKey: Uint8Array
  fileSha256: Uint8Array
  fileEncSha256: Uint8Array
  fileLength: number
}

/** Where the library fetches what has a path and no address. */
const publicHost = 'https://mmg.whatsapp.net'
/** Under which Node's `fetch` keeps what sends its requests. */
const dispatcherName = Symbol.for('undici.globalDispatcher.1')

interface Dispatcher {
  dispatch(options: { origin?: string | URL }, handler: unknown): boolean
}

export class MediaServer {
  readonly certificate: Certificate = makeCertificate()
  /** True: takes nothing in. */
  isFull = false
  readonly #files = new Map<string, Buffer>()
  /** Files that are no longer given out, and how that is said. */
  readonly #expired = new Map<string, 404 | 410>()
  readonly #refusals = { GET: new Turns<number>(), POST: new Turns<number>() }
  readonly #server: Server
  #lastPath = 0

  constructor() {
    this.#server = createServer(this.certificate, (request, response) => {
      const path = new URL(request.url ?? '/', 'https://double').pathname
      const isGet = request.method === 'GET'
      const refused = this.#refusals[isGet ? 'GET' : 'POST'].take() ?? (isGet ? this.#expired.get(path) : undefined)
      if (refused !== undefined) return void request.resume().on('end', () => response.writeHead(refused).end('{}'))
      if (isGet) {
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

  /** So many downloads, or uploads, are answered with this status: 429 too many, 503 busy. */
  refuse(what: 'download' | 'upload', status: number, times = Infinity): void {
    this.#refusals[what === 'download' ? 'GET' : 'POST'].set(status, times)
  }

  allow(): void {
    for (const turns of Object.values(this.#refusals)) turns.end()
  }

  /** This file is not given out any more: its sender's phone can put it up again, under another path. */
  expire(directPath: string, status: 404 | 410 = 410): void {
    this.#expired.set(directPath, status)
  }

  /** This file is given out with other bytes than were put there. */
  spoil(directPath: string, change: (file: Buffer) => Buffer): void {
    const path = new URL(directPath, 'https://double').pathname
    const file = this.#files.get(path)
    if (file !== undefined) this.#files.set(path, change(Buffer.from(file)))
  }

  /** The file once more under a new path; undefined when it was never here. */
  again(directPath: string): string | undefined {
    const file = this.#files.get(directPath)
    return file === undefined ? undefined : this.#put(file)
  }

  /** Sealed as a phone seals it. */
  async seal(plain: Uint8Array, type: MediaType): Promise<SealedFile> {
    const mediaKey = randomBytes(32)
    const { iv, cipherKey, macKey } = await getMediaKeys(mediaKey, type)
    if (macKey === undefined) throw new Error('no key for the seal')
    const cipher = createCipheriv('aes-256-cbc', cipherKey, iv)
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
    const file = Buffer.concat([sealed, createHmac('sha256', macKey).update(iv).update(sealed).digest().subarray(0, 10)])
    const [fileSha256, fileEncSha256] = [plain, file].map((bytes) => createHash('sha256').update(bytes).digest())
    return {
      directPath: this.#put(file),
      mediaKey,
      fileSha256: fileSha256 ?? file,
      fileEncSha256: fileEncSha256 ?? file,
      fileLength: plain.length,
    }
  }

  /** What this process fetches from WhatsApp's own media host comes from here, until the returned function is called. */
  async standIn(): Promise<() => void> {
    await fetch('data:,')
    const own = Reflect.get(globalThis, dispatcherName) as Dispatcher // Node has set it with the first fetch
    const dispatch: Dispatcher['dispatch'] = (options, handler) =>
      own.dispatch(String(options.origin).startsWith(publicHost) ? { ...options, origin: `https://${this.host}` } : options, handler)
    Reflect.set(globalThis, dispatcherName, { dispatch })
    return () => void Reflect.set(globalThis, dispatcherName, own)
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #put(file: Buffer): string {
    this.#lastPath += 1
    const path = `/put/${this.#lastPath}`
    this.#files.set(path, file)
    return path
  }
}

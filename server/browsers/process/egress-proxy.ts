/**
 * The one way from a session's Chromium to any network: a SOCKS5 proxy on loopback, one for each browser, that judges every connection when
 * it is made.
 *
 * Why a proxy and not interception over the browser's protocol: whatever opens a connection comes through here without exception (pages,
 * frames, redirects, workers of all kinds, WebSockets, prefetches), a name is looked up once, here, and what it means is what is connected
 * to, and requests cost nothing.
 * Why SOCKS and not HTTP: it is the same for all protocols on top, and what is refused is a failed connection to the page, as with a
 * firewall.
 */
import { connect, createServer, isIP, type Server, type Socket } from 'node:net'
import type { Browser } from 'puppeteer-core'
import { Fault } from '../../fault.ts'
import { pinned, portOf, type Destination, type Egress, type ResolvedAddress } from '../../http/egress.ts'
import { BrowserFault } from '../fault.ts'
import { grant, readRequest, refuse, reply } from './socks.ts'

/** Ms for what a client says first, and for a far end to take the call. */
const patience = 30_000
/** Far ends whose last failure is remembered. */
const mostFailures = 100
/** Refusals that are reported to a session: a page that tries every port must not push everything else out of its events. */
const mostReported = 50

/** Why a connection came to nothing: a refusal of ours, or the system's code, e.g. `ECONNREFUSED`. */
export type ConnectFailure = Fault | string

const proxies = new WeakMap<Browser, EgressProxy>()

/** The proxy through which a browser reaches everything; undefined for one that was started without. */
export const proxyOf = (browser: Browser): EgressProxy | undefined => proxies.get(browser)

export class EgressProxy {
  readonly port: number
  readonly #server: Server
  readonly #egress: Egress
  readonly #closed: () => void
  readonly #sockets = new Set<Socket>()
  readonly #joined = new Set<{ near: Socket; destination: Destination; addresses: readonly ResolvedAddress[] }>()
  readonly #failures = new Map<string, ConnectFailure>()
  #opens: readonly string[] = []
  #reported = 0
  #refused: (refusal: Fault) => void = () => undefined

  private constructor(server: Server, egress: Egress) {
    const address = server.address()
    this.port = typeof address === 'object' && address !== null ? address.port : 0
    this.#server = server
    this.#egress = egress
    // Otherwise a page could use it as its way to what the session may reach and the page may not.
    this.#closed = egress.addListener(this.port)
    server.on('connection', (socket) => this.#welcome(socket))
  }

  static async open(egress: Egress): Promise<EgressProxy> {
    const server = createServer({ noDelay: true, allowHalfOpen: true })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: '127.0.0.1', port: 0, exclusive: true }, () => {
        server.off('error', reject)
        resolve()
      })
    })
    // Later ones are about one connection that could not be taken.
    server.on('error', () => undefined)
    return new EgressProxy(server, egress)
  }

  /**
   * What this browser may reach beside what everybody may: origins that a person with *control:manage* wrote down. `refused` hears of each
   * other place once, up to a limit.
   */
  allow(origins: readonly string[], refused: (refusal: Fault) => void): void {
    this.#opens = origins
    this.#refused = refused
  }

  /** Throws `address-refused` where an address says by itself that it may not be reached. */
  check(address: string): void {
    this.#egress.check(address, this.#opens)
  }

  /** Makes it known as the way of this browser. */
  serve(browser: Browser): void {
    proxies.set(browser, this)
  }

  /** Why the last connection to this place failed; null when none did, or a later one succeeded. */
  failureOf(address: string): ConnectFailure | null {
    const url = URL.parse(address)
    return url === null ? null : (this.#failures.get(placeOf(url.hostname, portOf(url))) ?? null)
  }

  /** The settings have changed: what may not be reached any more is cut. */
  reconsider(): void {
    for (const { near, destination, addresses } of this.#joined) {
      try {
        this.#egress.judge(addresses, destination, this.#opens)
      } catch {
        near.destroy()
      }
    }
  }

  close(): void {
    this.#closed()
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #welcome(near: Socket): void {
    this.#keep(near)
    near.setTimeout(patience, () => near.destroy())
    void this.#answer(near).catch(() => near.destroy())
  }

  async #answer(near: Socket): Promise<void> {
    const request = await readRequest(near)
    if (request !== null) await this.#join(near, request.host, request.port)
  }

  async #join(near: Socket, host: string, port: number): Promise<void> {
    const place = placeOf(host, port)
    const destination: Destination = { host, port, protocol: null }
    let addresses: ResolvedAddress[]
    try {
      addresses = await this.#egress.addresses(destination, this.#opens)
    } catch (error) {
      if (!BrowserFault.is(error, 'address-refused')) {
        this.#failed(place, codeOf(error))
        return refuse(near, reply.unreachable)
      }
      this.#report(place, error)
      this.#failed(place, error)
      return refuse(near, reply.notAllowed)
    }
    if (near.destroyed) return
    const far = connect({
      host: host.replace(/^\[|\]$/g, ''),
      port,
      lookup: pinned(addresses),
      noDelay: true,
      keepAlive: true,
      allowHalfOpen: true,
    })
    this.#keep(far)
    far.setTimeout(patience, () => far.destroy(Object.assign(new Error('No answer'), { code: 'ETIMEDOUT' })))
    const failed = (error: Error): void => {
      this.#failed(place, codeOf(error))
      refuse(near, codeOf(error) === 'ECONNREFUSED' ? reply.refused : reply.unreachable)
    }
    far.once('error', failed)
    const joined = { near, destination, addresses }
    near.once('close', () => {
      this.#joined.delete(joined)
      far.destroySoon()
    })
    far.once('connect', () => {
      if (near.destroyed) return void far.destroy()
      this.#failures.delete(place)
      far.off('error', failed)
      // Passed on as it is: to a page a cut is something else than an end.
      far.once('error', () => near.resetAndDestroy())
      far.once('close', () => near.destroySoon())
      for (const socket of [near, far]) socket.setTimeout(0)
      grant(near)
      this.#joined.add(joined)
      near.pipe(far)
      far.pipe(near)
    })
  }

  #report(place: string, refusal: Fault): void {
    if (this.#failures.get(place) instanceof Fault || this.#reported >= mostReported) return
    this.#reported += 1
    this.#refused(refusal)
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    // A reset is followed by `close`, which is all that matters here.
    socket.on('error', () => undefined)
    socket.once('close', () => this.#sockets.delete(socket))
  }

  #failed(place: string, failure: ConnectFailure): void {
    this.#failures.delete(place)
    this.#failures.set(place, failure)
    const [oldest] = this.#failures.keys()
    if (this.#failures.size > mostFailures && oldest !== undefined) this.#failures.delete(oldest)
  }
}

function placeOf(host: string, port: number): string {
  const bare = host.replace(/^\[|\]$/g, '')
  return `${isIP(bare) === 6 ? new URL(`http://[${bare}]`).hostname : bare.toLowerCase()}:${port}`
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  return error instanceof Error && 'code' in error ? String(error.code) : 'EFAILED'
}

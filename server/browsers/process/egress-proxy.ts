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
import { isDeepStrictEqual } from 'node:util'
import type { Browser } from 'puppeteer-core'
import { Fault } from '../../fault.ts'
import { kindOf } from '../../http/address-kinds.ts'
import { pinned, portOf, type Destination, type Egress, type ResolvedAddress } from '../../http/egress.ts'
import type { Proxy } from '../contract/setup.ts'
import { BrowserFault } from '../fault.ts'
import { grant, readRequest, refuse, reply } from './socks.ts'
import { connectThrough } from './upstream-proxy.ts'

/** Ms for what a client says first, and for a far end to take the call. */
const patience = 30_000
/** Far ends whose last failure is remembered. */
const mostFailures = 100
/** Refusals that are reported to a session: a page that tries every port must not push everything else out of its events. */
const mostReported = 50

/** Why a connection came to nothing: a refusal of ours, or the system's code, e.g. `ECONNREFUSED`. */
export type ConnectFailure = Fault | string

interface Joined {
  near: Socket
  destination: Destination
  /** None where a proxy on the internet has looked the name up. */
  addresses: readonly ResolvedAddress[]
}

const proxies = new WeakMap<Browser, EgressProxy>()

/** The proxy through which a browser reaches everything; undefined for one that was started without. */
export const proxyOf = (browser: Browser): EgressProxy | undefined => proxies.get(browser)

export class EgressProxy {
  readonly port: number
  readonly #server: Server
  readonly #egress: Egress
  readonly #closed: () => void
  readonly #sockets = new Set<Socket>()
  readonly #joined = new Set<Joined>()
  readonly #failures = new Map<string, ConnectFailure>()
  #opens: readonly string[] = []
  #upstream: Proxy | null = null
  #blocked: readonly string[] = []
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

  /** Everything goes on through this proxy from now on; what went another way is cut. */
  go(upstream: Proxy | null): void {
    if (isDeepStrictEqual(upstream, this.#upstream)) return
    this.#upstream = upstream
    this.#failures.clear()
    for (const { near } of this.#joined) near.destroy()
  }

  /** These hosts, and those below them, are not reached any more. */
  block(hosts: readonly string[]): void {
    this.#blocked = hosts.map((host) => host.toLowerCase())
    for (const { near, destination } of this.#joined) if (this.#blocks(destination.host)) near.destroy()
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
        if (addresses.length > 0) this.#egress.judge(addresses, destination, this.#opens)
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
    try {
      if (this.#blocks(host)) throw new BrowserFault('address-refused', `${host} is blocked in this session`, { kind: 'blocked' })
      const addresses = await this.#addresses(destination)
      if (near.destroyed) return
      const far =
        this.#upstream === null
          ? await this.#reach(near, destination, addresses)
          : await this.#reachThrough(this.#upstream, near, destination, addresses)
      if (near.destroyed) return void far.destroy()
      this.#failures.delete(place)
      this.#splice(near, far, { near, destination, addresses })
    } catch (error) {
      if (near.destroyed && !(error instanceof Fault)) return
      const refused = BrowserFault.is(error, 'address-refused')
      if (refused && error.details['kind'] !== 'blocked') this.#report(place, error)
      this.#failed(place, error instanceof Fault ? error : codeOf(error))
      refuse(near, refused ? reply.notAllowed : codeOf(error) === 'ECONNREFUSED' ? reply.refused : reply.unreachable)
    }
  }

  /** Judged; none where the name is known to the proxy on the internet alone. Throws `address-refused`, or what looking up throws. */
  async #addresses(destination: Destination): Promise<ResolvedAddress[]> {
    try {
      return await this.#egress.addresses(destination, this.#opens)
    } catch (error) {
      if (this.#upstream === null || error instanceof Fault) throw error
      return []
    }
  }

  /** Throws the system's error. */
  async #reach(near: Socket, { host, port }: Destination, addresses: readonly ResolvedAddress[]): Promise<Socket> {
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
    const left = (): void => void far.destroy()
    near.once('close', left)
    await new Promise<void>((resolve, reject) => {
      far.once('error', reject)
      far.once('close', () => reject(new Error('closed')))
      far.once('connect', () => {
        far.off('error', reject)
        near.off('close', left)
        resolve()
      })
    })
    return far
  }

  /**
   * A proxy on the internet is told the name: it reaches nothing of ours, and knows names better from where it stands. One in a network of
   * ours is told the address that was judged. Throws `address-refused`, `proxy-failed`, or an error with the system's code.
   */
  async #reachThrough(proxy: Proxy, near: Socket, { host, port }: Destination, judged: readonly ResolvedAddress[]): Promise<Socket> {
    const addresses = await this.#egress.addresses({ host: proxy.host, port: proxy.port, protocol: null })
    const isPublic = addresses.every(({ address }) => kindOf(address) === 'public')
    const chosen = judged.find(({ family }) => family === 4) ?? judged[0]
    if (!isPublic && chosen === undefined) throw Object.assign(new Error('The name is not known here'), { code: 'ENOTFOUND' })
    const beyond = { host: isPublic || chosen === undefined ? host.replace(/^\[|\]$/g, '') : chosen.address, port }
    const onSocket = (socket: Socket): void => {
      this.#keep(socket)
      near.once('close', () => socket.destroySoon())
    }
    return connectThrough(proxy, addresses, beyond, { patience, onSocket })
  }

  #splice(near: Socket, far: Socket, joined: Joined): void {
    near.once('close', () => {
      this.#joined.delete(joined)
      far.destroySoon()
    })
    // Passed on as it is: to a page a cut is something else than an end.
    far.once('error', () => near.resetAndDestroy())
    far.once('close', () => near.destroySoon())
    for (const socket of [near, far]) socket.setTimeout(0)
    grant(near)
    this.#joined.add(joined)
    near.pipe(far)
    far.pipe(near)
  }

  #blocks(host: string): boolean {
    if (this.#blocked.length === 0) return false
    const name = host.replace(/^\[|\]$/g, '').toLowerCase()
    return this.#blocked.some((blocked) => name === blocked || name.endsWith(`.${blocked}`))
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

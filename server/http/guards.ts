/**
 * The guards every request passes, HTTP and WebSocket alike. Each is a function of the request and of the exposure of the listener through
 * which it came; it returns or throws a `Refusal`. `app.ts` and `sockets.ts` call them in the order in which they stand here.
 */
import type { IncomingMessage } from 'node:http'
import type { Caller } from './api.ts'
import { verbOf, type ApiName, type Guarded, type Method, type Verb } from './contract.ts'
import { localStanding, strangerStanding, type RouteRight, type Standing } from './rights.ts'
import { sameSecret } from '../secrets/hash.ts'
import { calledOrigin, clientAddress, hostOf, isLoopback, isOwnName, plainAddress } from './network.ts'
import { Refusal } from './problem.ts'
import { rateLimiter } from './rate-limiter.ts'

/** The listener through which a request came, and how far it is open. */
export interface Exposure {
  /** True when devices other than this machine can reach it. */
  beyondLoopback(): boolean
  /** True when the owner chose to serve the LAN without asking for a key. */
  insecureNoKey(): boolean
  /** The address it is bound to, which may also be called by that name. */
  host(): string
  /** Path under which the API is mounted here, empty on its own port. */
  prefix: string
  /**
   * The key of the API's own that its published contract names (`API_KEY` of the bots); null or left out for none. While there is one,
   * `local` routes ask for a key on this machine too, and it opens all of that API.
   */
  ownKey?(): string | null
}

/** The exposure of one API. */
export function exposureOf(api: { ownKey?(): string | null }, exposure: Exposure): Exposure {
  const { ownKey } = api
  return ownKey === undefined ? exposure : { ...exposure, ownKey }
}

/** A key, the owner's token or a signed-in window, as the authority knows it. */
export interface Credential {
  caller: Caller
  standing: Standing
  may(demand: Demand): boolean
  /** Notes the use for the list of keys. */
  used(address: string): void
}

/** What a call asks of a key. */
export interface Demand {
  api: ApiName
  right: RouteRight
  /** For keys of the older form. */
  verb: Verb
  /** The one thing of the room that the call is about, null when it is about all. */
  subject: string | null
  /** Where the caller calls from. */
  address: string
}

/** Who was let through, and what it may do. */
export interface Admitted {
  caller: Caller
  standing: Standing
}

/** Who knows keys; implemented by control. */
export interface Authority {
  /** From `X-API-Key`, a Bearer header or a sub-protocol. */
  byKey(secret: string): Credential | null
  /** From the window's cookie. */
  byCookie(cookie: string): Credential | null
}

export interface GuardOptions {
  authority: Authority
  /** Origins that are ours beside the one under which the API itself is called. */
  ownOrigins(): readonly string[]
  /** Whether this peer's word on who calls, and what was called, is taken; nobody's when left out. */
  isTrustedProxy?(address: string): boolean
  /** Under which the owner says that we are called from outside; none when left out. */
  publicUrl?(): string | null
}

export const sessionCookie = 'wheelhouse_session'

/** What the guards need to know of the route that was asked for. */
export interface GuardedRoute {
  access: Guarded['access']
  right: RouteRight
  verb?: Verb
  method?: Method
  ownCredential?: boolean
  fromElsewhere?: boolean
  openedBySession?: boolean
}

export class Guards {
  readonly #options: GuardOptions
  /** Per address, for callers from other devices: one of them must not take the server from the rest. */
  readonly #requests = rateLimiter({ points: 2_000, duration: 10 })
  /** Per address, wrong keys: makes guessing pointless even where the key is short. */
  readonly #failures = rateLimiter({ points: 20, duration: 60 })

  constructor(options: GuardOptions) {
    this.#options = options
  }

  /**
   * First, because it costs nothing and everything after it trusts the Host: a web page that has re-bound its own name to
   * 127.0.0.1 (DNS rebinding) still sends that name. Once the API is open to the LAN the machine may be called by any of its
   * addresses or its name, or by whatever name the caller of a keyed request has for it; through a proxy by the name of `--public-url`.
   */
  checkHost(request: IncomingMessage, exposure: Exposure): void {
    // Node keeps the first of two; whatever stands before us may have judged by the other one (RFC 9112, section 3.2).
    if (countHosts(request) > 1) throw new Refusal('two-hosts')
    const host = hostOf(request.headers.host ?? '')
    if (host === 'localhost' || isLoopback(host) || host === exposure.host().toLowerCase()) return
    if (host === this.#publicUrl()?.hostname && this.#isForwarded(request)) return
    if (exposure.beyondLoopback() && (isOwnName(host) || keyOf(request) !== null)) return
    throw new Refusal('foreign-host')
  }

  /**
   * Second: a browser names the page that calls. Ours may; a foreign one may only where the call stands or falls with a key in
   * its headers, because a page cannot obtain that by itself. An image, a script or a link of a foreign page names no origin, yet browsers
   * say that it comes from another site: it may read no more than a page may. Returns the value for `Access-Control-Allow-Origin`, if any.
   */
  checkOrigin(request: IncomingMessage, exposure: Exposure, route: GuardedRoute): string | null {
    const origin = request.headers.origin
    if (origin === undefined) {
      if (isFromElsewhere(request) && keyOf(request) === null && !this.#isOpenElsewhere(request, exposure, route))
        throw new Refusal('foreign-origin')
      return null
    }
    if (this.#isOwnOrigin(request, origin)) return origin
    if (this.needsKey(route, exposure) || route.ownCredential === true) return '*'
    // Who set the contract's own key serves pages as the contract says: its public routes to all origins as well.
    if (route.access === 'public' && hasOwnKey(exposure)) return '*'
    throw new Refusal('foreign-origin')
  }

  /** Third, before any work is done for the caller. Loopback is not limited: the person's own scripts may be as fast as they like. */
  async checkRate(request: IncomingMessage): Promise<void> {
    const address = this.addressOf(request)
    if (isLoopback(address)) return
    await (await this.#requests()).consume(address).catch(refuseRate)
  }

  /**
   * Fourth, once the route is known and before its body is read: nobody without a key makes us parse anything.
   */
  async checkKey(
    request: IncomingMessage,
    exposure: Exposure,
    api: ApiName,
    route: GuardedRoute,
    subject: string | null = null,
  ): Promise<Admitted> {
    const address = this.addressOf(request)
    const presented = keyOf(request)
    const ownKey = exposure.ownKey?.() ?? null
    if (presented !== null && ownKey !== null && sameSecret(presented, ownKey) && ownKeyOpens(api, route))
      return { caller: { kind: 'key', id: 'own-key', name: 'API_KEY' }, standing: ownKeyStanding(api) }
    const credential = this.#credentialOf(request, presented)
    if (credential?.may({ api, right: route.right, verb: verbOf(route), subject, address })) {
      credential.used(address)
      return { caller: credential.caller, standing: credential.standing }
    }
    if (route.access === 'public') return { caller: { kind: 'anyone' }, standing: strangerStanding }
    // A proxy on this machine brings callers of other machines through a door that is for this one.
    const isStranger = !exposure.beyondLoopback() && !isLoopback(address)
    if (!this.needsKey(route, exposure) && !isStranger) return { caller: { kind: 'local' }, standing: localStanding(api) }
    if (credential !== null)
      throw new Refusal('key-not-allowed', `This key does not hold ${route.right}${subject === null ? '' : ` for ${subject}`}`)
    if (presented === null) throw new Refusal('key-required', undefined, { headers: { 'www-authenticate': 'Bearer' } })
    await (await this.#failures()).consume(address).catch(refuseRate)
    throw new Refusal('key-refused', undefined, { headers: { 'www-authenticate': 'Bearer' } })
  }

  /** The caller's address, as far as those it passed through can be believed. */
  addressOf(request: IncomingMessage): string {
    return clientAddress(request, this.#options.isTrustedProxy ?? trustsNobody)
  }

  /** What the caller has called, without the path of the API. */
  originOf(request: IncomingMessage): string {
    return calledOrigin(request, this.#options.isTrustedProxy ?? trustsNobody, this.#publicUrl())
  }

  /** Whether a route asks for a key where it is exposed so. */
  needsKey(route: GuardedRoute, exposure: Exposure): boolean {
    // Without a key one has the use of the room and no more.
    if (route.access === 'key' || (route.access === 'local' && route.right.endsWith(':manage'))) return true
    return route.access === 'local' && (hasOwnKey(exposure) || (exposure.beyondLoopback() && !exposure.insecureNoKey()))
  }

  /**
   * A public route of who set the contract's own key, as above; a person who is sent here, or has followed a link to a page of ours, e.g.
   * the reference.
   */
  #isOpenElsewhere(request: IncomingMessage, exposure: Exposure, route: GuardedRoute): boolean {
    if (route.access === 'public' && hasOwnKey(exposure)) return true
    return route.ownCredential === true || (route.fromElsewhere === true && isNavigation(request))
  }

  #isOwnOrigin(request: IncomingMessage, origin: string): boolean {
    return origin === `http://${request.headers.host ?? ''}` || this.#options.ownOrigins().includes(origin)
  }

  /** By a proxy that is trusted and says for whom: without that all who come through it would pass for this machine. */
  #isForwarded(request: IncomingMessage): boolean {
    const isTrusted = this.#options.isTrustedProxy ?? trustsNobody
    return request.headers['x-forwarded-for'] !== undefined && isTrusted(plainAddress(request.socket.remoteAddress))
  }

  #publicUrl(): URL | null {
    return URL.parse(this.#options.publicUrl?.() ?? '')
  }

  #credentialOf(request: IncomingMessage, key: string | null): Credential | null {
    if (key !== null) return this.#options.authority.byKey(key)
    const cookie = cookieOf(request)
    // The cookie is same-site, yet another port of this machine is the same site: only our own pages may use it.
    const origin = request.headers.origin
    if (cookie === null || (origin !== undefined && !this.#isOwnOrigin(request, origin))) return null
    return this.#options.authority.byCookie(cookie)
  }
}

const trustsNobody = (): boolean => false

function hasOwnKey(exposure: Exposure): boolean {
  return (exposure.ownKey?.() ?? null) !== null
}

function refuseRate(rejected: unknown): never {
  const wait = typeof rejected === 'object' && rejected !== null && 'msBeforeNext' in rejected ? Number(rejected.msBeforeNext) : 1_000
  throw new Refusal('rate-limited', undefined, { headers: { 'retry-after': String(Math.max(1, Math.ceil(wait / 1_000))) } })
}

/** The key a request carries: `X-API-Key`, a Bearer header, or (for WebSockets of browsers) the sub-protocol `bearer.<key>`. */
export function keyOf(request: IncomingMessage): string | null {
  const header = request.headers['x-api-key']
  if (typeof header === 'string' && header !== '') return header
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')
  if (bearer?.[1] !== undefined) return bearer[1]
  const offered = request.headers.upgrade === undefined ? undefined : request.headers['sec-websocket-protocol']
  const protocol = offered
    ?.split(',')
    .map((part) => part.trim())
    .find((part) => part.startsWith('bearer.'))
  return protocol?.slice('bearer.'.length) ?? null
}

export function cookieOf(request: IncomingMessage): string | null {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2)
    if (name === sessionCookie && value !== undefined && value !== '') return value
  }
  return null
}

/** A browser says so by itself, and no page can unsay it (Fetch Metadata). */
export function isFromElsewhere(request: IncomingMessage): boolean {
  return request.headers['sec-fetch-site'] === 'cross-site'
}

/** A whole page that a person sees, in a tab of its own. */
function isNavigation({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
}

function countHosts({ rawHeaders }: IncomingMessage): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2)
    if (rawHeaders[index]?.length === 4 && rawHeaders[index]?.toLowerCase() === 'host') count += 1
  return count
}

/**
 * What is no route: the reference, and the window's own page. A person may follow a link to them; a page of another site may not load them
 * into itself.
 */
export const pageOfOurs: GuardedRoute = { access: 'local', right: 'any-key', fromElsewhere: true }

/** Who has set it runs this server; whoever is given it uses that one API, and nothing reaches past it. */
function ownKeyOpens(api: ApiName, { right }: GuardedRoute): boolean {
  return right === 'anyone' || right === 'any-key' || right.startsWith(`${api}:`)
}

function ownKeyStanding(api: ApiName): Standing {
  // What is made with it belongs to the house: it stays there when the variable is gone.
  return { maker: 'local', may: (right) => right.startsWith(`${api}:`), reaches: (room) => room === api }
}

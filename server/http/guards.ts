/**
 * The guards every request passes, HTTP and WebSocket alike. Each is a function of the request and the doorway through
 * which it came; it returns or throws a `Refusal`. `app.ts` and `sockets.ts` call them in the order in which they stand here.
 */
import type { IncomingMessage } from 'node:http'
import type { RateLimiterMemory } from 'rate-limiter-flexible'
import type { Caller } from './api.ts'
import { verbOf, type Access, type ApiName, type Method, type Verb } from './contract.ts'
import { sameSecret } from '../secrets/hash.ts'
import { clientAddress, hostOf, isLoopback, isOwnName } from './network.ts'
import { Refusal } from './problem.ts'

/** The listener through which a request came, and how far it is open. */
export interface Doorway {
  /** True when devices other than this machine can reach it. */
  exposed(): boolean
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

/** The doorway as it stands for one API. */
export function doorwayOf(api: { ownKey?(): string | null }, doorway: Doorway): Doorway {
  const { ownKey } = api
  return ownKey === undefined ? doorway : { ...doorway, ownKey }
}

/** A key, the owner's token or a signed-in window, as the authority knows it. */
export interface Credential {
  caller: Caller
  /** `subject` is the one thing of the room that the call is about, null when it is about all. */
  may(room: ApiName, verb: Verb, subject: string | null): boolean
  /** Notes the use for the list of keys. */
  used(room: ApiName, verb: Verb, address: string, subject: string | null): void
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
  /** Whether this peer's word on who calls is taken; nobody's when left out. */
  isTrustedProxy?(address: string): boolean
}

export const sessionCookie = 'wheelhouse_session'

/** What the guards need to know of the route that was asked for. */
export interface GuardedRoute {
  access: Access
  verb?: Verb
  method?: Method
  ownCredential?: boolean
}

export class Guards {
  private readonly options: GuardOptions
  /** Per address, for callers from other devices: one of them must not take the server from the rest. */
  private readonly requests = createLimiter({ points: 2_000, duration: 10 })
  /** Per address, wrong keys: makes guessing pointless even where the key is short. */
  private readonly failures = createLimiter({ points: 20, duration: 60 })

  constructor(options: GuardOptions) {
    this.options = options
  }

  /**
   * First, because it costs nothing and everything after it trusts the Host: a web page that has re-bound its own name to
   * 127.0.0.1 (DNS rebinding) still sends that name. Once the API is open to the LAN the machine may be called by any of its
   * addresses or its name, or by whatever name the caller of a keyed request has for it.
   */
  checkHost(request: IncomingMessage, doorway: Doorway): void {
    const host = hostOf(request.headers.host ?? '')
    if (host === 'localhost' || isLoopback(host) || host === doorway.host().toLowerCase()) return
    if (doorway.exposed() && (isOwnName(host) || keyOf(request) !== null)) return
    throw new Refusal('foreign-host')
  }

  /**
   * Second: a browser names the page that calls. Ours may; a foreign one may only where the call stands or falls with a key in
   * its headers, because a page cannot obtain that by itself. Returns the value for `Access-Control-Allow-Origin`, if any.
   */
  checkOrigin(request: IncomingMessage, doorway: Doorway, route: GuardedRoute): string | null {
    const origin = request.headers.origin
    if (origin === undefined) return null
    if (this.isOwnOrigin(request, origin)) return origin
    if (this.needsKey(route, doorway) || route.ownCredential === true) return '*'
    // Who set the contract's own key serves pages as the contract says: its public routes to all origins as well.
    if (route.access === 'public' && hasOwnKey(doorway)) return '*'
    throw new Refusal('foreign-origin')
  }

  /** Third, before any work is done for the caller. Loopback is not limited: the person's own scripts may be as fast as they like. */
  async checkRate(request: IncomingMessage): Promise<void> {
    const address = this.addressOf(request)
    if (isLoopback(address)) return
    await this.requests(address).catch(refuseRate)
  }

  /**
   * Fourth, once the route is known and before its body is read: nobody without a key makes us parse anything.
   */
  async checkKey(request: IncomingMessage, doorway: Doorway, api: ApiName, route: GuardedRoute, subject: string | null = null): Promise<Caller> {
    const address = this.addressOf(request)
    const presented = keyOf(request)
    const ownKey = doorway.ownKey?.() ?? null
    if (presented !== null && ownKey !== null && sameSecret(presented, ownKey)) return { kind: 'key', id: 'own-key', name: 'API_KEY' }
    const credential = this.credentialOf(request, presented)
    if (credential?.may(api, verbOf(route), subject)) {
      credential.used(api, verbOf(route), address, subject)
      return credential.caller
    }
    if (route.access === 'public') return { kind: 'anyone' }
    // A proxy on this machine brings callers of other machines through a door that is for this one.
    const isStranger = !doorway.exposed() && !isLoopback(address)
    if (!this.needsKey(route, doorway) && !isStranger) return { kind: 'local' }
    if (credential !== null) throw new Refusal('key-not-allowed', `This key may not ${verbOf(route)} ${subject === null ? api : `${subject} of ${api}`}`)
    if (presented === null) throw new Refusal('key-required', undefined, { headers: { 'www-authenticate': 'Bearer' } })
    await this.failures(address).catch(refuseRate)
    throw new Refusal('key-refused', undefined, { headers: { 'www-authenticate': 'Bearer' } })
  }

  /** The caller's address, as far as those it passed through can be believed. */
  addressOf(request: IncomingMessage): string {
    return clientAddress(request, this.options.isTrustedProxy ?? trustsNobody)
  }

  /** Whether a route asks for a key when called through this doorway. */
  needsKey(route: GuardedRoute, doorway: Doorway): boolean {
    if (route.access === 'key') return true
    return route.access === 'local' && (hasOwnKey(doorway) || (doorway.exposed() && !doorway.insecureNoKey()))
  }

  private isOwnOrigin(request: IncomingMessage, origin: string): boolean {
    return origin === `http://${request.headers.host ?? ''}` || this.options.ownOrigins().includes(origin)
  }

  private credentialOf(request: IncomingMessage, key: string | null): Credential | null {
    if (key !== null) return this.options.authority.byKey(key)
    const cookie = cookieOf(request)
    // The cookie is same-site, yet another port of this machine is the same site: only our own pages may use it.
    const origin = request.headers.origin
    if (cookie === null || (origin !== undefined && !this.isOwnOrigin(request, origin))) return null
    return this.options.authority.byCookie(cookie)
  }
}

const trustsNobody = (): boolean => false

function hasOwnKey(doorway: Doorway): boolean {
  return (doorway.ownKey?.() ?? null) !== null
}

/** Loaded when the first stranger calls: a server that only this machine uses never pays for it. */
function createLimiter(limit: { points: number; duration: number }): (address: string) => Promise<unknown> {
  let limiter: Promise<RateLimiterMemory> | undefined
  return async (address) => {
    limiter ??= import('rate-limiter-flexible').then((library) => new library.RateLimiterMemory(limit))
    return (await limiter).consume(address)
  }
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
  const protocol = offered?.split(',').map((part) => part.trim()).find((part) => part.startsWith('bearer.'))
  return protocol?.slice('bearer.'.length) ?? null
}

export function cookieOf(request: IncomingMessage): string | null {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2)
    if (name === sessionCookie && value !== undefined && value !== '') return value
  }
  return null
}

/** Binds a contract to the code that answers it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Contract, RouteDefinition, RouteInput, RouteReply } from './contract.ts'
import type { Standing } from './rights.ts'

/** Who calls, as the guards found out. */
export type Caller =
  | { kind: 'owner' }
  | { kind: 'key'; id: string; name: string }
  /** Someone on this machine, on a route that asks for no key. */
  | { kind: 'local' }
  /** Anyone, on a route the contract calls public. */
  | { kind: 'anyone' }

/** The caller as events and the audit trail name it. */
export function actorOf(caller: Caller): string {
  return caller.kind === 'key' ? `key:${caller.name}` : caller.kind
}

/** Facts about the call beyond its validated input. */
export interface Call {
  caller: Caller
  /** What the caller may do beyond the right of this route, and which things are its own. */
  standing: Standing
  requestId: string
  /** The peer's address as the socket gives it, IPv4-mapped addresses as IPv4. */
  address: string
  /** Header values by lower-case name. */
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** Aborts when the client goes away before the answer. */
  signal: AbortSignal
  /** The address under which the client reached the API, e.g. `http://127.0.0.1:5010`; behind a trusted proxy the one that it called. */
  origin: string
  /** Only for routes with `bodyType: 'raw'`: such a handler answers on `response` itself and returns `handled`. */
  node: { request: IncomingMessage; response: ServerResponse }
}

/** What a raw handler returns: it has answered by itself. */
export const handled = Symbol('handled')

export type Handler<Route extends RouteDefinition> = (
  input: RouteInput<Route>,
  call: Call,
) => Promise<RouteReply<Route> | typeof handled> | RouteReply<Route> | typeof handled

export type Handlers<Routes extends Record<string, RouteDefinition>> = { [Name in keyof Routes]: Handler<Routes[Name]> }

export interface SocketInput {
  params: Readonly<Record<string, unknown>>
  query: Readonly<Record<string, unknown>>
}

export interface SocketCall extends Omit<Call, 'node' | 'signal'> {
  /** What carries the WebSocket: for a room that writes ready-made frames to many sockets, or watches how much is still unsent. */
  stream: Duplex
  /** For a socket that was opened by what a key was given, without the key: it ends with that key too. */
  endWithKey(id: string): void
}

/** Called once the socket is open and its caller known; the room owns the socket from here. */
export interface SocketHandler {
  (socket: WebSocket, input: SocketInput, call: SocketCall): void
  /** Called before the socket opens: what it throws is the answer in the API's own shape. */
  admit?(input: SocketInput): void | Promise<void>
}

/** A contract with its handlers, ready to be mounted. */
export interface Api {
  contract: Contract
  handlers: Readonly<Record<string, (input: { params: unknown; query: unknown; body: unknown }, call: Call) => unknown>>
  sockets: Readonly<Record<string, SocketHandler>>
  /** The key that the published contract itself names, null while none is set; see `Exposure`. */
  ownKey?(): string | null
  /** Who made the thing that a route's subject names; undefined when there is none. */
  makersOf?(subject: string): readonly (string | null)[] | undefined
  /**
   * Whether a person has opened what the request names, e.g. a session, to pages of a foreign origin; for routes with `openedBySession`.
   * A preflight carries no credential: it is answered for all that could be meant, and the request itself is asked about again.
   */
  isOpenTo?(origin: string, request: IncomingMessage, params: Readonly<Record<string, string>>): boolean
}

/** Checks at compile time that every route and socket of the contract has a handler of the right type. */
export function implement<const Bound extends Contract, const Given extends Handlers<Bound['routes']>>(
  contract: Bound,
  handlers: Given,
  sockets: Readonly<Record<string, SocketHandler>> = {},
  more: Pick<Api, 'makersOf'> = {},
): Api {
  for (const name of Object.keys(contract.sockets ?? {})) {
    if (!(name in sockets)) throw new TypeError(`${contract.api}: socket ${name} has no handler`)
  }
  // The table is typed at its border above; inside the kernel routes are looked up by name and lose their literal types.
  return { contract, handlers: handlers as unknown as Api['handlers'], sockets, ...more }
}

/** One listening address of one API. It starts, stops and moves without touching any other. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Fault, KernelFault } from '../fault.ts'

export type ListenerState =
  | { state: 'off' }
  | { state: 'starting'; host: string; port: number }
  | { state: 'listening'; host: string; port: number }
  | { state: 'port-in-use'; host: string; port: number; error: string }
  | { state: 'failed'; host: string; port: number; error: string }

export interface ListenerHandlers {
  /** First of all that happens with a connection. */
  connected?(socket: Socket): void
  request(request: IncomingMessage, response: ServerResponse): void
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

/** One server of Node's with what runs on it. */
interface Opened {
  server: Server
  sockets: Set<Duplex>
  /** Of requests that have not been answered to the end. */
  responses: Set<ServerResponse>
  /** To be called when its port is another's again, though connections may go on. */
  givenUp(): void
}

export class Listener {
  #opened: Opened | null = null
  /** Given up for another address, and still answering what had been asked there. */
  readonly #leaving = new Set<Opened>()
  #current: ListenerState = { state: 'off' }
  readonly #handlers: ListenerHandlers
  readonly #onChange: () => void
  readonly #bound: (port: number) => () => void
  /** Starts, moves and stops of one listener follow each other; two at once would leave a server behind. */
  #queue: Promise<unknown> = Promise.resolve()

  /** `bound` is told each port that is bound, and what it answers is called when that is given up. */
  constructor(
    handlers: ListenerHandlers,
    onChange: () => void = () => undefined,
    bound: (port: number) => () => void = () => () => undefined,
  ) {
    this.#handlers = handlers
    this.#onChange = onChange
    this.#bound = bound
  }

  get status(): ListenerState {
    return this.#current
  }

  /** Number of open connections whose peer is not this machine's loopback. */
  countPeers(isOutside: (address: string) => boolean): number {
    const outside = new Set<string>()
    for (const socket of this.#all().flatMap(({ sockets }) => [...sockets])) {
      const address = 'remoteAddress' in socket && typeof socket.remoteAddress === 'string' ? socket.remoteAddress : ''
      if (isOutside(address)) outside.add(address)
    }
    return outside.size
  }

  /** Never throws for a taken port: the state says so and why. */
  start(host: string, port: number): Promise<ListenerState> {
    return this.#inTurn(async () => {
      const old = this.#giveUp()
      this.#become({ state: 'starting', host, port })
      await this.#open(host, port)
      this.#leave(old)
      return this.#current
    })
  }

  /**
   * Moves to another address. The new one is opened before the old one is given up where both can exist; otherwise the old one is
   * restored when the new one fails. Throws `port-in-use` and leaves the listener as it was.
   *
   * Resolves when the new address is served. What was asked at the old one is still answered there: the wish to move may be among it.
   */
  move(host: string, port: number): Promise<ListenerState> {
    return this.#inTurn(async () => {
      const before = this.#current
      const samePort = before.state === 'listening' && before.port === port
      if (samePort && before.host === host) return before
      const old = samePort ? this.#giveUp() : this.#opened
      await this.#open(host, port)
      if (this.#current.state === 'listening') {
        this.#leave(old)
        return this.#current
      }
      const reason = this.#current
      if (samePort) {
        await this.#open(before.host, before.port)
        this.#leave(old)
      } else {
        this.#become(before)
      }
      throw refused(port, reason)
    })
  }

  /** Stops accepting and ends what runs; open WebSockets are cut after `graceMs`. */
  stop(graceMs = 250): Promise<void> {
    return this.#inTurn(async () => {
      const all = this.#all()
      this.#opened = null
      await Promise.all(all.map((each) => closeServer(each, graceMs)))
      this.#become({ state: 'off' })
    })
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#queue.then(work, work)
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  #open(host: string, port: number): Promise<void> {
    const server = createServer({ requestTimeout: 120_000, headersTimeout: 30_000, keepAliveTimeout: 65_000 }, (request, response) => {
      opened.responses.add(response)
      response.once('close', () => opened.responses.delete(response))
      if (this.#leaving.has(opened)) response.shouldKeepAlive = false
      this.#handlers.request(request, response)
    })
    const opened: Opened = { server, sockets: new Set(), responses: new Set(), givenUp: () => undefined }
    server.on('upgrade', (request, socket, head) => this.#handlers.upgrade(request, socket, head))
    server.on('connection', (socket) => {
      this.#handlers.connected?.(socket)
      opened.sockets.add(socket)
      socket.once('close', () => opened.sockets.delete(socket))
    })
    let listens = false
    return new Promise((resolve) => {
      server.on('error', (error: NodeJS.ErrnoException) => {
        // Then it is about one connection that could not be taken, e.g. because no file descriptor is left; unheard it would end the
        // process.
        if (listens) return
        if (error.code === 'EADDRINUSE')
          this.#become({ state: 'port-in-use', host, port, error: `Port ${port} is used by another program` })
        else this.#become({ state: 'failed', host, port, error: plainReason(error, host, port) })
        resolve()
      })
      server.listen({ host, port, exclusive: true }, () => {
        listens = true
        const address = server.address()
        const own = typeof address === 'object' && address !== null ? address.port : port
        this.#opened = opened
        opened.givenUp = this.#bound(own)
        this.#become({ state: 'listening', host, port: own })
        resolve()
      })
    })
  }

  /** Takes no more connections, so that the address is free; those it has go on. */
  #giveUp(): Opened | null {
    const old = this.#opened
    this.#opened = null
    if (old !== null) close(old)
    return old
  }

  /**
   * What has not begun to answer may do so, however long it takes; all else, e.g. a stream or a WebSocket, is cut and comes again at the
   * new address.
   */
  #leave(old: Opened | null, graceMs = 100): void {
    if (old === null) return
    const { server, sockets, responses } = old
    this.#leaving.add(old)
    // Nothing would close a connection that is kept alive for a server that has gone elsewhere.
    for (const response of responses) response.shouldKeepAlive = false
    const isAnswering = (socket: Duplex): boolean => [...responses].some((response) => response.socket === socket && !response.headersSent)
    const cut = setTimeout(() => {
      for (const socket of sockets) if (!isAnswering(socket)) socket.destroy()
    }, graceMs)
    const over = (): void => {
      clearTimeout(cut)
      this.#leaving.delete(old)
    }
    server.once('close', over)
    if (server.listening) close(old)
    else if (sockets.size === 0) over()
    server.closeIdleConnections()
  }

  #all(): Opened[] {
    return [...this.#leaving, ...(this.#opened === null ? [] : [this.#opened])]
  }

  #become(state: ListenerState): void {
    this.#current = state
    this.#onChange()
  }
}

function close({ server, givenUp }: Opened, then?: () => void): void {
  if (server.listening) givenUp()
  // Calls `then` with an error, but calls it, where nothing listens any more.
  server.close(then)
}

/** Requests under way get `graceMs` to end; keep-alive connections would otherwise hold the server open for a minute. */
async function closeServer(opened: Opened, graceMs: number): Promise<void> {
  const { server, sockets } = opened
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
    }, graceMs)
    close(opened, () => {
      clearTimeout(cut)
      resolve()
    })
    server.closeIdleConnections()
  })
}

function refused(port: number, state: ListenerState): Fault {
  const message = 'error' in state ? state.error : `Port ${port} could not be opened`
  return new KernelFault('port-in-use', message, { port })
}

function plainReason(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EACCES') return `Port ${port} may not be used by this user`
  if (error.code === 'EADDRNOTAVAIL') return `This machine has no address ${host}`
  return `Could not listen on ${host}:${port} (${error.code ?? error.message})`
}

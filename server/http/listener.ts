/** One listening address of one API. It starts, stops and moves without touching any other. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Fault } from '../fault.ts'

export type ListenerState =
  | { state: 'off' }
  | { state: 'starting'; host: string; port: number }
  | { state: 'listening'; host: string; port: number }
  | { state: 'port-in-use'; host: string; port: number; error: string }
  | { state: 'failed'; host: string; port: number; error: string }

export interface ListenerHandlers {
  request(request: IncomingMessage, response: ServerResponse): void
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

export class Listener {
  private server: Server | null = null
  private readonly sockets = new Set<Duplex>()
  private current: ListenerState = { state: 'off' }
  private readonly handlers: ListenerHandlers
  private readonly onChange: () => void
  private readonly opened: (port: number) => () => void
  /** Starts, moves and stops of one listener follow each other; two at once would leave a server behind. */
  private queue: Promise<unknown> = Promise.resolve()

  /** `opened` is told each port that is bound, and what it answers is called when that is given up. */
  constructor(handlers: ListenerHandlers, onChange: () => void = () => undefined, opened: (port: number) => () => void = () => () => undefined) {
    this.handlers = handlers
    this.onChange = onChange
    this.opened = opened
  }

  get status(): ListenerState {
    return this.current
  }

  /** Number of open connections whose peer is not this machine's loopback. */
  countPeers(isOutside: (address: string) => boolean): number {
    const outside = new Set<string>()
    for (const socket of this.sockets) {
      const address = 'remoteAddress' in socket && typeof socket.remoteAddress === 'string' ? socket.remoteAddress : ''
      if (isOutside(address)) outside.add(address)
    }
    return outside.size
  }

  /** Never throws for a taken port: the state says so and why. */
  start(host: string, port: number): Promise<ListenerState> {
    return this.inTurn(async () => {
      await this.close()
      this.become({ state: 'starting', host, port })
      await this.open(host, port)
      return this.current
    })
  }

  /**
   * Moves to another address. The new one is opened before the old one is given up where both can exist; otherwise the old one is
   * restored when the new one fails. Throws `port-in-use` and leaves the listener as it was.
   */
  move(host: string, port: number): Promise<ListenerState> {
    return this.inTurn(async () => {
      const before = this.current
      const samePort = before.state === 'listening' && before.port === port
      if (samePort && before.host === host) return before
      if (samePort) {
        await this.close()
        await this.open(host, port)
        if (this.current.state === 'listening') return this.current
        const reason = this.current
        await this.open(before.host, before.port)
        throw refused(port, reason)
      }
      const old = this.detach()
      await this.open(host, port)
      if (this.current.state === 'listening') {
        await closeServer(old.server, old.sockets)
        return this.current
      }
      const reason = this.current
      this.attach(old, before)
      throw refused(port, reason)
    })
  }

  /** Stops accepting and ends what runs; open WebSockets are cut after `graceMs`. */
  stop(graceMs = 250): Promise<void> {
    return this.inTurn(async () => {
      await this.close(graceMs)
      this.become({ state: 'off' })
    })
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.queue.then(work, work)
    this.queue = turn.catch(() => undefined)
    return turn
  }

  private open(host: string, port: number): Promise<void> {
    const server = createServer({ requestTimeout: 120_000, headersTimeout: 30_000, keepAliveTimeout: 65_000 }, (request, response) => this.handlers.request(request, response))
    const sockets = this.sockets
    server.on('upgrade', (request, socket, head) => this.handlers.upgrade(request, socket, head))
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    let listens = false
    return new Promise((resolve) => {
      server.on('error', (error: NodeJS.ErrnoException) => {
        // Then it is about one connection that could not be taken, e.g. because no file descriptor is left; unheard it would end the process.
        if (listens) return
        if (error.code === 'EADDRINUSE') this.become({ state: 'port-in-use', host, port, error: `Port ${port} is used by another program` })
        else this.become({ state: 'failed', host, port, error: plainReason(error, host, port) })
        resolve()
      })
      server.listen({ host, port, exclusive: true }, () => {
        listens = true
        const address = server.address()
        const bound = typeof address === 'object' && address !== null ? address.port : port
        this.server = server
        server.once('close', this.opened(bound))
        this.become({ state: 'listening', host, port: bound })
        resolve()
      })
    })
  }

  private detach(): { server: Server | null; sockets: Set<Duplex> } {
    const old = { server: this.server, sockets: new Set(this.sockets) }
    this.server = null
    return old
  }

  private attach(old: { server: Server | null }, state: ListenerState): void {
    this.server = old.server
    this.become(state)
  }

  private async close(graceMs = 0): Promise<void> {
    const server = this.server
    this.server = null
    await closeServer(server, this.sockets, graceMs)
  }

  private become(state: ListenerState): void {
    this.current = state
    this.onChange()
  }
}

/** Requests under way get `graceMs` to end; keep-alive connections would otherwise hold the server open for a minute. */
async function closeServer(server: Server | null, sockets: ReadonlySet<Duplex>, graceMs = 100): Promise<void> {
  if (server === null) return
  const own = new Set(sockets)
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => {
      for (const socket of own) socket.destroy()
      server.closeAllConnections()
    }, graceMs)
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
    server.closeIdleConnections()
  })
}

function refused(port: number, state: ListenerState): Fault {
  const message = 'error' in state ? state.error : `Port ${port} could not be opened`
  return new Fault('port-in-use', message, { port })
}

function plainReason(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EACCES') return `Port ${port} may not be used by this user`
  if (error.code === 'EADDRNOTAVAIL') return `This machine has no address ${host}`
  return `Could not listen on ${host}:${port} (${error.code ?? error.message})`
}

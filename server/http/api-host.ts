/** Serves the APIs: each on a listener of its own, and all of them under their prefix on the control port. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { KernelFault } from '../fault.ts'
import type { Settings } from '../config/settings.ts'
import { containEvents, type Scope } from '../isolation.ts'
import type { Log } from '../log.ts'
import type { Api } from './api.ts'
import { contractError, createApp, type AppOptions, type RequestHandler } from './app.ts'
import type { ApiName } from './contract.ts'
import { isFromElsewhere, pageOfOurs, type Exposure, type Guards } from './guards.ts'
import { KeySockets } from './key-sockets.ts'
import type { LazyApi } from './lazy-api.ts'
import { Listener, type ListenerState } from './listener.ts'
import { httpUrl, isLoopback, lanAddresses, nextFreePort, plainAddress } from './network.ts'
import { Refusal } from './problem.ts'
import { openAir, type Shelter } from './shelter.ts'
import { createUpgradeHandler, type UpgradeHandler } from './sockets.ts'
import { Traffic } from './traffic.ts'
import type { FileHandler } from './window-files.ts'

export interface ApiHostOptions {
  /** The control API first; the rooms that exist after it. */
  apis: readonly [control: NamedApi, ...rooms: NamedApi[]]
  guards: Guards
  /** Bind address of APIs open to this machine only. */
  host: string
  settings(): Settings
  windowFiles: FileHandler | null
  log: Log
  /** Left out: each API always serves. */
  shelter?: Shelter
  checkReplies: boolean
  newRequestId(): string
  monotonic(): number
  /** Called with each port that is opened; the answer is called when it is closed. */
  opened(port: number): () => void
  /** Called after every change of a listener's state. */
  onChange(): void
}

export interface NamedApi {
  name: ApiName
  api: LazyApi
}

/** An API as it is served at this moment. */
export interface ServedApi extends NamedApi {
  status: ListenerState
  traffic: Traffic
  exposed: boolean
}

interface Mount extends ServedApi {
  listener: Listener
  own: Exposure
}

/** Anything that is bound beyond loopback can be reached by other devices. */
const everyInterface = '0.0.0.0'

export class ApiHost {
  readonly #mounts: ReadonlyMap<ApiName, Mount>
  readonly #options: ApiHostOptions
  readonly #keySockets = new KeySockets()
  /** Set when the control port is taken and control answers elsewhere for this run. */
  #controlFallback: string | null = null

  constructor(options: ApiHostOptions) {
    this.#options = options
    const mounts = new Map<ApiName, Mount>()
    for (const room of options.apis.slice(1)) mounts.set(room.name, this.#mountRoom(room))
    const [control] = options.apis
    mounts.set('control', this.#mountControl(control, [...mounts.values()]))
    this.#mounts = mounts
  }

  names(): ApiName[] {
    return ['control', ...[...this.#mounts.keys()].filter((name) => name !== 'control')]
  }

  served(name: ApiName): ServedApi {
    const mount = this.#mount(name)
    const status =
      name === 'control' && this.#controlFallback !== null && mount.listener.status.state === 'listening'
        ? { ...mount.listener.status, state: 'port-in-use' as const, error: this.#controlFallback }
        : mount.listener.status
    return { name, api: mount.api, status, traffic: mount.traffic, exposed: mount.own.beyondLoopback() }
  }

  /** Opens every listener; a port that is taken is a state, never a failure of the rest. */
  async start(): Promise<void> {
    await Promise.all(this.names().map((name) => this.startApi(name)))
  }

  /** Serves an API at the port the settings name, or tries again. */
  async startApi(name: ApiName): Promise<void> {
    const mount = this.#mount(name)
    const { port } = this.#options.settings().apis[name]
    if (port === 'off') return mount.listener.stop()
    const status = await mount.listener.start(this.#hostFor(name), port)
    if (name === 'control') await this.#openControlElsewhere(status)
  }

  async stopApi(name: ApiName): Promise<void> {
    if (name === 'control') throw new KernelFault('api-not-stoppable', 'The control API serves this window; it stops with the app')
    await this.#mount(name).listener.stop()
  }

  /** Brings one listener to what the settings say; throws `port-in-use` and stays where it was when that cannot be had. */
  async follow(name: ApiName): Promise<void> {
    const { listener } = this.#mount(name)
    const { port } = this.#options.settings().apis[name]
    if (port === 'off') return listener.stop()
    const { status } = listener
    // Any free port is as good as the one it has: whoever knows its address should not lose it.
    await listener.move(this.#hostFor(name), port === 0 && status.state === 'listening' ? status.port : port)
    if (name === 'control') this.#controlFallback = null
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#mounts.values()].map(({ listener }) => listener.stop()))
  }

  /** Where this machine's programs reach an API: its own port, else its prefix on the control port. */
  url(name: ApiName): string {
    const { status } = this.served(name)
    return (
      this.#ownUrl(name) ?? (name === 'control' ? httpUrl(this.#options.host, 'port' in status ? status.port : 0) : this.prefixUrl(name))
    )
  }

  prefixUrl(name: ApiName): string {
    return name === 'control' ? `${this.url('control')}/control/v1` : `${this.url('control')}/${name}`
  }

  /** Addresses under which other devices reach it, empty while it is open to this machine only. */
  lanUrls(name: ApiName): string[] {
    const { listener, own } = this.#mount(name)
    const status = listener.status
    if (status.state !== 'listening' || !own.beyondLoopback()) return []
    const hosts = status.host === everyInterface ? lanAddresses().filter((address) => !address.includes(':')) : [status.host]
    return hosts.map((host) => httpUrl(host, status.port))
  }

  /** To be called when a key is revoked: what it has opened ends too, on every API. */
  closeSocketsOf(keyId: string): void {
    this.#keySockets.close(keyId)
  }

  freePort(port: number): Promise<number | null> {
    return nextFreePort(this.#options.host, port)
  }

  /** Devices of the network that are connected now. */
  countLanClients(): number {
    return [...this.#mounts.values()].reduce(
      (sum, { listener }) => sum + listener.countPeers((address) => address !== '' && !isLoopback(plainAddress(address))),
      0,
    )
  }

  #ownUrl(name: ApiName): string | null {
    const { status } = this.#mount(name).listener
    if (status.state !== 'listening') return null
    return httpUrl(status.host === everyInterface ? '127.0.0.1' : status.host, status.port)
  }

  #hostFor(name: ApiName): string {
    return this.#options.settings().apis[name].openTo === 'lan' ? everyInterface : this.#options.host
  }

  /** Without control there is no window to solve anything in: it takes the next free port for this run and says so. */
  async #openControlElsewhere(status: ListenerState): Promise<void> {
    this.#controlFallback = null
    if (status.state !== 'port-in-use') return
    const { listener } = this.#mount('control')
    for (let before = status.port; ;) {
      const free = await nextFreePort(status.host, before)
      if (free === null) return
      this.#controlFallback = `${status.error}; control answers on ${free} until the next start`
      // Between the look and the start another program may have taken it.
      if ((await listener.start(status.host, free)).state !== 'port-in-use') return
      before = free
    }
  }

  #mount(name: ApiName): Mount {
    const mount = this.#mounts.get(name)
    if (mount === undefined) throw new KernelFault('api-not-present', `There is no ${name} API in this version`)
    return mount
  }

  #mountRoom({ name, api }: NamedApi): Mount {
    const traffic = new Traffic(this.#options.monotonic)
    const own = this.#exposure(name, '')
    return this.#listen({ name, api }, own, traffic, this.#handlersOf(api, own, traffic))
  }

  #mountControl(control: NamedApi, rooms: readonly Mount[]): Mount {
    const traffic = new Traffic(this.#options.monotonic)
    const own = this.#exposure('control', '')
    const controlHandlers = this.#handlersOf(control.api, own, traffic)
    const prefixed = new Map(
      rooms.map((room) => [room.name, this.#handlersOf(room.api, { ...own, prefix: `/${room.name}` }, room.traffic)]),
    )
    const isControls = (path: string): boolean => /^\/(control|docs|openapi\.json)(\/|\?|$)/.test(path)
    const select = (request: IncomingMessage): { handlers: ApiHandlers | null } => {
      const url = request.url ?? '/'
      const [, first = ''] = /^\/([a-z]+)(?=[/?]|$)/.exec(url) ?? []
      const handlers = [...prefixed].find(([name]) => name === first)?.[1]
      if (handlers !== undefined && url.startsWith(`/${first}/`)) {
        request.url = url.slice(first.length + 1)
        return { handlers }
      }
      return { handlers: isControls(url) ? controlHandlers : null }
    }
    return this.#listen(control, own, traffic, {
      request: (request, response) => {
        const { handlers } = select(request)
        if (handlers !== null) return void handlers.request(request, response)
        this.#serveWindow(control.api, own, request, response)
      },
      upgrade: (request, socket, head) => (select(request).handlers ?? controlHandlers).upgrade(request, socket, head),
    })
  }

  /**
   * The window's files pass the Host check too: a re-bound name must not even load it. Nor may a page of another site, to find out what
   * runs here.
   */
  #serveWindow(control: LazyApi, own: Exposure, request: IncomingMessage, response: ServerResponse): void {
    try {
      this.#options.guards.checkHost(request, own)
      if (isFromElsewhere(request)) this.#options.guards.checkOrigin(request, own, pageOfOurs)
      if (this.#options.windowFiles === null) throw new Refusal('not-found', 'This server was started without the window')
    } catch (error) {
      const refuse = (api: Api): void => {
        const { status, body } = contractError(api, error, this.#options.newRequestId())
        response.writeHead(status, { 'content-type': 'application/json' }).end(body)
      }
      return this.#whenLoaded(control, refuse, () => response.writeHead(500).end())
    }
    this.#options.windowFiles(request, response)
  }

  #listen({ name, api }: NamedApi, own: Exposure, traffic: Traffic, handlers: ApiHandlers): Mount {
    const connected = (socket: Socket): void => this.#contain(name, socket)
    const listener = new Listener(
      { ...handlers, connected },
      () => this.#options.onChange(),
      (port) => this.#options.opened(port),
    )
    return { name, api, listener, own, traffic, status: listener.status, exposed: false }
  }

  /** What a library that reads from a connection throws there ends that connection. Each WebSocket on it has a scope of its own inside. */
  #contain(room: ApiName, socket: Socket): void {
    const { shelter = openAir } = this.#options
    const scope: Scope = { room, kind: 'client', id: plainAddress(socket.remoteAddress ?? ''), escaped: () => socket.destroy() }
    shelter.enter(scope, () => containEvents(scope, socket))
  }

  #exposure(name: ApiName, prefix: string): Exposure {
    const bound = (): string => {
      const status = this.#mounts.get(name)?.listener.status
      return status !== undefined && 'host' in status ? status.host : this.#options.host
    }
    return {
      beyondLoopback: () => !isLoopback(bound()),
      insecureNoKey: () => this.#options.settings().apis[name].insecureNoKey,
      host: bound,
      prefix,
    }
  }

  /** Made with the first call: few are called both at their own port and below control, and a table of two hundred paths takes its room. */
  #handlersOf(api: LazyApi, exposure: Exposure, traffic: Traffic): ApiHandlers {
    const { guards, log, shelter = openAir, checkReplies, newRequestId } = this.#options
    const appOptions: AppOptions = { guards, traffic, shelter, keySockets: this.#keySockets, log, checkReplies, newRequestId }
    let app: RequestHandler | undefined
    let sockets: UpgradeHandler | undefined
    return {
      request: (request, response) => {
        const respond = (loaded: Api): unknown => (app ??= createApp(loaded, exposure, appOptions))(request, response)
        this.#whenLoaded(api, respond, () => response.writeHead(500).end())
      },
      upgrade: (request, socket, head) => {
        // A peer that resets meanwhile must not surface as an uncaught error.
        socket.on('error', () => socket.destroy())
        const accept = (loaded: Api): void => (sockets ??= createUpgradeHandler(loaded, exposure, appOptions))(request, socket, head)
        this.#whenLoaded(api, accept, () => socket.destroy())
      },
    }
  }

  /** Without an API there is no shape to say in why it is not there: the log has it. */
  #whenLoaded(api: LazyApi, use: (loaded: Api) => unknown, broken: () => void): void {
    if (api.loaded !== undefined) return void use(api.loaded)
    api.load().then(use, (error: unknown) => {
      this.#options.log.error({ error }, 'an API cannot be loaded')
      broken()
    })
  }
}

interface ApiHandlers {
  request(request: IncomingMessage, response: ServerResponse): void
  upgrade: UpgradeHandler
}

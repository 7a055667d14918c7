/** The server inside the desktop app: started once, asked for its address, stopped within its deadline. */
import { isDoneWithin } from '../server/async/deadline.ts'
import { createSignal } from '../server/async/signal.ts'
import { defaultSettings, type Settings } from '../server/config/settings.ts'
import { overview } from '../server/control/contract/index.ts'
import type { ApiName } from '../server/http/contract.ts'
import type { Server } from '../server/server.ts'
import type { ServerSummary } from '../server/server-status.ts'
import type { Connection } from '../preload/schema.ts'
import type { OpenItem } from './notifications.ts'

/** What the shell uses of the server. */
export type HostedServer = Pick<
  Server,
  'start' | 'stop' | 'status' | 'summary' | 'settings' | 'changeSettings' | 'startApi' | 'stopApi' | 'onChange' | 'resumed'
>
export type Summary = ServerSummary

export class ServerHost {
  /** Resolves when the server listens; rejects when it could not be made or started. */
  readonly ready: Promise<Connection>
  readonly #stopWithin: number
  readonly #changed = createSignal()
  readonly #moved = createSignal()
  #started: HostedServer | undefined
  #made: HostedServer | undefined
  #url = ''
  #unsubscribe: (() => void) | undefined
  #stopping: Promise<void> | undefined

  constructor(create: () => Promise<HostedServer>, stopWithin = 5_000) {
    this.#stopWithin = stopWithin
    this.ready = this.#start(create)
    // Each waiting caller gets the failure; there may be none.
    this.ready.catch(() => undefined)
  }

  /** The running server; undefined before and after. */
  get server(): HostedServer | undefined {
    return this.#started
  }

  settings(): Settings {
    return this.#started?.settings() ?? defaultSettings
  }

  /** Throws while nothing runs. */
  connection(): Connection {
    if (this.#started === undefined) throw new Error('The server does not run')
    const { url, token } = this.#started.status().control
    return { url: url.replace(/\/$/, ''), token }
  }

  /** Addresses of this Wheelhouse, for links that lead to them. */
  addresses(): string[] {
    if (this.#started === undefined) return []
    const { control, apis } = this.#started.status()
    return [control.url, ...Object.values(apis).flatMap((api) => (api === undefined ? [] : [api.url]))]
  }

  async setApi(name: ApiName, on: boolean): Promise<void> {
    await (on ? this.#started?.startApi(name) : this.#started?.stopApi(name))
  }

  /** What needs the person now, as the overview lists it. */
  async attention(): Promise<OpenItem[]> {
    const { url, token } = this.connection()
    const response = await fetch(`${url}/control/v1/overview`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(5_000),
    })
    if (!response.ok) throw new Error(`The overview answered ${response.status}`)
    return overview.shape.attention.parse(Object(await response.json()).attention)
  }

  /** Calls back at once and after every change of settings, states or counts. */
  onChange(listener: () => void): void {
    this.#changed.subscribe(listener)
    listener()
  }

  /** Called when the control API has moved to another address. */
  onMoved(listener: () => void): void {
    this.#moved.subscribe(listener)
  }

  /** False when the server did not stop within its time. */
  async stop(): Promise<boolean> {
    this.#changed.clear()
    this.#moved.clear()
    // A start that is under way is waited for: stopped in its middle, it could still open a port afterwards.
    this.#stopping ??= this.ready.then(ignore, ignore).then(() => {
      this.#unsubscribe?.()
      this.#started = undefined
      return this.#made?.stop()
    })
    return isDoneWithin(this.#stopWithin, this.#stopping)
  }

  async #start(create: () => Promise<HostedServer>): Promise<Connection> {
    const server = await create()
    this.#made = server
    const { control } = await server.start()
    this.#started = server
    this.#url = control.url
    this.#unsubscribe = server.onChange(() => this.#change(server))
    return this.connection()
  }

  #change(server: HostedServer): void {
    const { url } = server.status().control
    if (url !== this.#url) {
      this.#url = url
      this.#moved.emit()
    }
    this.#changed.emit()
  }
}

const ignore = () => undefined

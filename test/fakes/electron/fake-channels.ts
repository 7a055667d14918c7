/** The ways between page, shell and disk: permissions, calls, schemes, the bridge. */
import { EventEmitter } from 'node:events'
import type Electron from 'electron'

type IpcHandler = (event: Electron.IpcMainInvokeEvent, ...parameters: unknown[]) => unknown

type SessionPick = Pick<
  Electron.Session,
  'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler' | 'setDisplayMediaRequestHandler'
>
type RequestHandler = Parameters<Electron.Session['setPermissionRequestHandler']>[0]
type CheckHandler = Parameters<Electron.Session['setPermissionCheckHandler']>[0]
type Permission = Parameters<NonNullable<RequestHandler>>[1]

export class FakeSession implements SessionPick {
  #request: RequestHandler = null
  #check: CheckHandler = null
  deviceHandler: ((details: Electron.DevicePermissionHandlerHandlerDetails) => boolean) | null = null

  setPermissionRequestHandler(handler: RequestHandler): void {
    this.#request = handler
  }
  setPermissionCheckHandler(handler: CheckHandler): void {
    this.#check = handler
  }
  setDevicePermissionHandler(handler: ((details: Electron.DevicePermissionHandlerHandlerDetails) => boolean) | null): void {
    this.deviceHandler = handler
  }
  setDisplayMediaRequestHandler(): void {}

  /** Whether a page of `origin` gets the permission, asked both ways; without a handler Electron would grant it. */
  grants(permission: Permission, origin: string): boolean {
    let requested = true
    // Our handlers look at no contents, so none need be made up.
    this.#request?.(null as unknown as Electron.WebContents, permission, (granted) => (requested = granted), {
      isMainFrame: true,
      requestingUrl: `${origin}/`,
    })
    const checked = this.#check?.(null, permission as Parameters<NonNullable<CheckHandler>>[1], `${origin}/`, { isMainFrame: true }) ?? true
    return requested && checked
  }
}

export class FakeIpcMain implements Pick<Electron.IpcMain, 'handle' | 'removeHandler'> {
  readonly handlers = new Map<string, IpcHandler>()

  handle(channel: string, handler: IpcHandler): void {
    if (this.handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`)
    this.handlers.set(channel, handler)
  }
  removeHandler(channel: string): void {
    this.handlers.delete(channel)
  }
  /** A frame at `from` calls; a frame inside the page when it is not the main one. */
  async invoke(channel: string, argument: unknown, from: string, mainFrame = true): Promise<unknown> {
    const handler = this.handlers.get(channel)
    if (handler === undefined) throw new Error(`No handler registered for '${channel}'`)
    const frame = { url: from }
    // Only sender and frame are looked at.
    const event = { sender: { mainFrame: mainFrame ? frame : { url: from } }, senderFrame: frame } as unknown as Electron.IpcMainInvokeEvent
    return structuredClone(await handler(event, structuredClone(argument)))
  }
}

export class FakeProtocol implements Pick<Electron.Protocol, 'handle' | 'registerSchemesAsPrivileged'> {
  readonly privileged: Electron.CustomScheme[] = []
  readonly handlers = new Map<string, (request: Request) => Response | Promise<Response>>()

  handle(scheme: string, handler: (request: Request) => Response | Promise<Response>): void {
    this.handlers.set(scheme, handler)
  }
  registerSchemesAsPrivileged(schemes: Electron.CustomScheme[]): void {
    this.privileged.push(...schemes)
  }
  async fetch(url: string): Promise<Response> {
    const handler = this.handlers.get(new URL(url).protocol.slice(0, -1))
    if (handler === undefined) throw new Error(`ERR_UNKNOWN_URL_SCHEME loading '${url}'`)
    return handler(new Request(url))
  }
}

/** The window's half: what a preload script may require. Answers come from `ipcMain` as for the window's main frame. */
export class FakeIpcRenderer extends EventEmitter implements Pick<Electron.IpcRenderer, 'invoke'> {
  readonly #call: (channel: string, argument: unknown) => Promise<unknown>

  constructor(call: (channel: string, argument: unknown) => Promise<unknown>) {
    super()
    this.#call = call
  }
  invoke(channel: string, ...parameters: unknown[]): Promise<unknown> {
    return this.#call(channel, parameters[0])
  }
}

export class FakeContextBridge implements Pick<Electron.ContextBridge, 'exposeInMainWorld'> {
  readonly exposed = new Map<string, unknown>()

  exposeInMainWorld(name: string, api: unknown): void {
    this.exposed.set(name, api)
  }
}

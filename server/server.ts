/** What the server is given, and what it offers to whoever runs it: the desktop app, the command line, a test. */
import type { Clock } from './clock.ts'
import type { ContractVariables, FixedSettings } from './config/options.ts'
import type { Settings } from './config/settings.ts'
import type { Log } from './log.ts'
import type { ApiName } from './rooms.ts'
import type { KeyProtector } from './secrets/sealing-key.ts'
import type { ServerStatus, ServerSummary } from './server-status.ts'

export interface ServerOptions {
  /** Made when it does not exist; held by one server at a time. */
  dataDir: string
  /** Bind address of APIs that are open to this machine only. Default 127.0.0.1. */
  host?: string
  /** Values given by flag or variable, which win over the settings file. */
  fixed?: FixedSettings
  /** Folder of the built window; not served when left out. */
  rendererDir?: string
  /** Origins of windows that are ours beside the control address, e.g. `app://wheelhouse`. */
  windowOrigins?: readonly string[]
  /** Variables that the published contracts name. */
  contractVariables?: ContractVariables
  /** Base of the relay's session addresses; the relay's own address when left out. */
  publicUrl?: string | null
  /** WhatsApp's server, or a protocol double; the real one when left out. */
  whatsappUrl?: string | null
  /** Seals the sealing key itself in the OS key store; a 0600 file without it. */
  keyProtector?: KeyProtector
  /** The process is the server's alone: what nobody catches in it is contained instead of ending it. */
  ownsProcess?: boolean
  /** Checks every reply against its contract; for tests. */
  checkReplies?: boolean
  clock?: Clock
  log?: Log
}

export interface Server {
  /** Resolves when every listener has its port or has reported why not, and `runtime.json` says so. */
  start(): Promise<ServerStatus>
  /** Stops accepting, ends sessions, flushes. Resolves within 5 s; safe to call twice. */
  stop(): Promise<void>
  status(): ServerStatus
  settings(): Settings
  changeSettings(patch: object): Promise<Settings>
  startApi(name: ApiName): Promise<void>
  stopApi(name: ApiName): Promise<void>
  /** What the start met that a person must know, a sentence each: what the disk refuses. */
  complaints(): string[]
  /** A link that signs one browser in once. */
  signInLink(): string
  /** Called after changes of settings, of an API's state or of what the summary counts, at most four times a second. */
  onChange(listener: () => void): () => void
  summary(): ServerSummary
  /** The machine woke from sleep: what was out of reach may be there again. */
  resumed(): void
}

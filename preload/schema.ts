/** What the window may ask of the desktop: one value, from which the types of the handlers, of the bridge and of the tests derive. */

export interface Connection {
  /** The control port's address, without a slash at the end. */
  url: string
  token: string
}

export interface DesktopInfo {
  platform: 'darwin' | 'linux' | 'win32'
  version: string
  /** False when it runs from a working tree. */
  packaged: boolean
  /** False when this machine has no key store, so that saved credentials rest under a key file alone. */
  secretsProtected: boolean
  /** What closing the window does when the setting says `default`. */
  closeByDefault: 'quit' | 'hide'
}

export interface Autostart {
  /** False from a working tree, where there is nothing that a login could start. */
  available: boolean
  enabled: boolean
}

export interface DesktopMessage {
  title: string
  text: string
  /** The page that a click on it opens, e.g. `/browsers`. */
  path?: string | undefined
}

/** What menu, tray and notifications ask of the window. */
export type Command = { type: 'go'; path: string } | { type: 'palette' }

/** A question with one argument at most, answered by the main process. `argument` and `answer` exist as types only. */
export interface Call<Argument, Answer> {
  readonly kind: 'call'
  readonly argument?: (argument: Argument) => void
  readonly answer?: () => Answer
}

/** A message from the main process to the window. */
export interface Notice<Payload> {
  readonly kind: 'notice'
  readonly payload?: (payload: Payload) => void
}

export const schema = {
  /** Resolves once the server listens. */
  getConnection: call<void, Connection>(),
  getDesktopInfo: call<void, DesktopInfo>(),
  /** Opens an https link, or an address of this Wheelhouse, in the person's own browser. */
  openExternal: call<string, void>(),
  openDataFolder: call<void, void>(),
  /** Shows a browser session, by its id, in a window of its own. */
  openSessionWindow: call<string, void>(),
  copyText: call<string, void>(),
  setTheme: call<'system' | 'light' | 'dark', void>(),
  getAutostart: call<void, Autostart>(),
  setAutostart: call<boolean, Autostart>(),
  /** Shows a notification of the desktop; nothing while the window has the focus. */
  notify: call<DesktopMessage, void>(),
  command: notice<Command>(),
} as const

export type Schema = typeof schema
export type CallName = { [Name in keyof Schema]: Schema[Name] extends Call<never, unknown> ? Name : never }[keyof Schema]
export type NoticeName = Exclude<keyof Schema, CallName>

export type ArgumentOf<Name extends CallName> = Schema[Name] extends Call<infer Argument, unknown> ? Argument : never
export type AnswerOf<Name extends CallName> = Schema[Name] extends Call<never, infer Answer> ? Answer : never
export type PayloadOf<Name extends NoticeName> = Schema[Name] extends Notice<infer Payload> ? Payload : never

/** The main process's side. */
export type Handlers = { [Name in CallName]: (argument: ArgumentOf<Name>) => AnswerOf<Name> | Promise<AnswerOf<Name>> }

/** The window's side: `window.wheelhouse`. A notice becomes `on<Name>` and returns what ends the subscription. */
export type Bridge = { readonly [Name in CallName]: (argument: ArgumentOf<Name>) => Promise<AnswerOf<Name>> } & {
  readonly [Name in NoticeName as `on${Capitalize<Name>}`]: (listener: (payload: PayloadOf<Name>) => void) => () => void
}

/** How an answer crosses: an error thrown through Electron's own channel would lose all but a prefixed message. */
export type Reply = { ok: true; value: unknown } | { ok: false; message: string }

export const channelOf = (name: keyof Schema): string => `wheelhouse:${name}`

function call<Argument, Answer>(): Call<Argument, Answer> {
  return { kind: 'call' }
}

function notice<Payload>(): Notice<Payload> {
  return { kind: 'notice' }
}

declare global {
  interface Window {
    /** The desktop's capabilities; absent in a browser. */
    readonly wheelhouse?: Bridge
  }
}

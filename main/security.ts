/** What the window may not do: everything but show our own pages and talk to our own server. */
import type { Session, WebContents } from 'electron'

/** Origin of the packaged window; a scheme of our own, so that no other program of this machine can serve a page under it. */
export const windowOrigin = 'app://wheelhouse'

/**
 * Copying, full screen for the live view, and the server on this machine, which Chromium counts as the "local network".
 * Everything else, from camera to serial ports, is refused.
 */
const allowedPermissions: ReadonlySet<string> = new Set([
  'clipboard-sanitized-write',
  'fullscreen',
  'local-network',
  'local-network-access',
  'loopback-network',
])

/** True for a page of ours: `origin` is `app://wheelhouse`, or the development server's. */
export function isOurPage(address: string, origin: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, host } = new URL(address)
  // Not URL.origin: it is `null` for every scheme that the URL standard does not know.
  return `${protocol}//${host}` === origin
}

/** True for what may be handed to the person's own browser: https, and plain http only to addresses of this Wheelhouse. */
export function mayOpenOutside(address: string, ownAddresses: readonly string[]): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, origin, username, password } = new URL(address)
  if (username !== '' || password !== '') return false
  if (protocol === 'https:') return true
  return protocol === 'http:' && ownAddresses.some((own) => URL.canParse(own) && new URL(own).origin === origin)
}

/**
 * The policy sent with every page. Scripts are ours alone, so that injected markup cannot run. Styles may be inline because the
 * component library sets style elements. The one address to talk to is the control port.
 */
export function contentSecurityPolicy(controlUrl: string): string {
  const { host } = new URL(controlUrl)
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    // Sounds and videos of chats, which the window has fetched itself.
    "media-src 'self' blob:",
    "font-src 'self' data:",
    `connect-src 'self' http://${host} ws://${host}`,
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** Refuses permissions, devices and screen capture. */
export function guardSession(session: GuardedSession, origin: string): void {
  session.setPermissionRequestHandler((_contents, permission, answer, { requestingUrl }) =>
    answer(allowedPermissions.has(permission) && isOurPage(requestingUrl, origin)),
  )
  session.setPermissionCheckHandler(
    (_contents, permission, requestingOrigin) => allowedPermissions.has(permission) && isOurPage(requestingOrigin, origin),
  )
  session.setDevicePermissionHandler(() => false)
  session.setDisplayMediaRequestHandler(null)
}

/** Refuses navigation, new windows and embedded pages; a link that may be followed is opened outside. */
export function guardContents(contents: GuardedContents, origin: string, openOutside: (address: string) => void): void {
  contents.setWindowOpenHandler(({ url }) => {
    openOutside(url)
    return { action: 'deny' }
  })
  contents.on('will-frame-navigate', (event) => {
    // The window routes within its page, so the only navigation there is, is a reload of our own address.
    if (event.isMainFrame && isOurPage(event.url, origin)) return
    event.preventDefault()
    if (event.isMainFrame) openOutside(event.url)
  })
  contents.on('will-attach-webview', (event) => event.preventDefault())
}

type GuardedSession = Pick<
  Session,
  'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler' | 'setDisplayMediaRequestHandler'
>

export interface GuardedContents extends Pick<WebContents, 'setWindowOpenHandler'> {
  on(event: 'will-frame-navigate', listener: (event: { url: string; isMainFrame: boolean; preventDefault(): void }) => void): unknown
  on(event: 'will-attach-webview', listener: (event: { preventDefault(): void }) => void): unknown
}
